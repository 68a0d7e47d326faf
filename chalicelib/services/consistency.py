"""Verify and repair: are both sides equal, and does the display show what a fresh calculation gives?

A meter that the display lags behind is no difference: somebody will refresh it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from chalicelib.domain.ports import (
    Clock,
    DataType,
    DisplayDataRepository,
    DisplayDocument,
    MeterSnapshot,
    ReadingQueries,
    Transactions,
)
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync import Side, SyncMode, SyncState
from chalicelib.domain.twins import (
    Finding,
    MeterKey,
    Selection,
    SyncControl,
    TwinRepository,
    Verification,
    Verified,
    VerifyProgress,
)
from chalicelib.services.calculation import DisplayDataCalculationService, documents_of
from chalicelib.services.configuration import touch_all
from chalicelib.services.views import series_of

View = tuple[DataType, int | None]
Views = Mapping[View, DisplayDocument]
Progress = Callable[[Verification], None]
DISPLAY = "display_energy_data"
METERS_AT_ONCE = 100
KEPT_FINDINGS = 1_000
RESUMED_WITHIN_MS = 3_600_000  # an interrupted comparison says something about the present for a while only


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares meters as they are now."""

    twins: TwinRepository
    queries: ReadingQueries
    display: DisplayDataRepository
    clock: Clock

    def sides(self, meters: Sequence[MeterKey], sync: SyncState) -> Iterator[Finding]:
        """The readings that differ; documents are read only where the digests differ. One side rests: none can."""
        if sync.mode is not SyncMode.DUAL_WRITE:
            return
        users = {user_id for user_id, _ in meters}
        old, new = (self.twins.digests(side, users) for side in Side)
        for meter in meters:
            if old.get(meter) != new.get(meter):
                yield from self.twins.differences(meter)

    def shown(self, meter: MeterKey) -> list[Finding] | None:
        """The display documents that differ; None where the display lags or was refreshed meanwhile."""
        snapshot = self.queries.snapshot(*meter, Side.NEW)
        if Side.NEW not in snapshot.sync.writes:
            return []
        stored = {(document.data_type, document.year): document for document in self.twins.displayed(meter)}
        now_shown = self.display.state(*meter).display_version
        if snapshot.state.stale or now_shown != snapshot.state.display_version:
            return None
        fresh = self._fresh(snapshot)
        wrong = [view for view in {**stored, **fresh} if _differs(view, stored, fresh, snapshot)]
        return [_finding(meter, view, stored, fresh) for view in wrong]

    def _fresh(self, snapshot: MeterSnapshot) -> Views:
        documents = documents_of(snapshot, series_of(snapshot), None, self.clock())
        return {(document.data_type, document.year): document for document in documents}


