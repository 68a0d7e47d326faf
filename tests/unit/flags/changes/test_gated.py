"""A rise by hand is asked of the gate, of a rollout under way, and of a second person; the way back of nobody."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import RolloutError
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.request import ChangeRequest, ChangeResult
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from infra.simulation.memory.migration.appconfig import refusal
from tests.fakes.gate import BROKEN, SHUT, UNKNOWN, Conditions
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout, back

COMPONENT = Component.ENERGY_TABLE
HURRY = ChangeRequest("olga", "it must be", hurry=True)


def changed(rollout: Rollout, patch: FlagPatch, change: ChangeRequest = REQUEST) -> ChangeResult:
    return rollout.flags.changes.set(TABLE, patch, change)


def test_a_rise_keeps_what_the_gate_said(risen: Rollout) -> None:
    evidence = changed(risen, FlagPatch(percent=Decimal(60))).change.evidence
    assert (evidence["gate"]["open"], evidence["gate"]["component"]) == (True, "energy_table")
    assert "hurry" not in evidence


@pytest.mark.parametrize("conditions", [SHUT, UNKNOWN, BROKEN])
def test_a_rise_is_refused_while_the_gate_is_shut_and_says_what_comes_first(
    risen: Rollout, conditions: Conditions
) -> None:
    risen.gate.conditions = conditions
    with pytest.raises(RolloutError, match=f"{conditions[0].text}; first: {conditions[0].command}; with --hurry"):
        changed(risen, FlagPatch(percent=Decimal(60)))
    assert risen.table().rollout_percent == 50


def test_a_hurried_rise_passes_and_keeps_that_the_gate_was_shut(risen: Rollout) -> None:
    risen.gate.conditions = SHUT
    evidence = changed(risen, FlagPatch(percent=Decimal(60)), HURRY).change.evidence
    assert (evidence["hurry"], evidence["gate"]["open"]) == (True, False)


def test_switching_on_what_has_a_percentage_is_a_rise(risen: Rollout) -> None:
    back(risen)
    risen.gate.conditions = SHUT
    with pytest.raises(RolloutError, match="the gate is shut"):
        changed(risen, FlagPatch(enabled=True))


@pytest.mark.parametrize(
    "patch",
    [
        FlagPatch(test_users=("tess",)),
        FlagPatch(block=("bob",)),
        FlagPatch(percent=Decimal(20)),
        FlagPatch(enabled=False),
    ],
)
def test_test_users_and_fewer_people_need_no_gate(risen: Rollout, patch: FlagPatch) -> None:
    asked, risen.gate.conditions = len(risen.gate.asked), SHUT
    assert "gate" not in changed(risen, patch).change.evidence
    assert len(risen.gate.asked) == asked


def test_opening_the_global_gate_is_a_rise_of_what_stands_behind_it(risen: Rollout) -> None:
    changes = risen.flags.changes
    changes.set(GLOBAL, FlagPatch(enabled=False), REQUEST)
    risen.gate.conditions = SHUT
    with pytest.raises(RolloutError, match="the gate is shut"):
        risen.open()
    made = changes.set(GLOBAL, FlagPatch(enabled=True), HURRY).change
    assert [each["gate"]["component"] for each in made.evidence["opened"]] == ["energy_table"]
    changes.kill(REQUEST)
    assert "opened" not in changes.set(GLOBAL, FlagPatch(enabled=True), REQUEST).change.evidence


def started(rollout: Rollout, approvals: int = 0) -> None:
    plan = Plan(steps_of("test:1h,60:2h"), approvals)
    rollout.flags.rollouts.start(COMPONENT, plan, "otto", "carried")


@pytest.mark.parametrize("change", [REQUEST, HURRY])
def test_while_a_rollout_carries_the_component_nobody_raises_it_by_hand(risen: Rollout, change: ChangeRequest) -> None:
    started(risen)
    with pytest.raises(RolloutError, match="first: python -m infra rollout pause energy_table"):
        changed(risen, FlagPatch(percent=Decimal(60)), change)
    risen.flags.rollouts.pause(COMPONENT, "olga", "by hand")
    changed(risen, FlagPatch(percent=Decimal(60)), change)
    assert risen.table().rollout_percent == 60


@pytest.mark.parametrize("change", [REQUEST, HURRY])
def test_a_rise_by_hand_needs_a_second_person_where_the_plan_says_so(risen: Rollout, change: ChangeRequest) -> None:
    started(risen, approvals=1)
    commands = risen.flags.rollouts
    commands.pause(COMPONENT, "otto", "by hand")
    with pytest.raises(RolloutError, match="rollout approve energy_table --percent 60"):
        changed(risen, FlagPatch(percent=Decimal(60)), change)
    commands.approve(COMPONENT, Decimal(60), "olga", "mine")
    with pytest.raises(RolloutError, match="a second person"):
        changed(risen, FlagPatch(percent=Decimal(60)), change)
    commands.resume(COMPONENT, "olga", "again")
    commands.pause(COMPONENT, "olga", "by hand")
    commands.approve(COMPONENT, Decimal(60), "otto", "I have looked")
    changed(risen, FlagPatch(percent=Decimal(60)), change)
    assert risen.table().rollout_percent == 60
    back(risen, 50)
    with pytest.raises(RolloutError, match="a second person"):  # one approval is one change
        changed(risen, FlagPatch(percent=Decimal(60)), change)


def agreed(rollout: Rollout, component: Component, percent: int) -> None:
    """Otto's agreement to a change by hand."""
    commands = rollout.flags.rollouts
    commands.start(component, Plan(steps_of("60:2h"), 1), "olga", "carried")
    commands.pause(component, "olga", "by hand")
    commands.approve(component, Decimal(percent), "otto", "I have looked")


