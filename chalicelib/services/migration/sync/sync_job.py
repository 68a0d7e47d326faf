"""The sync job: carries over what another application writes into the old readings by itself.

A change only names a reading; the twins are then compared in their present state, so echoes of our own dual writes,
changes seen twice and two jobs at once do no harm. Without a position in the stream of changes, and after a change of
mode, all meters are compared: the full difference.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, Literal

from chalicelib.domain.backends.sync_mode import SyncMode, SyncState, other_side
from chalicelib.domain.errors import SyncModeError, SyncStoppedError
from chalicelib.domain.events.contracts import EnergyReadingsSynced
from chalicelib.domain.meters.fan_out import FanOut, FanOutRecords
from chalicelib.domain.meters.walks import Verification, Walk, why_past
from chalicelib.domain.migration.sync.change_feed import ChangeFeed, Changes, Moment
from chalicelib.domain.migration.sync.reconciliation import (
    ANOTHER_DIFFERENCE,
    FullDifference,
    Reconciled,
    ReconciliationRepository,
    RepairRun,
    Selection,
    SyncControl,
    SyncProgress,
    SyncStop,
)
from chalicelib.domain.migration.sync.repairs import ANSWERS, DELETES_UNASKED, REPAIR, UNDO
from chalicelib.domain.ports.outside import Clock, EventPublisher
from chalicelib.domain.readings import MeterKey, to_datetime
from chalicelib.services.migration.sync.deletions import JobDeletions
from chalicelib.services.migration.sync.runs import check_answered, new_run
from chalicelib.services.recording.energy_crud import change_of
from chalicelib.services.refresh.fan_out import Jobs, RangeJob
from chalicelib.services.refresh.meter_walk import Look

CHANGES_AT_ONCE = 1_000
METERS_AT_ONCE = 100
POSITION_LOST = "the position in the stream of changes is gone, or is none of this stream: all meters are compared"
WITH_WORKERS = "workers compare all meters: python -m infra fan-out status sync"
READINGS_AT_ONCE = 500  # of one meter, in one transaction


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run has done so far. ``lag_seconds``: the age of the last change that it has seen.

    ``state``: ``resting`` in a mode that writes one side only, ``draining`` while writes of the mode before may still
    arrive, ``unfinished`` when the time was up before everything was seen. ``run``: under which id it keeps what it
    deletes and replaces, for ``repair undo``. ``notice``: what made the job begin at the start.
    """

    state: Literal["resting", "draining", "unfinished", "synced"]
    full_difference: bool = False
    meters: int = 0
    changes: int = 0
    inserted: int = 0
    replaced: int = 0
    deleted: int = 0
    lag_seconds: float = 0.0
    wait_seconds: float = 0.0
    notice: str | None = None
    run: str = ""

    def as_document(self) -> dict[str, Any]:
        """The fields, as logged and printed."""
        return asdict(self)

    def plus(self, done: Reconciled) -> "SyncReport":
        """Add what one more reconciliation wrote."""
        return replace(
            self,
            inserted=self.inserted + done.inserted,
            replaced=self.replaced + done.replaced,
            deleted=self.deleted + done.deleted,
        )


Progress = Callable[[SyncReport], None]


