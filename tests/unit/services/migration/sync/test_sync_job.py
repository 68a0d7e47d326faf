"""Where the sync job begins: at the start after a change of mode, where it stopped otherwise."""

from contextlib import nullcontext

import pytest

from chalicelib.bootstrap.container import now, operations
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import MassDeletionError, SyncStoppedError
from chalicelib.domain.migration.sync.reconciliation import FullDifference, Reconciled, SyncProgress
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.sync.deletions import JobDeletions
from chalicelib.services.migration.sync.sync_job import SyncReport
from infra.simulation.memory.migration.control import FakeSyncControl
from infra.simulation.memory.migration.sides import FakeSides, reading
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeStore

POWER = EnergyType.POWER
DRAINED = 10 * 60_000


class Job:
    """A job on fakes, and two people of whom another application has written."""

    def __init__(self, clock: Clock = now) -> None:
        self.store, self.publisher = FakeStore(clock), FakePublisher()
        self.sides = FakeSides(self.store, clock)
        self.ports = fake_ports(self.store, self.publisher, self.sides)
        self.service = operations(self.ports, clock).sync
        for user in ("alice", "bob"):
            self.sides.write(user, reading(f"of-{user}", POWER, 1, 5))

    @property
    def control(self) -> FakeSyncControl:
        control = self.ports.sync_control
        assert isinstance(control, FakeSyncControl)
        return control

    def stands(self, difference: FullDifference | None) -> None:
        """The job has seen all changes, and has this difference to go on with."""
        self.control.save_sync_progress(SyncProgress(self.sides.position(), difference))

    def run(self) -> tuple[SyncReport, set[str]]:
        """The report, and whose readings have arrived."""
        report = self.service.run(60)
        return report, {user for user, _, _ in self.store.stored.readings}


def test_a_difference_that_was_begun_in_this_mode_goes_on_where_it_stopped() -> None:
    job = Job()
    job.stands(FullDifference(None, ("alice", POWER)))
    report, arrived = job.run()
    assert (report.full_difference, report.meters, arrived) == (True, 1, {"bob"})


@pytest.mark.parametrize("catching_up", [None, Side.OLD])
def test_a_difference_that_was_begun_in_an_earlier_mode_begins_at_the_start(catching_up: Side | None) -> None:
    job = Job()
    since = now() - DRAINED
    job.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, since, catching_up)
    job.stands(FullDifference(since - 1, ("alice", POWER)))
    report, arrived = job.run()
    assert (report.full_difference, report.meters, arrived) == (True, 2, {"alice", "bob"})
    assert job.control.sync_progress().difference is None
    assert job.store.stored.sync.catching_up is None


def test_a_side_that_catches_up_is_compared_although_all_changes_were_seen() -> None:
    job = Job()
    job.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, now() - DRAINED, Side.OLD)
    job.stands(None)
    report, arrived = job.run()
    assert (report.full_difference, arrived) == (True, {"alice", "bob"})


def test_without_a_change_of_mode_only_what_has_changed_is_looked_at() -> None:
    job = Job()
    job.stands(None)
    job.sides.write("carol", reading("of-carol", POWER, 1, 5))
    report, arrived = job.run()
    assert (report.state, report.full_difference, report.changes, arrived) == ("synced", False, 1, {"carol"})


def test_a_full_difference_that_is_asked_for_looks_at_everybody() -> None:
    job = Job()
    job.stands(None)
    assert job.service.run(60, full=True).meters == 2


def test_a_run_without_time_does_nothing_and_the_next_one_goes_on() -> None:
    job = Job()
    assert (job.service.run(-1).state, job.run()[1]) == ("unfinished", {"alice", "bob"})


def test_the_event_of_a_meter_covers_all_that_was_written_of_it() -> None:
    """More changes of one meter than one transaction takes, in one event."""
    job = Job()
    job.stands(None)
    for number in range(501):
        job.sides.write("carol", reading(f"r{number:03}", POWER, 1_000 + number, 5 + number))
    job.run()
    (event,) = job.publisher.events
    (meter,) = event.meters  # type: ignore[attr-defined]
    assert meter.source_version == job.store.stored.meters["carol", POWER].state.source_version == 2
    assert [round(moment.timestamp() * 1000) for moment in (meter.first, meter.last)] == [1_000, 1_500]


def test_the_job_remembers_where_it_is_after_a_hundred_meters_and_after_a_thousand_changes() -> None:
    job, steps = Job(), list[tuple[int, int]]()

    def remembered(report: SyncReport) -> None:
        steps.append((report.meters, report.changes))
        difference = job.control.sync_progress().difference
        assert difference is None or difference.after is not None

    for number in range(148):
        job.sides.write(f"carol-{number:03}", reading(f"r{number}", POWER, 1, 5))
    job.service.run(600, remembered)
    assert steps == [(100, 0), (150, 0), (150, 0), (150, 0)]
    steps.clear()
    for number in range(1_001):
        job.sides.write("alice", reading(f"later-{number}", POWER, 1_000 + number, 5 + number))
    job.service.run(600, remembered)
    assert steps == [(0, 1_000), (0, 1_001)]


@pytest.mark.parametrize(("inserted", "stops"), [(15, True), (16, True), (17, False)])
def test_a_job_stops_where_deletions_are_half_of_what_it_writes_each_counted_once(inserted: int, stops: bool) -> None:
    """Two meters, of which eight readings each are to be deleted."""
    deletions = JobDeletions()

    def reconcile(allowed: int) -> Reconciled:
        if allowed < 8:
            raise MassDeletionError(8, allowed)
        return Reconciled(inserted=inserted, deleted=8)

    deletions.reconciled(reconcile)
    with pytest.raises(SyncStoppedError, match="would delete 16 documents") if stops else nullcontext():
        deletions.reconciled(reconcile)


def test_what_is_to_be_deleted_of_a_meter_counts_once_though_it_grows_meanwhile() -> None:
    deletions = JobDeletions(100, 1)

    def reconcile(allowed: int) -> Reconciled:
        for deletes in (3, 5):
            if allowed < deletes:
                raise MassDeletionError(deletes, allowed)
        return Reconciled(inserted=7, deleted=5)

    assert deletions.reconciled(reconcile) == Reconciled(inserted=7, deleted=5)
    assert (deletions.written, deletions.deleted) == (112, 6)


def test_what_is_refused_counts_for_nothing() -> None:
    deletions = JobDeletions()

    def reconcile(allowed: int) -> Reconciled:
        raise MassDeletionError(11, allowed)

    with pytest.raises(SyncStoppedError, match=r"would delete 11 documents, most of what it changes \(11\)"):
        deletions.reconciled(reconcile)
    assert (deletions.written, deletions.deleted) == (0, 0)