class ConsistencyService:
    """What the operator's commands ``verify`` and ``repair`` do."""

    def __init__(
        self,
        control: SyncControl,
        comparison: Comparison,
        transactions: Transactions,
        calculation: DisplayDataCalculationService,
    ) -> None:
        self._control = control
        self._comparison = comparison
        self._twins = comparison.twins
        self._transactions = transactions
        self._calculation = calculation
        self._clock = comparison.clock

    def verify(
        self, user_id: str | None = None, progress: Progress = lambda _: None, *, restart: bool = False
    ) -> Verification:
        """Compare all meters, or those of one user; a comparison of all that was interrupted is taken up again.

        Raises:
            SyncModeError: writes of the mode before may still arrive.
            UnavailableError: the database did not answer in time; the next call goes on.
        """
        sync = self._drained()
        if user_id is not None:
            return _plus(Verification(sync.mode), self._look_at(_meters_of(user_id), sync))
        started, seen = self._taken_up(sync, restart)
        for page in self._pages(seen.resumed):
            seen = _plus(seen, self._look_at(page, sync))
            self._control.save_verify_progress(VerifyProgress(started, sync.since, page[-1], seen))
            progress(seen)
        self._control.save_verify_progress(None)
        self._control.save_verified(Verified(self._clock(), sync.since, seen.meters, seen.lagging, seen.differences))
        return seen

    def count_differences(self) -> int:
        """How many documents differ, by a comparison of everything as it is now."""
        return self.verify(restart=True).differences

    def repair(
        self, user_id: str | None = None, progress: Progress = lambda _: None
    ) -> tuple[Verification, Verification]:
        """Mend what differs from the authoritative side; returns what was found, and what differs all the same.

        Raises:
            SyncModeError, UnavailableError: as for ``verify``.
        """
        sync = self._drained()
        found = left = Verification(sync.mode)
        for page in self._pages(None) if user_id is None else [_meters_of(user_id)]:
            here = self._look_at(page, sync)
            damaged = sorted({(finding.user_id, finding.type) for finding in here.findings})
            for meter in damaged:
                self._mend(meter)
            found = _plus(found, here)
            left = _plus(left, self._look_at(damaged, sync))
            progress(found)
        return found, left

    def _drained(self) -> SyncState:
        sync = self._control.state()
        if sync.mode is not SyncMode.OLD_ONLY:
            sync.check_drained(self._clock())
        return sync

    def _taken_up(self, sync: SyncState, restart: bool) -> tuple[int, Verification]:
        """What an interrupted comparison has seen, unless that is long ago or in another mode."""
        before, now = self._control.verify_progress(), self._clock()
        if before is None or restart or before.since != sync.since or now - before.started > RESUMED_WITHIN_MS:
            return now, Verification(sync.mode)
        return before.started, replace(before.seen, resumed=before.after)

    def _pages(self, after: MeterKey | None) -> Iterator[list[MeterKey]]:
        meters = self._twins.meters(after)
        while page := list(islice(meters, METERS_AT_ONCE)):
            yield page

    def _look_at(self, meters: Sequence[MeterKey], sync: SyncState) -> Verification:
        """The sides first: where they differ, the display need not be asked, because mending calculates it anew."""
        findings = list(self._comparison.sides(meters, sync))
        differing = {(finding.user_id, finding.type) for finding in findings}
        shown = [self._comparison.shown(meter) for meter in meters if meter not in differing]
        findings += [finding for found in shown for finding in found or ()]
        return Verification(sync.mode, len(meters), shown.count(None), len(findings), tuple(findings))

    def _mend(self, meter: MeterKey) -> None:
        """Make the twins equal, and every figure anew, whichever of the two was damaged."""
        user_id, energy_type = meter
        self._twins.reconcile(meter, Selection())
        self._transactions.run(user_id, lambda transaction: touch_all(transaction, energy_type, self._clock()))
        self._calculation.refresh(user_id, energy_type)


def _meters_of(user_id: str) -> list[MeterKey]:
    return [(user_id, energy_type) for energy_type in EnergyType]


def _plus(seen: Verification, more: Verification) -> Verification:
    return replace(
        seen,
        meters=seen.meters + more.meters,
        lagging=seen.lagging + more.lagging,
        differences=seen.differences + more.differences,
        findings=(*seen.findings, *more.findings)[:KEPT_FINDINGS],
    )


def _differs(view: View, stored: Views, fresh: Views, snapshot: MeterSnapshot) -> bool:
    """A meter without readings need not have documents."""
    if view not in stored:
        return bool(snapshot.readings)
    return view not in fresh or stored[view].data != fresh[view].data


def _finding(meter: MeterKey, view: View, stored: Views, fresh: Views) -> Finding:
    user_id, energy_type = meter
    data_type, year = view
    document = f"{user_id}|{energy_type}|{data_type}|{'-' if year is None else year}"
    if view not in stored:
        return Finding(user_id, energy_type, DISPLAY, document, "is missing")
    problem = "shows something else than a fresh calculation" if view in fresh else "should not be there"
    return Finding(user_id, energy_type, DISPLAY, document, problem)