class SyncJobService:
    """One run after another, each within its time; the next goes on where the last one stopped."""

    def __init__(
        self,
        control: SyncControl,
        twins: ReconciliationRepository,
        feed: ChangeFeed,
        publisher: EventPublisher,
        clock: Clock,
        fan_outs: FanOutRecords,
    ) -> None:
        self._control = control
        self._twins = twins
        self._feed = feed
        self._publisher = publisher
        self._clock = clock
        self._fan_outs = fan_outs

    def run(self, budget_seconds: float, progress: Progress = lambda _: None, *, full: bool = False) -> SyncReport:
        """Make both sides equal, as far as the time goes. ``full``: compare all meters, also those seen before.

        Raises:
            SyncModeError: in ``new_only``, where the old readings rest.
            SyncStoppedError: the old collection was dropped or renamed, or most of it is gone; until a person has
                answered, every run is refused.
            UnavailableError: the database did not answer in time; the next run goes on.
        """
        sync = self._control.state()
        if sync.mode is SyncMode.NEW_ONLY:
            raise SyncModeError("the mode is new_only: the old readings rest, and nothing is carried over from them")
        if sync.mode is SyncMode.OLD_ONLY:
            return SyncReport("resting")
        if sync.catching_up and (wait := sync.drain_seconds()):
            return SyncReport("draining", wait_seconds=wait)
        if full:
            self._begin_again()
        check_answered(self._control)
        if self._is_with_workers(sync):
            return SyncReport("unfinished", notice=WITH_WORKERS)
        deadline = self._clock() + round(budget_seconds * 1000)
        run = self._run(sync, progress)
        with self._stopping(run):
            return run.until(deadline)

    def answer(self) -> None:
        """Accept the old readings as they are: clear the stop, and begin the full comparison again with counts of 0.

        A mass deletion still stops it. Nothing is done outside ``dual_write``.
        """
        if self._control.stop() and self._control.state().mode is SyncMode.DUAL_WRITE:
            self._begin_again()

    def in_ranges(self) -> Jobs:
        """The full difference, as workers make it: one position, one count of deletions, one id for the way back."""
        job = RangeJob(self._may_compare, self._comparing, self._started, self._compared, self._overtaken)
        return {Walk.SYNC: job}

    def _may_compare(self) -> SyncState:
        sync = self._control.state()
        if sync.mode is not SyncMode.DUAL_WRITE:
            raise SyncModeError(f"the mode is {sync.mode}: nothing is carried over from one side to the other")
        sync.check_drained()
        check_answered(self._control)
        return sync

    def _started(self, fan_out: FanOut) -> None:
        """The position comes first, as for one process; nobody else makes this difference."""
        run = self._run(self._control.state())
        with self._stopping(run):
            position = self._feed.position()
            run.prepare()
        difference = FullDifference(fan_out.since, by=fan_out.id)
        self._control.save_sync_progress(SyncProgress(position, difference))

    def _comparing(self, fan_out: FanOut) -> Look:
        count = partial(self._control.count_difference, fan_out.id)
        repair = RepairRun(f"sync-{to_datetime(fan_out.started):%Y%m%d-%H%M%S}-{fan_out.id[:4]}")

        def look(meters: Sequence[MeterKey], sync: SyncState) -> Verification:
            _, deleted = count(0, 0)  # somebody else may make the difference by now
            run = self._run(sync, repair=repair)
            run.report = replace(run.report, deleted=deleted)  # there is one way back from what all of them delete
            with self._stopping(run):
                run.mend(((meter, Selection()) for meter in meters), JobDeletions(count=count))
            return Verification(sync.mode, len(meters))

        return look

    def _compared(self, _: Verification, fan_out: FanOut) -> None:
        """The sides are equal, as behind the last meter of one process; a mode that began since catches up itself."""
        progress, sync = self._control.sync_progress(), self._control.state()
        if progress.difference is None or progress.difference.by != fan_out.id:
            return
        if sync.since != fan_out.since:
            return
        if sync.catching_up:
            self._control.caught_up(sync)
        self._control.save_sync_progress(replace(progress, difference=None))

    def _overtaken(self, fan_out: FanOut) -> str | None:
        """Why its ranges write nothing any more: one process, or a person's repair, has compared all meters since."""
        difference = self._control.sync_progress().difference
        return None if difference is not None and difference.by == fan_out.id else ANOTHER_DIFFERENCE

    def _is_with_workers(self, sync: SyncState) -> bool:
        """Whether workers make the full difference just now; after an hour they do not any more."""
        difference, fan_out = self._control.sync_progress().difference, self._fan_outs.fan_out(Walk.SYNC)
        if difference is None or fan_out is None or difference.by != fan_out.id or fan_out.finished:
            return False
        return why_past(fan_out, sync, fan_out.code) is None

    def _run(self, sync: SyncState, progress: Progress = lambda _: None, repair: RepairRun | None = None) -> "_Run":
        repair = repair or new_run("sync", self._clock())
        return _Run(self._control, self._twins, self._feed, self._publisher, self._clock, sync, progress, repair)

    @contextmanager
    def _stopping(self, run: "_Run") -> Iterator[None]:
        """Remember why the job stops, until a person has answered. Raises SyncStoppedError."""
        try:
            yield
        except SyncStoppedError as error:
            why = f"{error}{run.way_back}"
            self._control.save_stop(SyncStop(self._clock(), why))
            raise SyncStoppedError(why) from error

    def _begin_again(self) -> None:
        self._control.save_sync_progress(SyncProgress())
        self._control.answer_stop("sync --full", self._clock())


