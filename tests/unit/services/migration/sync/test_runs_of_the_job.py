"""What one run of the sync job does and says: where it waits, stops, and how late it is."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncModeError, SyncStoppedError, UnavailableError
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.migration.sync.reconciliation import (
    FullDifference,
    Reconciled,
    RepairRun,
    Selection,
    SyncProgress,
    SyncStop,
)
from chalicelib.domain.readings import MeterKey
from chalicelib.services.migration.sync.sync_job import SyncReport
from infra.simulation.memory.migration.sides import reading
from infra.simulation.memory.publisher import FakePublisher
from tests.unit.services.migration.sync.stage import HOUR_MS, POWER, Hours, Stage

NOW = 1_700_000_000_000
WORKERS = "workers compare all meters: python -m infra fan-out status sync"


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def stage(hours: Hours) -> Stage:
    return Stage.at(hours)


def written(stage: Stage, old: int, new: int, user: str = "alice") -> None:
    """So many readings on either side, the first ones alike."""
    for number in range(max(old, new)):
        one = reading(f"{user}-{number:03}", POWER, number + 1, number)
        for side, count in ((Side.OLD, old), (Side.NEW, new)):
            if number < count:
                stage.store.stored.sides[side][user, POWER, one.instant] = one


def stop(stage: Stage) -> SyncStop | None:
    return stage.ports.sync_control.stop()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (0, 10, None),
        (5, 15, None),
        (0, 11, "the old side has 0 documents, the other one 11: most of it is gone"),
        (10, 21, "the old side has 10 documents, the other one 21: most of it is gone"),
        (11, 22, "the job would delete 11 documents"),
        (30, 41, "the job would delete 11 documents"),
    ],
)
def test_before_the_first_meter_it_stops_where_more_than_ten_and_more_than_half_are_gone(
    stage: Stage, old: int, new: int, why: str | None
) -> None:
    written(stage, old, new)
    if why is None:
        assert stage.use.sync.run(60).deleted == new - old
        return
    with pytest.raises(SyncStoppedError, match=re.escape(why)):
        stage.use.sync.run(60)
    assert (found := stop(stage)) is not None
    assert (found.at, found.reason.partition(why)[1]) == (NOW, why)
    assert stage.ports.sync_control.sync_progress().difference is None, "of a difference nothing was done"


def test_what_nobody_can_read_is_put_aside_before_the_first_meter_and_of_what_has_changed(stage: Stage) -> None:
    stage.sides.write("alice", reading("one", POWER, 1, 1))
    stage.use.sync.run(60)
    assert [*stage.sides.quarantined] == [None, []]
    stage.sides.write("alice", reading("two", POWER, 2, 2))
    stage.use.sync.run(60)
    assert [*stage.sides.quarantined] == [None, [], ["two"]]
    stage.use.sync.run(60, full=True)
    assert [*stage.sides.quarantined[3:]] == [None, []]


def test_a_difference_that_goes_on_puts_nothing_aside_again(stage: Stage) -> None:
    position = stage.sides.position()
    stage.ports.sync_control.save_sync_progress(SyncProgress(position, FullDifference(None, ("alice", POWER))))
    stage.use.sync.run(60)
    assert stage.sides.quarantined == ([],)


def test_a_job_that_stops_says_how_many_it_has_deleted_and_what_brings_them_back(stage: Stage) -> None:
    """Of alice it deletes three, of bob it would delete ten more."""
    written(stage, 2, 5)
    written(stage, 0, 10, "bob")
    written(stage, 40, 40, "carol")
    with pytest.raises(SyncStoppedError, match="it deletes no more by itself") as stopped:
        stage.use.sync.run(60)
    run = r"sync-20231114-221320-[0-9a-f]{4}"
    assert re.search(rf"\. Before that it deleted 3; first bring them back: .* repair undo {run}$", str(stopped.value))
    assert stage.ports.sync_control.stop() == SyncStop(NOW, str(stopped.value))
    [kept] = stage.use.undo.runs()
    assert kept.documents == 3
    assert [event.user_id for event in published(stage)] == ["alice"], "what was written is said all the same"


def published(stage: Stage) -> Sequence:  # type: ignore[type-arg]
    assert isinstance(stage.ports.publisher, FakePublisher)
    return stage.ports.publisher.events


def test_a_job_that_stops_and_has_deleted_nothing_has_nothing_to_bring_back(stage: Stage) -> None:
    written(stage, 0, 11)
    with pytest.raises(SyncStoppedError) as stopped:
        stage.use.sync.run(60)
    assert "Before that" not in str(stopped.value)


def test_while_it_is_stopped_every_run_is_refused_but_one_that_compares_everything(stage: Stage) -> None:
    written(stage, 1, 0)
    stage.ports.sync_control.save_stop(SyncStop(NOW, "most of it is gone"))
    with pytest.raises(SyncStoppedError, match="most of it is gone"):
        stage.use.sync.run(60)
    assert stage.use.sync.run(60, full=True).inserted == 1
    assert stop(stage) is None


def test_a_stop_is_answered_in_dual_write_alone_and_the_comparison_begins_again(stage: Stage) -> None:
    control = stage.ports.sync_control
    begun = SyncProgress(stage.sides.position(), FullDifference(None, ("zoe", POWER), 5, 5))
    control.save_sync_progress(begun)
    stage.use.sync.answer()
    assert control.sync_progress() == begun, "without a stop nothing is to be answered"
    control.save_stop(SyncStop(NOW, "why"))
    stage.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    stage.use.sync.answer()
    assert (stop(stage), control.sync_progress()) == (SyncStop(NOW, "why"), begun)
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE)
    stage.use.sync.answer()
    assert (stop(stage), control.sync_progress()) == (None, SyncProgress())


def test_an_answer_is_kept_with_the_command_and_the_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, int]] = []
    monkeypatch.setattr(stage.ports.sync_control, "answer_stop", lambda *answer: said.append(answer))
    stage.use.sync.run(60, full=True)
    assert said == [("sync --full", NOW)]


def test_in_a_mode_that_writes_one_side_it_rests_or_refuses(stage: Stage) -> None:
    written(stage, 1, 0)
    stage.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    assert stage.use.sync.run(60).as_document() == {
        "state": "resting",
        "full_difference": False,
        **dict.fromkeys(("meters", "changes", "inserted", "replaced", "deleted"), 0),
        "lag_seconds": 0.0,
        "wait_seconds": 0.0,
        "notice": None,
        "run": "",
    }
    stage.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    with pytest.raises(SyncModeError, match="the mode is new_only: the old readings rest"):
        stage.use.sync.run(60)


@pytest.mark.parametrize(("ago", "wait"), [(90_000, 1.0), (90_999, 0.001)])
def test_a_side_that_catches_up_waits_for_the_drain(stage: Stage, ago: int, wait: float) -> None:
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, NOW - ago, Side.OLD)
    report = stage.use.sync.run(60)
    assert report.state == "draining"
    assert report.wait_seconds == pytest.approx(wait)
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, NOW - 91_000, Side.OLD)
    assert stage.use.sync.run(60).state == "synced"


def test_sides_that_are_both_written_are_compared_while_they_drain(stage: Stage) -> None:
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, NOW - 1)
    assert stage.use.sync.run(60).state == "synced"


@pytest.mark.parametrize(("waited", "lag"), [(0, 0.0), (5_250, 5.25), (-9_000, 0.0)])
def test_the_report_says_how_old_the_last_change_is_that_it_has_seen(
    stage: Stage, hours: Hours, waited: int, lag: float
) -> None:
    stage.use.sync.run(60)
    stage.sides.write("alice", reading("one", POWER, 1, 1))
    hours.now += waited
    report = stage.use.sync.run(60)
    assert (report.changes, report.lag_seconds) == (1, lag)
    assert stage.use.sync.run(60).lag_seconds == 0.0, "nothing is late any more"


def test_a_report_is_a_document_for_programs(stage: Stage) -> None:
    written(stage, 2, 0)
    document = stage.use.sync.run(60).as_document()
    assert re.fullmatch(r"sync-20231114-221320-[0-9a-f]{4}", document.pop("run"))
    assert document == {
        "state": "synced",
        "full_difference": True,
        "meters": 1,
        "changes": 0,
        "inserted": 2,
        "replaced": 0,
        "deleted": 0,
        "lag_seconds": 0.0,
        "wait_seconds": 0.0,
        "notice": None,
    }


def test_what_it_inserts_replaces_and_deletes_is_counted_by_itself(stage: Stage) -> None:
    written(stage, 6, 4)
    written(stage, 20, 20, "bob")
    sides = stage.store.stored.sides[Side.NEW]
    for number in range(3):
        before = sides["bob", POWER, number + 1]
        sides["bob", POWER, number + 1] = replace(before, amount=before.amount + 1)
    sides["carol", POWER, 1] = reading("carol", POWER, 1, 1)
    report = stage.use.sync.run(60)
    assert (report.inserted, report.replaced, report.deleted, report.meters) == (2, 3, 1, 3)


def test_a_position_that_is_gone_begins_at_the_start_and_says_so(stage: Stage) -> None:
    written(stage, 2, 2)
    stage.use.sync.run(60)
    stage.sides.forget()
    report = stage.use.sync.run(60)
    assert report.notice == (
        "the position in the stream of changes is gone, or is none of this stream: all meters are compared"
    )
    assert (report.full_difference, report.meters, report.state) == (True, 1, "synced")


def test_a_position_that_nobody_can_read_begins_at_the_start_and_says_so(stage: Stage) -> None:
    written(stage, 2, 0)
    stage.use.sync.run(60)
    progress = stage.ports.sync_control.sync_progress()
    stage.ports.sync_control.save_sync_progress(replace(progress, unreadable=True))
    report = stage.use.sync.run(60)
    assert (report.notice or "").startswith("the position in the stream of changes is gone")
    assert report.meters == 1


def test_the_budget_is_in_seconds_and_no_step_begins_behind_it(stage: Stage, hours: Hours) -> None:
    for number in range(250):
        stage.sides.write(f"user-{number:03}", reading(f"r{number}", POWER, 1, 1))
    seen: list[int] = []

    def step(report: SyncReport) -> None:
        hours.now += 1_000
        seen.append(report.meters)

    assert stage.use.sync.run(2, step).state == "unfinished"
    assert seen == [100, 200]
    assert stage.use.sync.run(0.5, step).meters == 50, "the next one goes on"


def test_of_many_changes_of_a_meter_five_hundred_are_looked_at_at_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.use.sync.run(60)
    for number in range(501):
        stage.sides.write("alice", reading(f"r{number:03}", POWER, 1 + number, number))
    looked: list[tuple[MeterKey, int]] = []
    real = stage.sides.reconcile

    def reconcile(meter: MeterKey, selection: Selection, run: RepairRun, deletes: int) -> Reconciled:
        looked.append((meter, len(selection.ids)))
        return real(meter, selection, run, deletes)

    monkeypatch.setattr(stage.sides, "reconcile", reconcile)
    assert stage.use.sync.run(60).inserted == 501
    assert looked == [(("alice", POWER), 500), (("alice", POWER), 1)]


def test_where_the_time_is_up_before_all_changes_are_seen_it_says_so(stage: Stage, hours: Hours) -> None:
    stage.use.sync.run(60)
    for number in range(1_001):
        stage.sides.write("alice", reading(f"r{number:04}", POWER, 1 + number, number))
    states: list[str] = []

    def step(report: SyncReport) -> None:
        hours.now += 60_000
        states.append(report.state)

    assert stage.use.sync.run(60, step).state == "unfinished"
    assert stage.use.sync.run(60, step).state == "synced"
    assert states == ["unfinished", "synced"]


def begun(stage: Stage) -> FanOut:
    """Workers make a full difference."""
    fan_out = FanOut(Walk.SYNC, "by-workers", NOW, None, SyncMode.DUAL_WRITE, "", 0, ())
    stage.ports.fan_outs.begin(fan_out)
    difference = FullDifference(None, by=fan_out.id)
    stage.ports.sync_control.save_sync_progress(SyncProgress(stage.sides.position(), difference))
    return fan_out


def test_while_workers_compare_all_meters_it_leaves_that_to_them(stage: Stage) -> None:
    written(stage, 1, 0)
    begun(stage)
    assert stage.use.sync.run(60) == SyncReport("unfinished", notice=WORKERS)


@pytest.mark.parametrize("past", ["an hour", "finished", "another"])
def test_what_workers_do_not_make_any_more_is_made_by_one_process(stage: Stage, hours: Hours, past: str) -> None:
    written(stage, 1, 0)
    fan_out = begun(stage)
    if past == "an hour":
        hours.now += HOUR_MS + 1
    elif past == "finished":
        stage.ports.fan_outs.finish(fan_out)
    else:
        progress = stage.ports.sync_control.sync_progress()
        stage.ports.sync_control.save_sync_progress(replace(progress, difference=FullDifference(None, by="another")))
    assert stage.use.sync.run(60).inserted == 1


def test_a_database_that_goes_away_is_no_stop(stage: Stage) -> None:
    written(stage, 1, 0)
    stage.store.down = True
    with pytest.raises(UnavailableError):
        stage.use.sync.run(60)
    stage.store.down = False
    assert stop(stage) is None
