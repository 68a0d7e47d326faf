"""Each thing that can block a component, alone: what is said, and which command comes first."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.verdict import Condition, ConditionName, GateVerdict
from chalicelib.domain.migration.status.blocks import (
    Answers,
    BackendsBlock,
    ComparisonsBlock,
    FlagsBlock,
    MigrationsBlock,
    Stage,
    SyncBlock,
    Verdict,
    VerifyBlock,
)
from chalicelib.domain.migration.status.verdict import OF_A_RISE, Evidence, Shared, verdict

AWAY = "the database did not answer"
SHARED = Shared(
    sync=SyncBlock(command="mode", mode="dual_write"),
    verify=VerifyBlock(command="verify", at=1, differences=0),
    flags=FlagsBlock(command="flags", global_enabled=True),
    migrations=MigrationsBlock(command="migrations", open=()),
)


def gate(*shut: ConditionName, holds: bool | None = False) -> GateVerdict:
    """A gate on which these conditions do not hold."""
    conditions = [
        Condition(name, holds if name in shut else True, f"{name} is so", f"see {name}") for name in ConditionName
    ]
    return GateVerdict(Component.ENERGY_TABLE, 1, "a1", conditions)


FINE = Answers(1000, 2, 0.2, 5, 10, 20)
GOOD = Evidence(
    component=Component.ENERGY_TABLE,
    stage=Stage.PARTIAL,
    percent=10,
    gate=gate(),
    backends=BackendsBlock(command="backends", old=FINE, new=FINE),
    comparisons=ComparisonsBlock(command="compare", equal=10, different=0, open=0),
    shared=SHARED,
)
DIFFERS = ComparisonsBlock(command="compare", equal=10, different=2, open=1)
CLOSED = FlagsBlock(command="flags", global_enabled=False)
NEW_ONLY = SyncBlock(command="mode", mode="new_only")
BACK = "python -m infra flags rollback energy_table --reason WHY"
PLAN = "python -m infra flags plan energy_table --to"


def seen(**changes: Any) -> Evidence:
    """Where all is well except what a test says, of the component or of what all share."""
    shared = {name: changes.pop(name) for name in [*changes] if name in Shared.__dataclass_fields__}
    return replace(GOOD, shared=replace(SHARED, **shared), **changes)


@pytest.mark.parametrize(
    ("evidence", "text", "command"),
    [
        (seen(), "may go on", f"{PLAN} 50"),
        (seen(stage=Stage.OFF, percent=0), "may go on", f"{PLAN} 10"),
        (seen(stage=Stage.TEST, percent=0), "may go on", f"{PLAN} 10"),
        (seen(percent=9.5), "may go on", f"{PLAN} 10"),
        (seen(percent=99), "may go on", f"{PLAN} 100"),
        (seen(stage=Stage.EVERYBODY, percent=100), "may stay: everybody has the new backend", "compare"),
        (seen(stage=Stage.RETIRED), "is done: its flag is retired", "python -m infra flags list"),
        (seen(stage=Stage.RETIRED, comparisons=DIFFERS), "is done: its flag is retired", "python -m infra flags list"),
        (
            seen(stage=Stage.OFF, sync=NEW_ONLY, flags=CLOSED),
            "may stay: everybody has the new backend",  # the flags decide nothing
            "compare",
        ),
    ],
)
def test_where_nothing_stands_in_the_way_it_may_go_on_to_its_next_step(
    evidence: Evidence, text: str, command: str
) -> None:
    assert verdict(evidence) == Verdict(True, text, command)


@pytest.mark.parametrize(
    ("evidence", "text", "command"),
    [
        (seen(comparisons=DIFFERS), "stop, because the backends differ in a way that is open", BACK),
        (
            seen(stage=Stage.TEST, comparisons=replace(DIFFERS, open=3)),
            "stop, because the backends differ in 3 open ways",
            BACK,
        ),
        (seen(stage=Stage.EVERYBODY, comparisons=DIFFERS), "stop, because the backends differ in a way", BACK),
        (
            seen(stage=Stage.OFF, sync=NEW_ONLY, comparisons=DIFFERS),
            "stop, because the backends differ in a way",
            "python -m infra mode set dual_write --reason WHY --wait",  # the flags decide nothing
        ),
        (seen(stage=Stage.OFF, comparisons=DIFFERS), "the backends differ in a way that is open", "compare"),
        (
            seen(verify=VerifyBlock(command="verify", differences=4)),
            "stop, because the last verify found differences (4): mend them, then verify",
            "python -m infra repair",  # which says what --apply would do
        ),
        (
            seen(sync=SyncBlock(command="mode", stopped="energies is empty")),
            "the sync job is stopped: energies is empty",
            "python -m infra repair",
        ),
        (
            seen(stage=Stage.UNKNOWN, flag_problem="no such member"),
            "its flag cannot be read: no such member",
            "python -m infra flags list",
        ),
        (
            seen(backends=BackendsBlock(command="backends", old=FINE, new=replace(FINE, failures=30))),
            "the new backend fails more often: 30 of 1000, old 2 of 1000",
            "backends",
        ),
        (seen(migrations=MigrationsBlock(command="migrations", open=["012_x"])), "scripts are not applied: 012", "mig"),
        (seen(stage=Stage.OFF, flags=CLOSED), "first open the global gate", "python -m infra flags set global --on"),
        (
            seen(stage=Stage.OFF, flags=CLOSED, gate=gate(ConditionName.DEAD_LETTERS)),
            "dead_letters is so",  # the global gate is opened last
            "see dead_letters",
        ),
    ],
)
def test_what_stands_in_the_way_comes_first(evidence: Evidence, text: str, command: str) -> None:
    said = verdict(evidence)
    assert not said.may_go_on
    assert said.text.startswith(text)
    assert said.command.startswith(command)


@pytest.mark.parametrize("name", ConditionName)
def test_each_condition_of_the_gate_comes_first_with_its_command(name: ConditionName) -> None:
    assert verdict(seen(gate=gate(name))) == Verdict(False, f"{name} is so", f"see {name}")
    assert verdict(seen(gate=gate(name, holds=None))) == Verdict(False, f"{name} is so", f"see {name}")


@pytest.mark.parametrize("name", ConditionName)
@pytest.mark.parametrize("done", [{"stage": Stage.EVERYBODY, "percent": 100}, {"sync": NEW_ONLY}])
def test_who_has_risen_needs_nothing_that_a_rise_asks_for(name: ConditionName, done: dict[str, Any]) -> None:
    for holds in (False, None):
        assert verdict(seen(gate=gate(name, holds=holds), **done)).may_go_on is (name in OF_A_RISE)


def test_the_most_urgent_condition_comes_first_and_what_nobody_knows_last() -> None:
    shut = [ConditionName.DATA, ConditionName.HOURS]
    assert verdict(seen(gate=gate(*shut))).command == "see data"
    unknown, known = gate(ConditionName.DATA, holds=None), gate(ConditionName.HOURS)
    mixed = [
        each if each.name is ConditionName.HOURS else other
        for each, other in zip(known.conditions, unknown.conditions, strict=True)
    ]
    assert verdict(seen(gate=replace(known, conditions=mixed))).command == "see hours"


@pytest.mark.parametrize("name", ["sync", "verify", "flags", "migrations", "comparisons", "backends"])
def test_who_does_not_know_does_not_go_on(name: str) -> None:
    kind = type(getattr(GOOD.shared if name in Shared.__dataclass_fields__ else GOOD, name))
    said = verdict(seen(**{name: kind(command=f"look at {name}", problem=AWAY)}))
    assert said == Verdict(False, f"nobody can say: {AWAY}", f"look at {name}")


def test_of_answers_that_are_not_all_added_up_nobody_can_say_anything() -> None:
    said = verdict(seen(backends=replace(GOOD.backends, partial=True)))
    assert (said.may_go_on, said.command) == (False, "backends")
    assert said.text.startswith("nobody can say: answers are not added up yet")


def test_what_people_see_wrong_comes_before_what_nobody_knows() -> None:
    assert verdict(seen(comparisons=DIFFERS, gate=gate(ConditionName.DEAD_LETTERS, holds=None))).command == BACK
