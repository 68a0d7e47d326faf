"""What operators do with a rollout, and what they are refused with what comes first."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import InvalidInputError, NotFoundError, RolloutError, UnavailableError
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import KEPT_ENTRIES, Rollout, State
from tests.fakes.gate import BROKEN, OPEN, SHUT, Conditions
from tests.unit.services.migration.rollouts.carrying import HOUR, MINUTE, PLAN, TABLE, Carrying

TWO = Plan(steps_of("test:1h,10:2h,100:3h"), approvals=1)


@pytest.fixture
def two() -> Carrying:
    """A plan that asks a second person."""
    carrying = Carrying(plan=TWO)
    carrying.start("olga")
    return carrying


def step(carrying: Carrying, by: str = "olga", *, hurry: bool = False) -> None:
    carrying.commands.step(TABLE, by, "now", 20, hurry=hurry)


def test_without_a_rollout_the_way_to_one_is_named(carrying: Carrying) -> None:
    with pytest.raises(NotFoundError, match="rollout start dashboard"):
        carrying.commands.one(Component.DASHBOARD)


def test_one_that_is_under_way_is_not_begun_again(carrying: Carrying) -> None:
    with pytest.raises(RolloutError, match=r"running already; first: .* rollout abort energy_table"):
        carrying.start()
    carrying.commands.pause(TABLE, "olga", "wait")
    with pytest.raises(RolloutError, match="paused already"):
        carrying.start()


def test_one_that_has_ended_is_begun_again_with_its_plan_and_goes_on_with_its_history(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.commands.abort(TABLE, "olga", "enough", 20)
    again = carrying.commands.start(TABLE, None, "otto", "once more")
    assert (again.plan, again.state, again.by) == (PLAN, State.RUNNING, "otto")
    assert [entry.what for entry in again.log] == ["start", "step test users", "step 10 %", "aborted", "start"]
    assert carrying.at(100).percent == 100


def test_a_rollout_begins_where_its_flag_is(carrying: Carrying) -> None:
    carrying.commands.abort(TABLE, "olga", "enough", 20)
    carrying.flags.set(TABLE, Decimal(30))
    carrying.start()
    carrying.minutes(119)
    assert carrying.percent == 30
    carrying.minutes(2)
    assert carrying.percent == 50


def test_nothing_begins_while_the_global_gate_is_shut_or_the_flag_cannot_be_read(carrying: Carrying) -> None:
    carrying.commands.abort(TABLE, "olga", "enough", 20)
    carrying.flags.global_enabled = False
    with pytest.raises(RolloutError, match="flags set global --on"):
        carrying.start()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_everything_asks_for_a_reason(carrying: Carrying, reason: str) -> None:
    commands = carrying.commands
    for change in (
        lambda: commands.start(Component.DASHBOARD, PLAN, "olga", reason),
        lambda: commands.pause(TABLE, "olga", reason),
        lambda: commands.step(TABLE, "olga", reason, 20, hurry=True),
        lambda: commands.abort(TABLE, "olga", reason, 20),
    ):
        with pytest.raises(InvalidInputError, match="reason"):
            change()


def test_a_pause_keeps_the_hold_time_and_a_resume_goes_on(carrying: Carrying) -> None:
    carrying.at(10)
    since = carrying.rollout.since
    carrying.commands.pause(TABLE, "olga", "wait")
    carrying.minutes(300)
    resumed = carrying.commands.resume(TABLE, "otto", "go on")
    assert (resumed.since, resumed.by, resumed.step) == (since, "otto", 1)
    carrying.minutes(1)
    assert carrying.percent == 50


def test_what_has_stopped_is_held_anew_when_a_person_resumes_it(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    carrying.minutes(1)
    carrying.gate.conditions = OPEN
    carrying.now += 100 * HOUR
    assert carrying.commands.resume(TABLE, "olga", "mended").seen is None, "why it waited then is no news"
    carrying.minutes(119)
    assert carrying.percent == 10
    carrying.minutes(2)
    assert carrying.percent == 50


def test_a_new_rollout_has_the_plan_of_the_one_before_unless_somebody_says_another(carrying: Carrying) -> None:
    assert carrying.commands.planned(Component.DASHBOARD) == Plan()
    carrying.at(10)
    assert carrying.commands.planned(TABLE) == carrying.rollout.plan != Plan()


def test_a_resume_against_a_breach_goes_back_again(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    carrying.minutes(1)
    carrying.commands.resume(TABLE, "olga", "I do not believe it")
    carrying.minutes(1)
    assert (carrying.percent, carrying.rollout.state) == (0, State.STOPPED)


def test_a_step_is_taken_only_when_the_schedule_would(carrying: Carrying) -> None:
    carrying.at(10)
    with pytest.raises(RolloutError, match="10 % is held"):
        step(carrying)
    carrying.now += 2 * HOUR
    carrying.gate.conditions = SHUT
    with pytest.raises(RolloutError, match="not rehearsed; first: python -m infra drill rollback"):
        step(carrying)
    carrying.gate.conditions = OPEN
    step(carrying)
    assert carrying.percent == 50


def test_hurry_passes_by_hold_time_and_gate_and_is_kept(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.gate.conditions = SHUT
    step(carrying, "otto", hurry=True)
    action, percent, asked = carrying.flags.asked[-1]
    assert percent == 50
    assert (action, asked.by, asked.reason, asked.evidence["hurry"]) == ("rollout", "otto", "now", True)
    assert asked.evidence["gate"]["open"] is False


def test_hurry_never_passes_by_a_breach(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.gate.conditions = BROKEN
    with pytest.raises(RolloutError, match="the schedule looks after energy_table first: back"):
        step(carrying, hurry=True)
    assert carrying.percent == 10


def test_hurry_never_passes_by_a_breach_where_nobody_is_on_the_new_backend_yet() -> None:
    carrying = Carrying()
    carrying.start()
    carrying.gate.conditions = BROKEN
    with pytest.raises(RolloutError, match="the backends differ"):
        step(carrying, hurry=True)


def test_a_step_on_top_of_what_somebody_else_has_deployed_meanwhile_is_refused(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.gate.meanwhile = lambda: setattr(carrying.flags, "version", carrying.flags.version + 1)
    with pytest.raises(RolloutError, match="somebody else was faster"):
        step(carrying, hurry=True)
    assert carrying.percent == 10


@pytest.mark.parametrize("hurry", [False, True])
def test_a_paused_rollout_takes_no_step(carrying: Carrying, hurry: bool) -> None:
    carrying.commands.pause(TABLE, "olga", "wait")
    with pytest.raises(RolloutError, match="is paused: wait; this needs running"):
        step(carrying, hurry=hurry)


def test_behind_the_last_step_there_is_none(carrying: Carrying) -> None:
    carrying.at(100)
    with pytest.raises(RolloutError, match="nothing comes after it"):
        step(carrying, hurry=True)


@pytest.mark.parametrize("conditions", [OPEN, SHUT, BROKEN])
def test_an_abort_goes_to_0_percent_whatever_the_gate_says(carrying: Carrying, conditions: Conditions) -> None:
    carrying.at(50)
    carrying.gate.conditions = conditions
    carrying.commands.abort(TABLE, "otto", "enough", 20)
    assert (carrying.percent, carrying.rollout.state, carrying.rollout.reason) == (0, State.ABORTED, "enough")
    carrying.minutes(300)
    assert carrying.percent == 0
    with pytest.raises(RolloutError, match="is aborted"):
        carrying.commands.abort(TABLE, "otto", "enough", 20)


def test_an_abort_goes_back_without_the_database_and_stops_there(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.store.down = True
    carrying.commands.abort(TABLE, "otto", "enough", 20)
    carrying.store.down = False
    carrying.minutes(300)
    assert (carrying.percent, carrying.rollout.state) == (0, State.STOPPED)


@pytest.mark.parametrize("calls", range(8))
def test_an_abort_that_dies_anywhere_is_carried_to_its_end(carrying: Carrying, calls: int) -> None:
    carrying.at(50)
    died = carrying.dying(calls, lambda: carrying.commands.abort(TABLE, "otto", "enough", 20))
    carrying.minutes(2)
    not_begun = died and calls == 0
    assert (carrying.percent, carrying.rollout.state) == ((50, State.RUNNING) if not_begun else (0, State.ABORTED))


def test_a_rise_waits_for_a_second_person_and_test_users_do_not(two: Carrying) -> None:
    two.minutes(600)
    assert two.percent == 0
    assert two.rollout.seen is not None
    assert "a second person must agree to 10 %" in two.rollout.seen.text
    assert two.rollout.seen.command.startswith("python -m infra rollout approve energy_table")
    two.commands.approve(TABLE, None, "otto", "I have looked")
    two.minutes(1)
    assert two.percent == 10
    two.minutes(600)
    assert two.percent == 10  # one approval is one step


def test_who_asked_cannot_agree(two: Carrying) -> None:
    two.at(0)
    with pytest.raises(RolloutError, match="a second person"):
        two.commands.approve(TABLE, None, "olga", "I agree with myself")


def test_who_agreed_cannot_hurry_it(two: Carrying) -> None:
    two.at(0)
    two.commands.approve(TABLE, None, "otto", "I have looked")
    with pytest.raises(RolloutError, match="a second person"):
        step(two, "otto", hurry=True)
    two.now += 2 * HOUR
    with pytest.raises(RolloutError, match="a second person"):
        step(two, "otto")
    step(two, "olga", hurry=True)
    assert two.percent == 10


def test_the_way_back_waits_for_nobody(two: Carrying) -> None:
    two.at(0)
    two.commands.approve(TABLE, None, "otto", "I have looked")
    two.at(10)
    two.gate.conditions = BROKEN
    two.minutes(1)
    assert two.percent == 0


def test_an_approval_is_gone_when_it_goes_back(two: Carrying) -> None:
    two.at(0)
    two.commands.approve(TABLE, None, "otto", "I have looked")
    two.at(10)
    two.commands.approve(TABLE, None, "otto", "so have I")
    two.gate.conditions = BROKEN
    two.minutes(1)
    assert two.rollout.approval is None


def test_where_nobody_has_to_agree_nobody_can(carrying: Carrying) -> None:
    with pytest.raises(RolloutError, match="the plan of energy_table asks nobody to agree"):
        carrying.commands.approve(TABLE, None, "otto", "why not")


def test_behind_the_last_step_there_is_nothing_to_agree_to(two: Carrying) -> None:
    for percent in (10, 100):
        two.commands.approve(TABLE, Decimal(percent), "otto", "I have looked")
        two.at(percent)
    with pytest.raises(RolloutError, match="no step of energy_table comes next: say --percent"):
        two.commands.approve(TABLE, None, "otto", "more")


def test_doing_without_a_second_person_takes_a_second_person(two: Carrying) -> None:
    two.commands.abort(TABLE, "olga", "enough", 20)
    with pytest.raises(RolloutError, match="rollout approve energy_table --percent 0"):
        two.commands.start(TABLE, PLAN, "olga", "alone")
    two.commands.approve(TABLE, Decimal(0), "olga", "alone")
    with pytest.raises(RolloutError, match="a second person"):
        two.commands.start(TABLE, PLAN, "olga", "alone")
    two.commands.approve(TABLE, Decimal(1), "otto", "1 % by hand is fine")
    with pytest.raises(RolloutError, match="rollout approve energy_table --percent 0"):
        two.commands.start(TABLE, PLAN, "olga", "alone")
    two.commands.approve(TABLE, Decimal(0), "otto", "she may")
    two.commands.start(TABLE, PLAN, "olga", "alone")
    assert two.rollout.plan.approvals == 0


def test_the_history_keeps_the_latest_of_what_happened(carrying: Carrying) -> None:
    for _ in range(KEPT_ENTRIES):
        carrying.commands.pause(TABLE, "olga", "wait")
        carrying.commands.resume(TABLE, "olga", "go on")
    assert len(carrying.rollout.log) == KEPT_ENTRIES
    assert carrying.rollout.log[-1].what == "resume"


def test_all_come_in_the_order_of_the_components(carrying: Carrying) -> None:
    carrying.commands.start(Component.DASHBOARD, PLAN, "olga", "this too")
    assert [each.component for each in carrying.commands.all()] == [Component.DASHBOARD, TABLE]


@pytest.fixture
def going_back(carrying: Carrying) -> Carrying:
    """An abort of which AppConfig has not taken the way back."""
    carrying.at(50)
    real = carrying.flags.back

    def away(*_: object) -> None:
        raise UnavailableError("AppConfig is away")

    carrying.flags.back = away  # type: ignore[method-assign, assignment]
    with pytest.raises(UnavailableError):
        carrying.commands.abort(TABLE, "olga", "wrong figures", 20)
    carrying.flags.back = real  # type: ignore[method-assign]
    return carrying


@pytest.mark.parametrize("what", ["pause", "resume"])
def test_a_way_back_that_was_begun_is_forgotten_by_nobody(going_back: Carrying, what: str) -> None:
    if what == "resume":
        kept = going_back.rollout
        going_back.rollouts.kept[TABLE] = replace(kept, state=State.PAUSED)
    with pytest.raises(RolloutError, match=r"the way back to test users was begun .olga: wrong figures"):
        getattr(going_back.commands, what)(TABLE, "ben", "because")
    going_back.minutes(600)
    assert (going_back.percent, going_back.rollout.state) == (0, State.ABORTED)


def test_a_new_rollout_waits_until_the_way_back_of_the_one_before_is_made(going_back: Carrying) -> None:
    kept = going_back.rollout
    going_back.rollouts.kept[TABLE] = replace(kept, state=State.STOPPED)
    with pytest.raises(RolloutError, match="the way back to test users was begun"):
        going_back.start("ben")
    going_back.minutes(1)
    going_back.start("ben")
    assert going_back.rollout.state is State.RUNNING


@pytest.mark.parametrize("times", [1, 4, 5, 100])
def test_an_abort_goes_back_though_the_schedule_stores_something_meanwhile(carrying: Carrying, times: int) -> None:
    carrying.at(50)
    real, left = carrying.rollouts.find, [times]

    def find(component: Component) -> Rollout | None:
        found = real(component)
        left[0] -= 1
        if found is not None and left[0] >= 0:
            assert carrying.rollouts.save(found)
        return found

    carrying.rollouts.find = find  # type: ignore[method-assign]
    carrying.commands.abort(TABLE, "otto", "enough", 20)
    assert carrying.percent == 0
    carrying.rollouts.find = real  # type: ignore[method-assign]
    carrying.minutes(1)
    assert carrying.rollout.state is (State.STOPPED if times >= 5 else State.ABORTED)


def test_a_pause_names_the_step_that_is_on_its_way(carrying: Carrying) -> None:
    carrying.at(0)
    carrying.now += 2 * HOUR
    carrying.flags.step = lambda: pause_once(carrying)
    carrying.run()
    assert (carrying.percent, carrying.rollout.state) == (10, State.PAUSED)
    seen = carrying.rollout.seen
    assert seen is not None
    assert "the step to 10 % had begun before and may still come" in seen.text
    carrying.now += MINUTE
    carrying.run()
    assert carrying.rollout.seen is not None
    assert "may still come" not in carrying.rollout.seen.text
    assert carrying.commands.resume(TABLE, "olga", "go on").step == 1


def pause_once(carrying: Carrying) -> None:
    carrying.flags.step = lambda: None
    paused = carrying.commands.pause(TABLE, "olga", "stop")
    assert paused.seen is not None
    carrying.run()  # another run of the schedule goes on saying it
    assert carrying.rollout.seen is not None
    assert "may still come" in carrying.rollout.seen.text


def test_a_pause_with_nothing_on_its_way_names_no_step(carrying: Carrying) -> None:
    carrying.at(10)
    carrying.now += HOUR
    assert carrying.commands.pause(TABLE, "olga", "stop").seen is None


def test_an_agreement_to_the_plans_step_is_none_to_pass_by_a_gate_that_is_shut(two: Carrying) -> None:
    two.at(0)
    two.commands.approve(TABLE, None, "otto", "when the gate is open")
    two.gate.conditions = SHUT
    with pytest.raises(RolloutError, match=r"although the gate is shut; first: .* approve energy_table --percent 10"):
        step(two, hurry=True)
    assert two.percent == 0
    two.commands.approve(TABLE, Decimal(10), "otto", "although it is shut")
    step(two, hurry=True)
    assert two.percent == 10
