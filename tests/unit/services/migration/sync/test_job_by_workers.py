"""The full difference in ranges: when it may begin, what is counted together, and whose it is at the end."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncModeError, SyncStoppedError
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Verification, Walk
from chalicelib.domain.migration.sync.reconciliation import FullDifference, SyncProgress, SyncStop
from chalicelib.services.refresh.fan_out import RangeJob
from infra.simulation.memory.migration.sides import reading
from infra.simulation.memory.publisher import FakePublisher
from tests.unit.services.migration.sync.stage import POWER, Hours, Stage

NOW = 1_700_000_000_000
SINCE = NOW - 100_000
METER = ("alice", POWER)
FAN_OUT = FanOut(Walk.SYNC, "abcdef", NOW, SINCE, SyncMode.DUAL_WRITE, "", 0)
SEEN = Verification(SyncMode.DUAL_WRITE)


@pytest.fixture
def stage() -> Stage:
    stage = Stage.at(Hours())
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, SINCE, Side.OLD)
    return stage


@pytest.fixture
def job(stage: Stage) -> RangeJob:
    return stage.use.sync.in_ranges()[Walk.SYNC]


def difference(stage: Stage) -> FullDifference | None:
    return stage.ports.sync_control.sync_progress().difference


def gone(stage: Stage, count: int) -> None:
    """So many readings of alice on the new side alone, and many of bob on both."""
    new, old = stage.store.stored.sides[Side.NEW], stage.store.stored.sides[Side.OLD]
    for number in range(1, count + 1):
        new["alice", POWER, number] = reading(f"alice-{number}", POWER, number, number)
    for number in range(1, 41):
        new["bob", POWER, number] = old["bob", POWER, number] = reading(f"bob-{number}", POWER, number, number)


def test_it_begins_in_dual_write_after_the_drain_where_nothing_waits_for_an_answer(stage: Stage, job: RangeJob) -> None:
    assert job.begin() == stage.store.sync()
    for mode in (SyncMode.OLD_ONLY, SyncMode.NEW_ONLY):
        stage.store.stored.sync = SyncState(mode, SINCE)
        with pytest.raises(SyncModeError, match=f"the mode is {mode}: nothing is carried over"):
            job.begin()
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, NOW - 90_000)
    with pytest.raises(SyncModeError, match="may still arrive: wait 1 s"):
        job.begin()
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, SINCE)
    stage.ports.sync_control.save_stop(SyncStop(NOW, "most of it is gone"))
    with pytest.raises(SyncStoppedError, match="most of it is gone"):
        job.begin()


def test_at_the_start_the_position_is_kept_and_whose_the_difference_is(stage: Stage, job: RangeJob) -> None:
    stage.sides.write("alice", reading("one", POWER, 1, 1))
    job.start(FAN_OUT)
    progress = stage.ports.sync_control.sync_progress()
    assert (progress.position, progress.difference) == (1, FullDifference(SINCE, by="abcdef"))
    assert stage.sides.quarantined == (None,)


def test_at_the_start_it_stops_where_most_is_gone(stage: Stage, job: RangeJob) -> None:
    new = stage.store.stored.sides[Side.NEW]
    for number in range(1, 12):
        new["alice", POWER, number] = reading(f"alice-{number}", POWER, number, number)
    with pytest.raises(SyncStoppedError, match="the old side has 0 documents, the other one 11"):
        job.start(FAN_OUT)
    assert (found := stage.ports.sync_control.stop()) is not None
    assert found.at == NOW
    assert difference(stage) is None


def test_a_range_is_mended_and_says_how_many_meters_it_has_seen(stage: Stage, job: RangeJob) -> None:
    gone(stage, 3)
    job.start(FAN_OUT)
    seen = job.look(FAN_OUT)([METER, ("bob", POWER)], stage.store.sync())
    assert seen == Verification(SyncMode.DUAL_WRITE, 2)
    assert difference(stage) == FullDifference(SINCE, written=3, deleted=3, by="abcdef")
    [kept] = stage.use.undo.runs()
    assert (kept.id, kept.documents) == ("sync-20231114-221320-abcd", 3)
    assert isinstance(stage.ports.publisher, FakePublisher)
    assert [event.user_id for event in stage.ports.publisher.events] == ["alice"]


def test_all_workers_count_their_deletions_together_and_one_way_back_is_said(stage: Stage, job: RangeJob) -> None:
    gone(stage, 11)
    job.start(FAN_OUT)
    stage.ports.sync_control.count_difference("abcdef", 4, 4)
    gone_for_good = r"would delete 15 documents.*\. Before that it deleted 4; .*bring them back: .*undo sync-.*-abcd$"
    with pytest.raises(SyncStoppedError, match=gone_for_good) as stopped:
        job.look(FAN_OUT)([METER], stage.store.sync())
    assert stage.ports.sync_control.stop() == SyncStop(NOW, str(stopped.value))
    assert difference(stage) == FullDifference(SINCE, written=4, deleted=4, by="abcdef")


def test_a_range_of_a_difference_that_is_somebody_elses_by_now_writes_nothing(stage: Stage, job: RangeJob) -> None:
    gone(stage, 3)
    job.start(FAN_OUT)
    stage.ports.sync_control.save_sync_progress(SyncProgress(1, FullDifference(SINCE, by="another")))
    with pytest.raises(SyncModeError, match="another comparison of all meters has begun since"):
        job.look(FAN_OUT)([METER], stage.store.sync())
    assert len(stage.store.stored.sides[Side.NEW].of(METER)) == 3


def another_difference(stage: Stage) -> None:
    control = stage.ports.sync_control
    control.save_sync_progress(SyncProgress(1, FullDifference(SINCE, by="another")))


def no_difference(stage: Stage) -> None:
    stage.ports.sync_control.save_sync_progress(SyncProgress(1))


def another_mode(stage: Stage) -> None:
    stage.store.stored.sync = replace(stage.store.stored.sync, since=SINCE + 1)


def test_behind_the_last_range_the_sides_are_equal_and_nothing_is_to_be_compared(stage: Stage, job: RangeJob) -> None:
    job.start(FAN_OUT)
    job.keep(SEEN, FAN_OUT)
    assert stage.store.stored.sync.catching_up is None
    assert stage.ports.sync_control.sync_progress() == SyncProgress(0)


def test_a_mode_in_which_no_side_caught_up_changes_by_nothing(stage: Stage, job: RangeJob) -> None:
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, SINCE)
    job.start(FAN_OUT)
    job.keep(SEEN, FAN_OUT)
    assert stage.store.stored.sync == SyncState(SyncMode.DUAL_WRITE, SINCE)
    assert difference(stage) is None


@pytest.mark.parametrize("meanwhile", [another_difference, no_difference, another_mode])
def test_behind_the_last_range_nothing_is_kept_of_what_is_past(
    stage: Stage, job: RangeJob, meanwhile: Callable[[Stage], None]
) -> None:
    job.start(FAN_OUT)
    meanwhile(stage)
    before = stage.ports.sync_control.sync_progress()
    job.keep(SEEN, FAN_OUT)
    assert stage.ports.sync_control.sync_progress() == before
    assert stage.store.stored.sync.catching_up is Side.OLD


def test_it_is_overtaken_where_the_difference_is_another_one_or_over(stage: Stage, job: RangeJob) -> None:
    why = "another comparison of all meters has begun since, or this one is over"
    assert job.overtaken(FAN_OUT) == why
    job.start(FAN_OUT)
    assert job.overtaken(FAN_OUT) is None
    another_difference(stage)
    assert job.overtaken(FAN_OUT) == why


def test_the_name_of_the_way_back_is_the_same_for_every_worker(stage: Stage, job: RangeJob) -> None:
    gone(stage, 2)
    job.start(FAN_OUT)
    job.look(FAN_OUT)([METER], stage.store.sync())
    stage.store.stored.sides[Side.NEW]["carol", POWER, 1] = reading("carol", POWER, 1, 1)
    job.look(FAN_OUT)([("carol", POWER)], stage.store.sync())
    assert [(run.id, run.documents) for run in stage.use.undo.runs()] == [("sync-20231114-221320-abcd", 3)]
