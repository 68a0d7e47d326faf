"""The schedule compares all meters in steps, beside people who compare and mend."""

from dataclasses import replace

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.migration.sync.reconciliation import Verified
from infra.simulation.memory.migration.sides import reading
from tests.unit.services.migration.sync.stage import HOUR_MS, POWER, Hours, Stage, walked


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def scheduled(hours: Hours) -> Stage:
    """Ninety meters, equal on both sides."""
    stage = Stage.at(hours)
    for number in range(90):
        stage.sides.write(f"user-{number:02}", reading(f"of-{number}", POWER, HOUR_MS, 5))
    stage.use.sync.run(60)
    stage.use.sweeper.run_at_once(60)
    return stage


def runs(stage: Stage) -> int:
    """How many runs of a schedule without time it takes until none looks at anything."""
    return next(run for run in range(100) if not stage.use.consistency.verify_by_schedule(0))


def differences_kept(stage: Stage) -> int | None:
    last = stage.use.consistency.last_verified()
    return None if last is None else last.differences


def test_a_schedule_compares_all_meters_in_steps_and_anew_after_an_hour(scheduled: Stage, hours: Hours) -> None:
    consistency = scheduled.use.consistency
    assert consistency.verify_by_schedule(0)
    assert differences_kept(scheduled) is None, "one run is bounded"
    assert runs(scheduled) == 5
    assert differences_kept(scheduled) == 0
    scheduled.sides.write("user-01", reading("new", POWER, 2 * HOUR_MS, 6))
    hours.now += HOUR_MS - 1
    assert not consistency.verify_by_schedule(0)
    hours.now += 1
    assert runs(scheduled) == 6
    assert differences_kept(scheduled) == 1


def test_a_comparison_by_a_clock_that_is_ahead_does_not_keep_the_schedule_from_comparing(
    scheduled: Stage, hours: Hours
) -> None:
    """A person's machine is a day ahead: else nothing would be compared for a day, whatever gets lost meanwhile."""
    consistency = scheduled.use.consistency
    consistency.verify()
    last = consistency.last_verified()
    assert last is not None
    scheduled.ports.sync_control.save_verified(replace(last, at=hours.now + 24 * HOUR_MS))
    scheduled.sides.write("user-01", reading("new", POWER, 2 * HOUR_MS, 6))
    assert runs(scheduled) > 0
    assert differences_kept(scheduled) == 1


def test_a_comparison_by_a_clock_that_is_a_little_ahead_is_not_made_anew(scheduled: Stage, hours: Hours) -> None:
    """Machines' clocks differ by seconds: it would be made again and again, by each that is behind."""
    consistency = scheduled.use.consistency
    consistency.verify()
    last = consistency.last_verified()
    assert last is not None
    scheduled.ports.sync_control.save_verified(replace(last, at=hours.now + 90_000))
    assert runs(scheduled) == 0


def test_after_a_mend_the_schedule_says_by_itself_that_nothing_differs_any_more(scheduled: Stage, hours: Hours) -> None:
    scheduled.sides.write("user-01", reading("new", POWER, 2 * HOUR_MS, 6))
    runs(scheduled)
    assert differences_kept(scheduled) == 1
    scheduled.use.consistency.repair()
    hours.now += 300_000
    runs(scheduled)
    assert differences_kept(scheduled) == 0


def test_a_mend_takes_away_what_a_comparison_under_way_has_found(scheduled: Stage) -> None:
    scheduled.sides.write("user-01", reading("new", POWER, 2 * HOUR_MS, 6))
    scheduled.use.consistency.verify_by_schedule(0)
    scheduled.use.consistency.repair()
    assert scheduled.use.consistency.verify().differences == 0


def test_a_person_and_the_schedule_go_on_with_one_comparison(scheduled: Stage) -> None:
    consistency = scheduled.use.consistency
    assert consistency.verify_for(0)[0].meters == 20
    assert consistency.verify_by_schedule(0)
    assert consistency.verify_for(0)[0].meters == 60
    assert consistency.verify().resumed is not None
    assert not consistency.verify_by_schedule(0), "a person has just compared"


def test_the_schedule_goes_on_with_what_somebody_has_begun_though_the_last_one_is_young(scheduled: Stage) -> None:
    consistency = scheduled.use.consistency
    runs(scheduled)
    assert not consistency.verify_by_schedule(0)
    consistency.verify_for(0)
    assert runs(scheduled) == 5


def test_a_comparison_that_began_earlier_does_not_replace_what_a_later_one_has_found(scheduled: Stage) -> None:
    """A schedule may save its step after a person's comparison came to its end."""
    earlier = scheduled.store.sync()
    walked(scheduled, None, started=earlier.read_at, after="user-50")
    control = scheduled.ports.sync_control
    up_to = control.operation_time() + 60_000
    control.save_verified(Verified(earlier.read_at, None, 90, 0, 7, up_to))
    runs(scheduled)
    assert differences_kept(scheduled) == 7


@pytest.mark.parametrize(
    "state", [SyncState(SyncMode.OLD_ONLY), SyncState(SyncMode.DUAL_WRITE, catching_up=Side.OLD), None]
)
def test_the_schedule_compares_nothing_while_the_sides_cannot_be_equal_yet(
    scheduled: Stage, hours: Hours, state: SyncState | None
) -> None:
    scheduled.store.stored.sync = state or replace(scheduled.store.sync(), since=hours.now - 1, read_at=hours.now)
    assert not scheduled.use.consistency.verify_by_schedule(60)
    assert differences_kept(scheduled) is None