@dataclass
class _Run:
    """One run of the job. Every step ends with a position and a checkpoint that belong together."""

    control: SyncControl
    twins: ReconciliationRepository
    feed: ChangeFeed
    publisher: EventPublisher
    clock: Clock
    sync: SyncState
    progress: Progress
    repair: RepairRun
    moment: Moment | None = None
    report: SyncReport = field(default_factory=lambda: SyncReport("unfinished"))

    def __post_init__(self) -> None:
        self.report = replace(self.report, run=self.repair.id)

    def until(self, deadline: int) -> SyncReport:
        """Step by step, as long as there is something to do and time for it."""
        progress = self.control.sync_progress()
        if progress.unreadable:
            progress = self._beginning_at_the_start()
        elif progress.position is None or self._starts_again(progress.difference):
            progress = self._beginning()
        while self.report.state != "synced" and self.clock() < deadline:
            progress = self._step(progress)
            self.control.save_sync_progress(progress)
            self.progress(self.report)
        return self.report

    @property
    def way_back(self) -> str:
        """What brings back the few that a run has deleted before it stopped; nothing where it deleted none."""
        deleted = self.report.deleted
        return f". Before that it deleted {deleted}; first bring them back: {UNDO} {self.repair.id}" if deleted else ""

    def _starts_again(self, difference: FullDifference | None) -> bool:
        """One difference per change of mode; one that was begun before the change counts for nothing."""
        if difference is None:
            return self.sync.catching_up is not None
        return difference.since != self.sync.since

    def _beginning(self) -> SyncProgress:
        """The position comes first: what changes while the meters are compared is read afterwards."""
        return SyncProgress(self.feed.position(), FullDifference(self.sync.since))

    def _beginning_at_the_start(self) -> SyncProgress:
        """Nobody knows what has happened since the last run. The new position lies behind the earlier moment."""
        self.moment = None
        self.report = replace(self.report, notice=POSITION_LOST)
        return self._beginning()

    def _step(self, progress: SyncProgress) -> SyncProgress:
        if progress.difference is not None:
            return self._compare(progress, progress.difference)
        self.moment = self.moment or self.feed.moment()
        changes = self.feed.read(progress.position, CHANGES_AT_ONCE, self.moment)
        return self._beginning_at_the_start() if changes is None else self._follow(changes)

    def _compare(self, progress: SyncProgress, difference: FullDifference) -> SyncProgress:
        """A few more meters; after the last one the sides are equal, and nobody has to be believed any more."""
        if difference.after is None:
            self.prepare()
        meters = list(islice(self.twins.meters(difference.after), METERS_AT_ONCE))
        deletions = JobDeletions(difference.written, difference.deleted)
        self.mend(((meter, Selection()) for meter in meters), deletions)
        self.report = replace(self.report, full_difference=True, meters=self.report.meters + len(meters))
        if meters:
            counts = {"written": deletions.written, "deleted": deletions.deleted}
            return replace(progress, difference=replace(difference, after=meters[-1], by=None, **counts))
        if self.sync.catching_up:
            self.control.caught_up(self.sync)
        return replace(progress, difference=None)

    def prepare(self) -> None:
        """What comes before the first meter. Raises SyncStoppedError."""
        self._check_not_gone()
        self.twins.quarantine()

    def _check_not_gone(self) -> None:
        """Stop before the first meter where most of the side that is believed is gone: many small ones add up."""
        believed = self.sync.authoritative
        here, there = (self.twins.count_readings(side) for side in (believed, other_side(believed)))
        if there - here > DELETES_UNASKED and here * 2 < there:
            raise SyncStoppedError(
                f"the {believed} side has {here} documents, the other one {there}: most of it is gone, and the job "
                f"deletes nothing by itself. Look at it: {REPAIR}; then say which side is right: {ANSWERS}"
            )

    def _follow(self, changes: Changes) -> SyncProgress:
        """What another application has changed, and the echoes of our own writes; first what nobody can read of it."""
        self.twins.quarantine(changes.ids)
        work = (
            (meter, Selection(ids=tuple(ids[first : first + READINGS_AT_ONCE])))
            for meter, ids in self.twins.owners(changes.ids).items()
            for first in range(0, len(ids), READINGS_AT_ONCE)
        )
        self.mend(work, JobDeletions())
        self.report = replace(
            self.report,
            state="synced" if changes.complete else "unfinished",
            changes=self.report.changes + len(changes.ids),
            lag_seconds=0.0 if changes.at is None else max(0.0, (self.clock() - changes.at) / 1000),
        )
        return SyncProgress(changes.position)

    def mend(self, work: Iterable[tuple[MeterKey, Selection]], deletions: JobDeletions) -> None:
        """Compare and write; one event per meter that something was written of, also where the job stops."""
        written: dict[MeterKey, Reconciled] = {}
        try:
            for meter, selection in work:
                done = deletions.reconciled(partial(self.twins.reconcile, meter, selection, self.repair))
                self.report = self.report.plus(done)
                if done.source_version:
                    written[meter] = _together(written.get(meter, done), done)
        finally:
            self.publisher.publish([self._event(meter, done) for meter, done in written.items()])

    def _event(self, meter: MeterKey, done: Reconciled) -> EnergyReadingsSynced:
        user_id, energy_type = meter
        change = change_of(energy_type, done.source_version, done.first, done.last)
        return EnergyReadingsSynced(occurred_at=to_datetime(self.clock()), user_id=user_id, meter=change)


def _together(before: Reconciled, after: Reconciled) -> Reconciled:
    """Two reconciliations of one meter as one event: the later version, the range of both."""
    return replace(after, first=min(before.first, after.first), last=max(before.last, after.last))
