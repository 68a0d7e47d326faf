"""How much time each change of a flag has, what is kept of it in words, and who is met at it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import RolloutError, UnavailableError, UnchangedError
from chalicelib.domain.migration.rollouts.next_action import FlagNow
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import Direction, Intent, Rollout, Seen, State
from chalicelib.services.migration.rollouts.taking import OvertakenError
from tests.fakes.gate import BROKEN, LOST, SHUT, Conditions
from tests.unit.services.migration.rollouts.carrying import HOUR, MINUTE, PLAN, TABLE, Carrying

DASHBOARD, CHARTS = Component.DASHBOARD, Component.MONTHLY_CHARTS


def begin(carrying: Carrying, *components: Component) -> None:
    for component in components:
        carrying.commands.start(component, PLAN, "olga", "this one too")


def test_a_rise_has_all_the_time_that_is_left(carrying: Carrying) -> None:
    carrying.carrier.run(45)
    assert carrying.flags.given == [45.0]


@pytest.mark.parametrize(("seconds", "done"), [(19.999, "left to the next run"), (20, "rise"), (20.5, "rise")])
def test_a_rise_needs_twenty_seconds(carrying: Carrying, seconds: float, done: str) -> None:
    assert carrying.carrier.run(seconds) == {TABLE: done}
    assert carrying.flags.given == ([seconds] if done == "rise" else [])


@pytest.mark.parametrize(("conditions", "after"), [(BROKEN, "back"), (LOST, "kill")])
def test_on_the_way_back_each_has_an_equal_share_of_what_is_left(
    carrying: Carrying,
    conditions: Conditions,
    after: str,
) -> None:
    carrying.at(0)
    for component in (DASHBOARD, CHARTS):
        carrying.flags.set(component, Decimal(0))
    begin(carrying, DASHBOARD, CHARTS)
    carrying.flags.given.clear()
    carrying.gate.conditions = conditions
    carrying.flags.step = lambda: setattr(carrying, "now", carrying.now + 3_000)
    assert next(iter(carrying.carrier.run(45).values())) == after
    first = {"back": [15.0, 19.5, 33.0], "kill": [15.0]}[after]
    assert carrying.flags.given == first, "each deployment takes six seconds"


def test_who_has_no_time_left_has_no_less_than_none(carrying: Carrying) -> None:
    carrying.at(0)
    carrying.flags.given.clear()
    carrying.gate.conditions = BROKEN
    carrying.carrier.run(-5)
    assert carrying.flags.given == [0.0]


def test_operators_say_how_much_time_a_change_has(carrying: Carrying) -> None:
    carrying.commands.step(TABLE, "olga", "now", 7, hurry=True)
    carrying.commands.abort(TABLE, "olga", "enough", 9)
    assert carrying.flags.given == [7, 9]


@pytest.mark.parametrize("exact", [False, True])
def test_a_list_of_people_begins_behind_the_test_users(exact: bool) -> None:
    carrying = Carrying(plan=Plan(steps_of("test:1h,0.5:1h,10:2h"), exact=exact))
    carrying.start()
    carrying.at(10)
    assert carrying.flags.exact == [False, exact, exact]


def test_each_change_of_the_schedule_says_why(carrying: Carrying) -> None:
    carrying.at(10)
    assert [(entry.what, entry.by, entry.reason) for entry in carrying.rollout.log[1:]] == [
        ("step test users", "RolloutCarrier", "the plan's next step: test users"),
        ("step 10 %", "RolloutCarrier", "the plan's next step: 10 %"),
    ]
    assert {asked.by for _, _, asked in carrying.flags.asked} == {"RolloutCarrier"}
    assert [asked.reason for _, _, asked in carrying.flags.asked] == [
        "the plan's next step: test users",
        "the plan's next step: 10 %",
    ]
    assert "hurry" not in carrying.flags.asked[-1][2].evidence


def test_what_somebody_has_raised_by_hand_is_written_down(carrying: Carrying) -> None:
    carrying.at(0)
    carrying.flags.set(TABLE, Decimal(50))
    deployments = len(carrying.flags.asked)
    assert carrying.run() == "taken"
    entry = carrying.rollout.log[-1]
    assert (entry.what, entry.by, entry.reason, entry.at) == (
        *("step 50 %", "RolloutCarrier", "the flag says so"),
        carrying.now,
    )
    assert len(carrying.flags.asked) == deployments


def test_what_the_schedule_waits_for_is_kept_with_the_command_and_the_time(carrying: Carrying) -> None:
    carrying.at(0)
    carrying.gate.conditions = SHUT
    carrying.now += 2 * HOUR
    assert carrying.run() == "wait"
    assert carrying.rollout.seen == Seen(
        carrying.now, "the way back was not rehearsed", "python -m infra drill rollback"
    )


def test_a_refusal_is_kept_with_its_reason(carrying: Carrying) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RolloutError("the mode is old_only")

    carrying.flags.rise = refuse  # type: ignore[method-assign, assignment]
    assert carrying.run() == "not done"
    assert carrying.rollout.seen == Seen(carrying.now, "not done, it is tried again: the mode is old_only")


def test_that_appconfig_is_away_is_kept_in_each_that_was_not_carried(carrying: Carrying) -> None:
    begin(carrying, DASHBOARD)
    carrying.flags.down = True
    assert carrying.carrier.run(45) == {}
    away = "AppConfig does not answer, so nothing is changed; the next run tries again: AppConfig is away"
    assert [each.seen for each in carrying.rollouts.kept.values()] == [Seen(carrying.now, away)] * 2


def test_that_appconfig_is_away_is_not_said_of_what_was_carried_before(carrying: Carrying) -> None:
    begin(carrying, DASHBOARD)
    real = carrying.flags.now

    def now(component: Component) -> FlagNow:
        if component is DASHBOARD:
            raise UnavailableError("AppConfig is away")
        return real(component)

    carrying.flags.now = now  # type: ignore[method-assign]
    assert carrying.carrier.run(45) == {TABLE: "rise"}
    assert carrying.rollout.seen is None


def meet(carrying: Carrying, change: Callable[[Rollout], Rollout]) -> None:
    """Somebody else stores the rollout each time that the schedule is about to."""
    real = carrying.rollouts.save

    def save(rollout: Rollout) -> bool:
        kept = carrying.rollout
        carrying.rollouts.kept[TABLE] = change(replace(kept, version=kept.version + 1))
        return real(rollout)

    carrying.rollouts.save = save  # type: ignore[method-assign]


def test_a_way_back_that_somebody_else_has_begun_meanwhile_is_left_to_them(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    intent = Intent(Direction.BACK, Decimal(0), carrying.now, "olga", "enough", State.ABORTED)
    meet(carrying, lambda rollout: replace(rollout, intent=intent))
    assert carrying.run() == "somebody else takes it back"
    assert carrying.percent == 50


def test_who_is_overtaken_three_times_leaves_it_to_the_next_run(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    met: list[Rollout] = []
    meet(carrying, lambda rollout: met.append(rollout) or rollout)  # type: ignore[func-returns-value]
    assert carrying.run() == "overtaken"
    assert len(met) == 3


def test_who_stores_a_rollout_of_before_is_told_whose_it_is(carrying: Carrying) -> None:
    stale = carrying.rollout
    carrying.commands.pause(TABLE, "olga", "wait")
    with pytest.raises(OvertakenError, match="somebody else has changed the rollout of energy_table meanwhile"):
        carrying.commands.taking.stored(stale)
    assert carrying.commands.taking.stored(carrying.rollout).version == carrying.rollout.version


def test_a_gate_that_forgets_a_component_is_a_defect_that_is_seen(
    carrying: Carrying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying.gate, "verdicts", lambda _: [])
    with pytest.raises(ValueError, match="shorter"):
        carrying.carrier.run(45)


def test_how_many_wait_for_a_person_is_counted(carrying: Carrying) -> None:
    begin(carrying, DASHBOARD, CHARTS)
    assert carrying.carrier.stopped() == 0
    for component in (DASHBOARD, CHARTS):
        kept = carrying.rollouts.kept[component]
        carrying.rollouts.kept[component] = replace(kept, state=State.STOPPED)
    assert carrying.carrier.stopped() == 2


def test_a_step_that_is_there_already_is_written_down_without_a_change(carrying: Carrying) -> None:
    def unchanged(*_: object, **__: object) -> None:
        raise UnchangedError("it is so already")

    carrying.flags.rise = unchanged  # type: ignore[method-assign, assignment]
    assert carrying.commands.step(TABLE, "olga", "now", 20, hurry=True) is None
    assert carrying.rollout.step == 0


def test_a_change_is_returned_with_who_why_and_which_document(carrying: Carrying) -> None:
    change = carrying.commands.step(TABLE, "olga", "now", 20, hurry=True)
    assert change is not None
    assert (change.action, change.by, change.reason) == ("rollout", "olga", "now")
    back = carrying.commands.abort(TABLE, "otto", "enough", 20)
    assert (back.action, back.by, back.reason) == ("rollback", "otto", "enough")
    assert carrying.flags.asked[-1][2].evidence == {}


def test_a_reason_of_the_gate_that_is_too_long_is_cut_for_the_flag(carrying: Carrying) -> None:
    carrying.at(10)
    [answers, *others] = BROKEN
    carrying.gate.conditions = (replace(answers, text="x" * 501), *others)
    assert carrying.run() == "back"
    assert carrying.flags.asked[-1][2].reason == "x" * 500
    assert carrying.rollout.reason == "x" * 501


def test_a_kill_that_was_begun_says_by_whom_and_why(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = LOST
    seen: list[Intent | None] = []
    carrying.flags.step = lambda: seen.append(carrying.rollout.intent)
    carrying.run()
    assert seen[0] == Intent(Direction.BACK, None, carrying.now, "RolloutCarrier", "data were lost", State.STOPPED)
    assert (carrying.rollout.step, carrying.rollout.log[-1].by) == (-1, "RolloutCarrier")
    assert carrying.flags.asked[-1][2].evidence["gate"]["open"] is False


def test_a_way_back_says_where_to_and_what_follows_before_it_is_made(carrying: Carrying) -> None:
    carrying.at(50)
    seen: list[Intent | None] = []
    carrying.flags.step = lambda: seen.append(carrying.rollout.intent)
    carrying.commands.abort(TABLE, "otto", "enough", 20)
    assert seen[0] == Intent(Direction.BACK, Decimal(0), carrying.now, "otto", "enough", State.ABORTED)
    assert (carrying.rollout.step, carrying.rollout.log[-1].by) == (0, "otto")


def test_what_has_gone_back_to_off_holds_no_step_and_begins_with_the_first(carrying: Carrying) -> None:
    carrying.at(0)
    carrying.gate.conditions = BROKEN
    assert carrying.run() == "back"
    assert (carrying.percent, carrying.rollout.step) == (None, -1)
    assert carrying.rollout.following == PLAN.steps[0]


def test_a_rise_says_where_to_before_it_is_made(carrying: Carrying) -> None:
    seen: list[Intent | None] = []
    carrying.flags.step = lambda: seen.append(carrying.rollout.intent)
    carrying.commands.step(TABLE, "otto", "now", 20, hurry=True)
    assert seen[0] == Intent(Direction.RISE, Decimal(0), carrying.now, "otto", "now")
    assert carrying.rollout.intent is None


def test_an_approval_is_kept_with_who_when_and_whether_it_names_a_percentage(carrying: Carrying) -> None:
    two = Carrying(plan=replace(PLAN, approvals=1))
    two.start()
    two.at(0)
    for percent, named in ((None, False), (Decimal(10), True)):
        approval = two.commands.approve(TABLE, percent, "otto", "I have looked").approval
        assert approval is not None
        assert (approval.percent, approval.at, approval.by, approval.reason, approval.named) == (
            *(Decimal(10), two.now, "otto", "I have looked"),
            named,
        )


def test_who_asked_may_agree_once_it_has_ended(carrying: Carrying) -> None:
    two = Carrying(plan=replace(PLAN, approvals=1))
    two.start()
    two.commands.abort(TABLE, "olga", "enough", 20)
    assert two.commands.approve(TABLE, Decimal(0), "olga", "for next time").approval is not None


def test_a_rollout_without_a_plan_has_the_default_and_the_next_one_that_of_before(carrying: Carrying) -> None:
    first = carrying.commands.start(DASHBOARD, None, "olga", "it is time")
    assert (first.plan, first.since, first.step) == (Plan(), carrying.now, -1)
    carrying.commands.abort(TABLE, "olga", "enough", 20)
    other = Plan(steps_of("test:1h,20:2h"))
    assert carrying.commands.start(TABLE, other, "olga", "another way").plan == other


def test_a_flag_that_cannot_be_read_moves_nobody(carrying: Carrying) -> None:
    carrying.commands.abort(TABLE, "olga", "enough", 20)
    carrying.flags.flags[TABLE] = FlagNow("1", True, Decimal(0), True, "it is malformed")
    with pytest.raises(RolloutError, match="energy_table: it is malformed; look at it: python -m infra flags list"):
        carrying.start()


def test_a_wait_without_a_command_is_said_without_one(carrying: Carrying) -> None:
    carrying.at(10)
    with pytest.raises(RolloutError, match=r"^10 % is held$"):
        carrying.commands.step(TABLE, "olga", "now", 20, hurry=False)
    carrying.now += MINUTE
    carrying.flags.set(TABLE, Decimal(50))
    with pytest.raises(
        RolloutError, match=r"^the schedule looks after energy_table first: taken; try again in a minute$"
    ):
        carrying.commands.step(TABLE, "olga", "now", 20, hurry=False)


def test_what_has_ended_cannot_be_resumed_and_what_can_is_named(carrying: Carrying) -> None:
    carrying.commands.abort(TABLE, "olga", "enough", 20)
    with pytest.raises(
        RolloutError, match="the rollout of energy_table is aborted: enough; this needs paused or stopped"
    ):
        carrying.commands.resume(TABLE, "olga", "go on")
    carrying.start()
    with pytest.raises(RolloutError, match="is running: it is time; this needs paused or stopped"):
        carrying.commands.resume(TABLE, "olga", "go on")
