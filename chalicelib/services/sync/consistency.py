"""Verify and repair: are both sides equal, and does the display show what a fresh calculation gives?

A meter that the display lags behind is no difference: somebody will refresh it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.ports import Clock
from chalicelib.domain.sync.modes import Side, SyncMode, SyncState
from chalicelib.domain.sync.reconciliation import (
    Finding,
    MeterKey,
    ReconciliationRepository,
    Selection,
    SyncControl,
    Verification,
    Verified,
    Walk,
)
from chalicelib.services.refresh.display_check import DisplayCheck
from chalicelib.services.refresh.meter_walk import MeterWalk, Progress
from chalicelib.services.refresh.recalculation import RecalculationService


class ConsistencyService:
    """What the operator's commands ``verify`` and ``repair`` do."""

    def __init__(
        self,
        control: SyncControl,
        twins: ReconciliationRepository,
        walk: MeterWalk,
        check: DisplayCheck,
        recalculation: RecalculationService,
        clock: Clock,
    ) -> None:
        self._control = control
        self._twins = twins
        self._walk = walk
        self._check = check
        self._recalculation = recalculation
        self._clock = clock

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
            return self._with_unreadable(self._walk.over_one(user_id, sync, self._look_at), user_id)
        seen = self._walk.over_all(Walk.VERIFY, sync, self._look_at, progress, restart=restart)
        self._control.save_verified(Verified(self._clock(), sync.since, seen.meters, seen.lagging, seen.differences))
        return self._with_unreadable(seen, None)

    def count_differences(self) -> int:
        """How many documents differ, by a comparison of everything as it is now."""
        return self.verify(restart=True).differences

    def sides_are_equal(self) -> bool:
        """Whether both sides hold the same readings, in whatever mode. Raises UnavailableError."""
        meters = (meter for page in self._walk.pages() for meter in self._suspicious(page))
        return not any(self._twins.differences(meter) for meter in meters)

    def repair(
        self, user_id: str | None = None, progress: Progress = lambda _: None
    ) -> tuple[Verification, Verification]:
        """Mend what differs from the authoritative side; returns what was found, and what differs all the same.

        Raises:
            SyncModeError, UnavailableError: as for ``verify``.
        """
        sync = self._drained()
        self._twins.quarantine()
        found = left = Verification(sync.mode)
        for page in self._walk.pages(user_id):
            here = self._look_at(page, sync)
            damaged = sorted({(finding.user_id, finding.type) for finding in here.findings})
            found = found.plus(here)
            left = left.plus(self._left_after_mending(damaged, sync))
            progress(found)
        return self._with_unreadable(found, user_id), self._with_unreadable(left, user_id)

    def _drained(self) -> SyncState:
        sync = self._control.state()
        if sync.mode is not SyncMode.OLD_ONLY:
            sync.check_drained()
        return sync

    def _with_unreadable(self, seen: Verification, user_id: str | None) -> Verification:
        """With what no reader can use, whatever the mode, and whether the sides were compared or not."""
        return replace(seen, unreadable=self._twins.unreadable(user_id))

    def _look_at(self, meters: Sequence[MeterKey], sync: SyncState) -> Verification:
        """The sides first: where they differ, the display need not be asked, because mending calculates it anew."""
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

    def _left_after_mending(self, damaged: Sequence[MeterKey], sync: SyncState) -> Verification:
        """What differs all the same, and the meters that cannot be calculated."""
        failures = {meter: why for meter in damaged if (why := self._mended(meter))}
        unmended = tuple(finding for why in failures.values() for finding in why)
        left = self._look_at([meter for meter in damaged if meter not in failures], sync)
        return left.plus(Verification(sync.mode, len(failures), 0, len(unmended), unmended))

    def _mended(self, meter: MeterKey) -> list[Finding]:
        """Make the twins equal, and every figure anew, whichever of the two was damaged; returns why not."""

        def work() -> list[Finding]:
            self._twins.reconcile(meter, Selection())
            self._recalculation.renew(*meter)
            return []

        return self._check.attempted(meter, work)
