"""A rollout is carried from 0 to 100 % by the schedule alone, waits where it must, and goes back by itself."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.rollouts.rollout import Rollout, State
from tests.fakes.gate import BROKEN, LOST, OPEN, SHUT, UNKNOWN, Conditions
from tests.unit.services.migration.rollouts.carrying import HOUR, MINUTE, PLAN, TABLE, Carrying


def test_the_schedule_alone_carries_a_component_to_everybody(carrying: Carrying) -> None:
    reached = []
    while carrying.rollout.state is State.RUNNING:
        carrying.minutes(1)
        reached.append((carrying.percent, carrying.rollout.state))
    hours = [sum(percent == each for percent, _ in reached) / 60 for each in (0, 10, 50, 100)]
    assert hours == pytest.approx([1, 2, 2, 3], abs=0.05)
    assert reached[-1] == (100, State.DONE)
    assert [entry.what for entry in carrying.rollout.log] == [
        *("start", "step test users", "step 10 %", "step 50 %", "step 100 %", "done")
    ]


def test_each_step_keeps_the_verdict_that_allowed_it(carrying: Carrying) -> None:
    carrying.at(10)
    action, percent, asked = carrying.flags.asked[-1]
    assert (action, asked.by) == ("rollout", "RolloutCarrier")
    assert percent == 10
    assert asked.evidence["gate"]["open"] is True
    assert asked.evidence["gate"]["conditions"][0]["figure"] == "10 people"


@pytest.mark.parametrize("conditions", [SHUT, UNKNOWN])
def test_a_gate_that_is_shut_holds_and_says_why(carrying: Carrying, conditions: Conditions) -> None:
    carrying.at(10)
    carrying.gate.conditions = conditions
    carrying.minutes(300)
    assert carrying.percent == 10
    seen = carrying.rollout.seen
    assert seen is not None
    assert (seen.text, seen.command) == (conditions[0].text, conditions[0].command)
    carrying.gate.conditions = OPEN
    carrying.minutes(1)
    assert carrying.percent == 50


def test_test_users_alone_do_not_wait_for_the_gate(carrying: Carrying) -> None:
    carrying.gate.conditions = SHUT
    carrying.minutes(1)
    assert carrying.percent == 0
    carrying.minutes(90)
    assert carrying.percent == 0


def test_nobody_is_moved_against_a_breach_not_even_test_users(carrying: Carrying) -> None:
    carrying.gate.conditions = BROKEN
    carrying.minutes(60)
    assert (carrying.percent, carrying.rollout.state) == (None, State.RUNNING)
    assert carrying.rollout.seen is not None
    assert carrying.rollout.seen.text == "the backends differ"


def test_a_breach_goes_back_one_step_at_once_and_stops_with_the_reason(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    assert carrying.run() == "back"
    assert carrying.percent == 10
    assert (carrying.rollout.state, carrying.rollout.reason) == (State.STOPPED, "the backends differ")
    assert carrying.flags.asked[-1][2].evidence["gate"]["open"] is False
    carrying.minutes(10)
    assert carrying.percent == 10
    carrying.gate.conditions = OPEN
    carrying.minutes(300)
    assert carrying.percent == 10  # only a person lets it go on


@pytest.mark.parametrize(("percent", "back"), [(100, 50), (50, 10), (10, 0), (0, None)])
def test_one_step_back_is_the_one_before(carrying: Carrying, percent: int, back: int | None) -> None:
    carrying.at(percent)
    carrying.gate.conditions = BROKEN
    carrying.minutes(1)
    assert carrying.percent == back


def test_lost_data_kills_whatever_becomes_of_the_rest(carrying: Carrying) -> None:
    carrying.at(100)
    carrying.gate.conditions = LOST
    assert carrying.run() == "kill"
    assert (carrying.percent, carrying.rollout.state, carrying.rollout.reason) == (
        None,
        State.STOPPED,
        "data were lost",
    )
    assert carrying.flags.asked[-1][0] == "kill"


def test_what_stopped_at_a_lower_step_is_killed_where_data_are_lost_then(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    carrying.minutes(1)
    carrying.gate.conditions = LOST
    carrying.minutes(1)
    assert carrying.percent is None


def test_a_paused_rollout_goes_back_on_a_breach_and_never_rises(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.commands.pause(TABLE, "olga", "a holiday")
    carrying.minutes(300)
    assert carrying.percent == 10
    carrying.gate.conditions = BROKEN
    carrying.minutes(1)
    assert (carrying.percent, carrying.rollout.state) == (0, State.STOPPED)


@pytest.mark.parametrize(
    "lower", [lambda flags: flags.set(TABLE, Decimal(0)), lambda flags: flags.set(TABLE, Decimal(50), enabled=False)]
)
def test_a_flag_that_somebody_has_taken_back_stops_it(carrying: Carrying, lower: Callable[[object], None]) -> None:
    carrying.at(50)
    lower(carrying.flags)
    assert carrying.run() == "end"
    assert carrying.rollout.state is State.STOPPED
    assert "flags history" in carrying.rollout.reason
    before = carrying.percent
    carrying.minutes(300)
    assert carrying.percent == before


def test_a_gate_that_somebody_shuts_stops_it(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.flags.global_enabled = False
    carrying.minutes(1)
    carrying.flags.global_enabled = True
    carrying.minutes(300)
    assert (carrying.rollout.state, carrying.percent) == (State.STOPPED, 10)
    assert "global gate" in carrying.rollout.reason


def test_appconfig_away_changes_nothing_is_said_and_is_tried_again(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.now += 3 * HOUR
    before = carrying.rollout
    carrying.flags.down = True
    assert carrying.carrier.run(45) == {}
    seen = carrying.rollout.seen
    assert seen is not None
    assert "AppConfig does not answer" in seen.text
    assert replace(carrying.rollout, seen=None) == replace(before, seen=None)
    carrying.flags.down = False
    carrying.minutes(1)
    assert carrying.percent == 50


def test_appconfig_that_is_away_is_asked_once_in_a_run(carrying: Carrying) -> None:
    carrying.commands.start(Component.DASHBOARD, PLAN, "olga", "this one too")
    asked, carrying.flags.down = [], True
    real = carrying.flags.now

    def now(component: Component) -> object:
        asked.append(component)
        return real(component)

    carrying.flags.now = now  # type: ignore[method-assign, assignment]
    carrying.carrier.run(45)
    assert len(asked) == 1
    assert all(rollout.seen for rollout in carrying.rollouts.kept.values())


def test_the_way_back_does_not_wait_for_the_record(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    carrying.gate.meanwhile = lambda: setattr(carrying.store, "down", True)
    carrying.carrier.run(45)
    assert carrying.percent == 10
    carrying.store.down, carrying.gate.meanwhile = False, lambda: None
    carrying.minutes(300)
    assert (carrying.percent, carrying.rollout.state) == (10, State.STOPPED)


def test_a_rise_waits_for_the_record(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.now += 3 * HOUR
    carrying.gate.meanwhile = lambda: setattr(carrying.store, "down", True)
    carrying.carrier.run(45)
    assert carrying.percent == 10


def test_without_the_database_lambda_sees_the_failure(carrying: Carrying) -> None:
    carrying.store.down = True
    with pytest.raises(UnavailableError):
        carrying.carrier.run(45)


def test_who_has_changed_the_flags_meanwhile_keeps_a_step_from_being_taken_on_top(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.now += 3 * HOUR
    carrying.flags.step = lambda: None
    real = carrying.rollouts.save

    def save(rollout: Rollout) -> bool:
        carrying.flags.version += 1  # between the look at the flag and its deployment
        return real(rollout)

    carrying.rollouts.save = save  # type: ignore[method-assign]
    assert carrying.run() == "not done"
    assert carrying.percent == 10
    carrying.rollouts.save = real  # type: ignore[method-assign]
    carrying.minutes(2)
    assert carrying.percent == 50


def test_the_way_back_comes_before_everything_else_and_has_its_share_of_the_time(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.commands.start(Component.DASHBOARD, PLAN, "olga", "this one too")
    carrying.gate.of[TABLE] = BROKEN
    assert [*carrying.carrier.run(45)] == [TABLE, Component.DASHBOARD]
    carrying.gate.of = {Component.DASHBOARD: LOST}
    assert next(iter(carrying.carrier.run(45))) == Component.DASHBOARD


def test_a_defect_in_one_keeps_no_other_from_its_way_back_and_is_seen(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.commands.start(Component.DASHBOARD, PLAN, "olga", "this one too")
    carrying.gate.conditions, real = BROKEN, carrying.rollouts.find

    def find(component: Component) -> Rollout | None:
        if component is Component.DASHBOARD:
            raise ValueError("a defect")
        return real(component)

    carrying.rollouts.find = find  # type: ignore[method-assign]
    carrying.rollouts.kept = dict(reversed(carrying.rollouts.kept.items()))
    with pytest.raises(ValueError, match="a defect"):
        carrying.carrier.run(45)
    assert carrying.percent == 0


def test_a_rise_for_which_no_time_is_left_is_left_to_the_next_run(carrying: Carrying) -> None:
    carrying.at(0)
    carrying.now += 2 * HOUR
    assert carrying.carrier.run(19) == {TABLE: "left to the next run"}
    assert carrying.percent == 0
    carrying.gate.conditions = BROKEN
    carrying.carrier.run(0)
    assert carrying.percent is None


def test_a_step_that_is_being_taken_is_left_to_who_is_at_it(carrying: Carrying) -> None:
    carrying.at(0)
    carrying.now += 2 * HOUR
    assert carrying.dying(2, carrying.run)  # the intent is stored, the flag is not deployed
    carrying.now += MINUTE - 1
    assert carrying.run() == "wait"
    assert carrying.percent == 0
    carrying.now += 1
    assert carrying.run() == "rise"
    assert carrying.percent == 10


def test_two_schedules_at_once_take_one_step(carrying: Carrying) -> None:
    carrying.at(0)
    carrying.now += 2 * HOUR
    another = Carrying(store=carrying.store, gate=carrying.gate, flags=carrying.flags, now=carrying.now)
    another.rollouts.kept = carrying.rollouts.kept
    deployments = len(carrying.flags.asked)
    met = []

    def meet() -> None:
        carrying.flags.step = lambda: None
        met.append(another.run())

    carrying.flags.step = meet
    carrying.run()
    assert met == ["wait"]
    assert len(carrying.flags.asked) == deployments + 1
    assert (carrying.percent, carrying.rollout.step) == (10, 1)


def test_what_came_in_between_is_looked_at_again(carrying: Carrying) -> None:
    """Somebody approves while the schedule has read the rollout: its way back is not lost by that."""
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    real, first = carrying.rollouts.save, [True]

    def save(rollout: Rollout) -> bool:
        if first:
            first.clear()
            kept = carrying.rollout
            carrying.rollouts.kept[TABLE] = replace(kept, version=kept.version + 1)
        return real(rollout)

    carrying.rollouts.save = save  # type: ignore[method-assign]
    assert carrying.run() == "back"
    assert carrying.percent == 10


def test_all_are_judged_in_one_look_so_that_lost_data_are_answered_at_once(carrying: Carrying) -> None:
    for component in Component:
        if component is not TABLE:
            carrying.commands.start(component, PLAN, "olga", "this one too")
    carrying.at(10)
    carrying.gate.conditions = LOST
    carrying.gate.meanwhile = lambda: setattr(carrying, "now", carrying.now + 12_000)
    begun, began = carrying.now, []
    carrying.flags.step = lambda: began.append(carrying.now - begun)
    carrying.carrier.run(40)
    assert began[0] == 12_000


@pytest.mark.parametrize(("lowered", "after"), [("49.9", 10), ("10", 10), ("5", 5)])
def test_who_lowers_the_flag_in_a_breach_spares_it_no_part_of_the_step_back(
    carrying: Carrying, lowered: str, after: int
) -> None:
    carrying.at(50)
    carrying.flags.set(TABLE, Decimal(lowered))
    carrying.gate.conditions = BROKEN
    carrying.minutes(10)
    assert (carrying.percent, carrying.rollout.state) == (after, State.STOPPED)


def test_a_way_back_without_the_database_keeps_its_reason(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    carrying.gate.meanwhile = lambda: setattr(carrying.store, "down", True)
    carrying.carrier.run(45)
    carrying.store.down, carrying.gate.meanwhile = False, lambda: None
    carrying.minutes(1)
    assert carrying.rollout.state is State.STOPPED
    assert carrying.rollout.reason.startswith("the backends differ; the flag was set to 10 %")


def test_a_kill_says_its_reason_in_every_rollout(carrying: Carrying) -> None:
    carrying.flags.set(Component.DASHBOARD, Decimal(0), enabled=False)
    carrying.commands.start(Component.DASHBOARD, PLAN, "olga", "this one too")
    carrying.at(50)
    carrying.gate.conditions = LOST
    carrying.minutes(1)
    reasons = {rollout.reason.partition(";")[0] for rollout in carrying.rollouts.kept.values()}
    assert reasons == {"data were lost"}
