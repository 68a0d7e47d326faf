"""Verify and repair: are both sides equal, and does the display show what a fresh calculation gives?

A meter that the display lags behind is no difference: somebody will refresh it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState, other_side
from chalicelib.domain.errors import MassDeletionError, SyncModeError, UnavailableError
from chalicelib.domain.meters.fan_out import FanOut, FanOutRecords
from chalicelib.domain.meters.walks import Finding, Verification, Walk
from chalicelib.domain.migration.sync.change_feed import ChangeFeed
from chalicelib.domain.migration.sync.reconciliation import (
    UNNAMED,
    FullDifference,
    Reconciled,
    ReconciliationRepository,
    RepairRun,
    Selection,
    SyncControl,
    SyncProgress,
    Verified,
)
from chalicelib.domain.migration.sync.repairs import REPAIR, PlannedWrites, RepairPlan
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.services.migration.sync.runs import check_answered, new_run
from chalicelib.services.refresh.display_check import DisplayCheck
from chalicelib.services.refresh.fan_out import METERS_OF_A_STEP, Jobs, RangeJob
from chalicelib.services.refresh.meter_walk import MeterWalk, Progress
from chalicelib.services.refresh.recalculation import RecalculationService

READINGS = "source_energy_readings"
# When a schedule compares again: what differs may be mended meanwhile, or another application's, on its way over.
AGAIN_MS, AGAIN_WHERE_DIFFERENT_MS = 3_600_000, 300_000
Found = Callable[[Sequence[Finding]], None]


class ConsistencyService:
    """What the operator's commands ``verify`` and ``repair`` do."""

    def __init__(
        self,
        control: SyncControl,
        twins: ReconciliationRepository,
        walk: MeterWalk,
        check: DisplayCheck,
        recalculation: RecalculationService,
        feed: ChangeFeed,
        fan_outs: FanOutRecords,
        clock: Clock,
        code: Callable[[], str] = lambda: "",
    ) -> None:
        self._control = control
        self._twins = twins
        self._walk = walk
        self._check = check
        self._recalculation = recalculation
        self._feed = feed
        self._fan_outs = fan_outs
        self._clock = clock
        self._code = code

    def verify(
        self,
        user_id: str | None = None,
        progress: Progress = lambda _: None,
        *,
        restart: bool = False,
        found: Found = lambda _: None,
    ) -> Verification:
        """Compare all meters, or those of one user; a comparison of all that was interrupted is taken up again.

        ``found`` is given every finding, page by page; what is returned holds the first of them.

        Raises:
            SyncModeError: writes of the mode before may still arrive.
            UnavailableError: the database did not answer in time; the next call goes on.
        """
        sync = self._drained()

        def look(meters: Sequence[MeterKey], sync: SyncState) -> Verification:
            here = self._look_at(meters, sync)
            found(here.findings)
            return here

        if user_id is not None:
            return self._with_unreadable(self._walk.over_one(user_id, sync, look), user_id)
        seen = self._walk.over_all(Walk.VERIFY, sync, look, progress, restart=restart)
        self._keep(seen, sync.since)
        return self._with_unreadable(seen, None)

    def in_ranges(self) -> Jobs:
        """The comparison of all meters, as workers do it."""
        return {Walk.VERIFY: RangeJob(self._drained, lambda _: self._look_at, keep=self._keep_sum)}

    def _keep_sum(self, seen: Verification, fan_out: FanOut) -> None:
        self._keep(seen, fan_out.since)

    def with_unreadable(self, seen: Verification) -> Verification:
        """What workers have seen of all meters, with what no reader can use. Raises UnavailableError."""
        return self._with_unreadable(seen, None)

    def verify_for(self, seconds: float) -> tuple[Verification, bool]:
        """Compare all meters for so long, and for as long as a page takes; the next call, or ``verify``, goes on.

        Returns what was seen so far, and whether that was everything. Raises as ``verify`` does.
        """
        sync = self._drained()
        deadline = self._clock() + round(seconds * 1000)
        steps = self._walk.steps(Walk.VERIFY, sync, self._look_at, at_once=METERS_OF_A_STEP)
        seen = next(steps)
        for seen in steps:
            if self._clock() >= deadline:
                return seen, False
        self._keep(seen, sync.since)
        return seen, True

    def verify_by_schedule(self, seconds: float) -> bool:
        """Go on for this time with a comparison of all meters, begun by anybody; begin one where the last is old.

        Returns whether it has looked at anything: not while nobody reads the new side, while writes of the mode before
        may arrive, or while one side catches up with the other. Raises UnavailableError.
        """
        sync = self._control.state()
        unsettled = sync.mode is SyncMode.OLD_ONLY or sync.catching_up or sync.drain_seconds()
        if unsettled or not self._is_due(sync):
            return False
        self.verify_for(seconds)
        return True

    def _is_due(self, sync: SyncState) -> bool:
        last = self._control.verified()
        if last is None or last.since != sync.since or last.code != self._code():
            return True
        if self._control.walk_progress(Walk.VERIFY) is not None:
            return True
        # By a clock that is far ahead, somebody has compared in times to come; two clocks never agree to the second.
        return abs(self._clock() - last.at) >= (AGAIN_WHERE_DIFFERENT_MS if last.differences else AGAIN_MS)

    def last_verified(self) -> Verified | None:
        """What the last comparison of all meters found. Raises UnavailableError."""
        return self._control.verified()

    def count_meters(self) -> int:
        """About how many meters there are, for the time left."""
        return self._twins.count_meters()

    def new_run(self) -> RepairRun:
        """A run of repair that begins now."""
        return new_run("repair", self._clock())

    def count_differences(self) -> int:
        """How many documents differ, by a comparison of everything that is stored now."""
        return self.verify(restart=True).differences

    def count_differences_within(self, seconds: float) -> int:
        """Count within a time limit; where that is not enough, the next call goes on. Raises SyncModeError."""
        seen, is_over = self.verify_for(seconds)
        if not is_over:
            raise SyncModeError(
                f"the comparison of both sides has seen {seen.meters} of about {self.count_meters()} meters; "
                "try again, it goes on where it is"
            )
        return seen.differences

    def sides_are_equal(self) -> bool:
        """Whether both sides hold the same readings, in any mode. Raises UnavailableError."""
        meters = (meter for page in self._walk.pages() for meter in self._suspicious(page))
        return not any(self._twins.differences(meter) for meter in meters)

    def plan(
        self,
        user_id: str | None = None,
        progress: Progress = lambda _: None,
        source: Side | None = None,
        found: Found = lambda _: None,
    ) -> RepairPlan:
        """What a repair would do, from the side that is believed or from ``source``. Changes nothing.

        Raises:
            SyncModeError: writes of the mode before may still arrive, or ``source`` is not complete in this mode.
            UnavailableError: the database did not answer in time.
        """
        sync = self._drained()
        run = replace(UNNAMED, source=_checked(source, sync))  # it takes nothing away
        documents = {side: self._twins.count_readings(side) for side in Side}
        rows = tuple(PlannedWrites(side, energy_type) for side in Side for energy_type in EnergyType)
        plan = RepairPlan(run.source or sync.authoritative, Verification(sync.mode), rows, documents)
        for page in self._walk.pages(user_id):
            here = self._look_at(page, sync)
            plan = plan.plus(here, list(self._planned(self._to_mend(here, page, source), run)))
            found(here.findings)
            progress(plan.found)
        return plan

    def repair(
        self,
        user_id: str | None = None,
        progress: Progress = lambda _: None,
        source: Side | None = None,
        allow_deletes: int | None = None,
        run: RepairRun | None = None,
        reason: str = "",
    ) -> tuple[Verification, Verification]:
        """Mend what differs from the believed side, or from ``source``; returns what was found, and what differs still.

        ``allow_deletes``: how many documents it may delete, as a plan has said; None: it makes a plan, and what needs a
        number is refused. What it deletes or overwrites is kept under the id of ``run``. A repair of everybody from
        ``source`` answers a stop of the sync job, with ``reason``.

        Raises:
            SyncModeError, UnavailableError: as for ``plan``.
            SyncStoppedError: the sync job is stopped, and ``source`` does not say which side is right.
        """
        sync = self._drained()
        self.check_answered(user_id, source)
        run = RepairRun((run or new_run("repair", self._clock())).id, _checked(source, sync))
        deletes = self._few_deletes(user_id, source) if allow_deletes is None else allow_deletes
        self._twins.quarantine()
        stop, position = self._control.stop(), self._feed.position()
        self._twins.prepare(other_side(run.source or sync.authoritative))
        mending = _Mending(self._twins, self._recalculation, self._check, run, deletes)
        found = left = Verification(sync.mode)
        for page in self._walk.pages(user_id):
            here = self._look_at(page, sync)
            found = found.plus(here)
            left = left.plus(self._left_after_mending(self._to_mend(here, page, source), sync, mending))
            progress(found)
        if stop and not left.differences:
            self._control.save_sync_progress(SyncProgress(position, FullDifference(sync.since)))
            self._control.answer_stop(f"{run.id} --from {source}: {reason}", self._clock())
        self._control.save_walk_progress(Walk.VERIFY, None)  # what one under way has found may be mended
        self._fan_outs.forget(Walk.VERIFY)
        return self._with_unreadable(found, user_id), self._with_unreadable(left, user_id)

    def _to_mend(self, seen: Verification, page: Sequence[MeterKey], source: Side | None) -> Sequence[MeterKey]:
        """The meters with findings; from a side that a person names, its good copies of damaged documents too."""
        damaged = {(finding.user_id, finding.type) for finding in seen.findings}
        return sorted(damaged.union(self._suspicious(page) if source else ()))

    def check_answered(self, user_id: str | None, source: Side | None) -> None:
        """Raise SyncStoppedError where the sync job is stopped, unless all is mended from a side that is named."""
        if source is None or user_id is not None:
            check_answered(self._control)

    def _few_deletes(self, user_id: str | None, source: Side | None) -> int:
        plan = self.plan(user_id, source=source)
        if plan.needs_number:
            raise SyncModeError(f"it would delete {plan.deletes} documents; {REPAIR} shows which, and what allows it")
        return plan.deletes

    def _planned(self, damaged: Sequence[MeterKey], run: RepairRun) -> Iterator[tuple[MeterKey, Reconciled]]:
        """Where a meter cannot even be compared, nothing is planned: it is among the findings."""
        for meter in damaged:
            writes = self._check.attempted(meter, partial(self._twins.plan, meter, run))
            yield meter, writes if isinstance(writes, Reconciled) else Reconciled()

    def _keep(self, seen: Verification, since: int | None) -> None:
        """Remember a comparison that came to its end, unless one that has seen more of this mode did before it."""
        counts = (seen.meters, seen.lagging, seen.differences)
        verified = Verified(
            self._clock(), since, *counts, up_to=seen.up_to, code=self._code(), calculated=seen.calculated
        )
        before = self._control.verified()
        if not verified.is_behind(before):
            self._control.save_verified(verified.after(before))

    def _drained(self) -> SyncState:
        sync = self._control.state()
        if sync.mode is not SyncMode.OLD_ONLY:
            sync.check_drained()
        return sync

    def _with_unreadable(self, seen: Verification, user_id: str | None) -> Verification:
        """Add what no reader can use: in any mode, and also where the sides were not compared."""
        return replace(seen, unreadable=self._twins.unreadable(user_id))

    def _look_at(self, meters: Sequence[MeterKey], sync: SyncState) -> Verification:
        """The sides first: where they differ, the display need not be compared, because mending calculates it again."""
        findings = list(self._different(meters, sync))
        differing = {(finding.user_id, finding.type) for finding in findings}
        shown = [self._check.findings(meter) for meter in meters if meter not in differing]
        findings += [finding for found in shown for finding in found or ()]
        return Verification(sync.mode, len(meters), shown.count(None), len(findings), tuple(findings))

    def _different(self, meters: Sequence[MeterKey], sync: SyncState) -> Iterator[Finding]:
        """The readings that differ; documents are read only where the digests differ. One side rests: none can."""
        if sync.mode is not SyncMode.DUAL_WRITE:
            return
        for meter in self._suspicious(meters):
            yield from self._check.attempted(meter, partial(self._twins.differences, meter))

    def _suspicious(self, meters: Sequence[MeterKey]) -> Sequence[MeterKey]:
        """The meters with different digests; all of them where the server takes too long to say."""
        users = {user_id for user_id, _ in meters}
        try:
            old, new = (self._twins.digests(side, users) for side in Side)
        except UnavailableError:
            self._control.state()  # raises too where the database answers nobody
            return meters
        return [meter for meter in meters if old.get(meter) != new.get(meter)]

    def _left_after_mending(self, damaged: Sequence[MeterKey], sync: SyncState, mending: "_Mending") -> Verification:
        """What still differs, and the meters that cannot be calculated."""
        failures = {meter: why for meter in damaged if (why := mending.mended(meter))}
        unmended = tuple(finding for why in failures.values() for finding in why)
        left = self._look_at([meter for meter in damaged if meter not in failures], sync)
        return left.plus(Verification(sync.mode, len(failures), 0, len(unmended), unmended))