def test_an_agreement_is_left_where_appconfig_refuses_the_change(risen: Rollout) -> None:
    agreed(risen, COMPONENT, 60)
    real = risen.appconfig.start_deployment

    def start(**_: object) -> None:
        assert risen.rollouts.kept[COMPONENT].approval is None  # nobody else changes the flags by it meanwhile
        raise refusal("BadRequestException", "not now")

    risen.appconfig.start_deployment = start  # type: ignore[method-assign, assignment]
    with pytest.raises(RolloutError, match="not now"):
        changed(risen, FlagPatch(percent=Decimal(60)))
    risen.appconfig.start_deployment = real  # type: ignore[method-assign]
    assert risen.rollouts.kept[COMPONENT].approval is not None
    changed(risen, FlagPatch(percent=Decimal(60)))
    assert risen.rollouts.kept[COMPONENT].approval is None


def test_an_agreement_is_left_where_something_else_keeps_the_global_gate_shut(risen: Rollout) -> None:
    changes, other = risen.flags.changes, [*Component][-1]
    changes.set(COMPONENT_FLAGS[other], FlagPatch(enabled=True, percent=Decimal(10)), REQUEST)
    agreed(risen, COMPONENT, 50)
    agreed(risen, other, 20)  # not to what opening the gate would bring
    changes.set(GLOBAL, FlagPatch(enabled=False), REQUEST)
    with pytest.raises(RolloutError, match=f"approve {other} --percent 10"):
        risen.open()
    assert all(rollout.approval is not None for rollout in risen.rollouts.kept.values())
    risen.flags.rollouts.approve(other, Decimal(10), "otto", "this too")
    risen.open()
    assert all(rollout.approval is None for rollout in risen.rollouts.kept.values())


@pytest.mark.parametrize("percent", ["60", "62.5", "100"])
def test_who_must_agree_gets_the_command_for_it(risen: Rollout, percent: str) -> None:
    agreed(risen, COMPONENT, 1)
    with pytest.raises(RolloutError) as refused:
        changed(risen, FlagPatch(percent=Decimal(percent)))
    assert str(refused.value) == (
        f"a second person must agree to {percent} %; first: python -m infra rollout approve energy_table "
        f"--percent {percent} --reason WHY"
    )


def test_by_hand_the_agreement_to_the_plans_step_is_none_to_pass_by_a_gate_that_is_shut(risen: Rollout) -> None:
    started(risen, approvals=1)
    commands = risen.flags.rollouts
    commands.pause(COMPONENT, "otto", "by hand")
    commands.approve(COMPONENT, None, "ben", "when the gate is open")
    risen.gate.conditions = SHUT
    with pytest.raises(RolloutError, match=r"although the gate is shut; first: .* --percent 60"):
        changed(risen, FlagPatch(percent=Decimal(60)), HURRY)
    commands.approve(COMPONENT, Decimal(60), "ben", "although it is shut")
    changed(risen, FlagPatch(percent=Decimal(60)), HURRY)
    assert risen.table().rollout_percent == 60


WAYS_BACK: dict[str, Callable[[Rollout], Any]] = {
    "rollback": lambda rollout: back(rollout, 10),
    "off": back,
    "kill": lambda rollout: rollout.flags.changes.kill(REQUEST),
    "a lower percentage": lambda rollout: rollout.set(10),
}


@pytest.mark.parametrize("way", WAYS_BACK.values(), ids=WAYS_BACK)
def test_no_way_back_asks_gate_rollout_or_anybody(risen: Rollout, way: Callable[[Rollout], Any]) -> None:
    started(risen, approvals=1)
    asked, risen.gate.conditions = len(risen.gate.asked), BROKEN
    way(risen)
    assert risen.table().rollout_percent == 10 or not risen.table().enabled
    assert len(risen.gate.asked) == asked