@dataclass
class _Mending:
    """One run of repair, and how many documents it may still delete."""

    twins: ReconciliationRepository
    recalculation: RecalculationService
    check: DisplayCheck
    run: RepairRun
    deletes: int

    def mended(self, meter: MeterKey) -> list[Finding]:
        """Make the twins equal, and calculate every figure again, whichever of the two was damaged; or say why not."""

        def work() -> list[Finding]:
            try:
                done = self.twins.reconcile(meter, Selection(), self.run, self.deletes)
            except MassDeletionError as error:
                return [Finding(*meter, READINGS, "|".join(meter), f"is not mended: {error}", "not mended")]
            self.deletes -= done.deleted
            self.recalculation.renew(*meter)
            return []

        return self.check.attempted(meter, work)


def _checked(source: Side | None, sync: SyncState) -> Side | None:
    """A side that rests, or still catches up, may have nothing of what was written meanwhile."""
    if source is None:
        return None
    if sync.mode is not SyncMode.DUAL_WRITE:
        raise SyncModeError(f"the mode is {sync.mode}: one side rests, and nothing is carried over; leave out --from")
    if sync.catching_up and source is not sync.catching_up:
        raise SyncModeError(
            f"the {source} side still catches up with the {sync.catching_up} one, it lacks what was written meanwhile; "
            f"{REPAIR} --from {sync.catching_up} --apply"
        )
    return source
