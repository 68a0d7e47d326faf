"""Rebuild: checks whether every display document is what the readings say, and calculates all of them again.

A rebuild replaces nothing by itself: it marks meters as changed from end to end and refreshes them, like any write. So
readers, writers and handlers go on meanwhile, and what an interruption leaves dirty, the sweeper refreshes.
"""

from collections.abc import Sequence
from functools import partial

from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Finding, Verification, Walk, WalkControl
from chalicelib.domain.readings import MeterKey
from chalicelib.services.refresh.display_check import DisplayCheck
from chalicelib.services.refresh.fan_out import Jobs, RangeJob
from chalicelib.services.refresh.meter_walk import Look, MeterWalk, Progress
from chalicelib.services.refresh.recalculation import RecalculationService


class RebuildService:
    """What the operator's command ``rebuild`` does. An interrupted run of each kind is taken up again."""

    def __init__(
        self, control: WalkControl, walk: MeterWalk, check: DisplayCheck, recalculation: RecalculationService
    ) -> None:
        self._control = control
        self._walk = walk
        self._check = check
        self._recalculation = recalculation

    def check(
        self, user_id: str | None = None, progress: Progress = lambda _: None, *, restart: bool = False
    ) -> Verification:
        """Compare every display document, or one user's, with a calculation from the readings. Changes nothing.

        Raises:
            SyncModeError: the mode does not write the new side, so there is nothing that could be right.
            UnavailableError: the database did not answer in time; the next call goes on.
        """
        return self._over(Walk.CHECK, self._checked, user_id, progress, restart)

    def rebuild(
        self, user_id: str | None = None, progress: Progress = lambda _: None, *, restart: bool = False
    ) -> Verification:
        """Calculate all meters again, or one user's; what is found are those that cannot be calculated.

        Raises:
            SyncModeError, UnavailableError: as for ``check``.
        """
        return self._over(Walk.REBUILD, self._rebuilt, user_id, progress, restart)

    def in_ranges(self) -> Jobs:
        """Both, as workers do them, and a refresh of every meter that lags or is outdated."""
        looks = {Walk.CHECK: self._checked, Walk.REBUILD: self._rebuilt, Walk.SWEEP: self._swept}
        return {walk: RangeJob(self._begun, partial(_any, look)) for walk, look in looks.items()}

    def _over(self, walk: Walk, look: Look, user_id: str | None, progress: Progress, restart: bool) -> Verification:
        sync = self._begun()
        if user_id is not None:
            return self._walk.over_one(user_id, sync, look)
        return self._walk.over_all(walk, sync, look, progress, restart=restart)

    def _begun(self) -> SyncState:
        sync = self._control.state()
        if Side.NEW not in sync.writes:
            raise SyncModeError(f"the mode is {sync.mode}: nothing is shown from display documents, and none are kept")
        return sync

    def _checked(self, meters: Sequence[MeterKey], sync: SyncState) -> Verification:
        found = [self._check.findings(meter) for meter in meters]
        findings = tuple(finding for each in found for finding in each or ())
        return Verification(sync.mode, len(meters), found.count(None), len(findings), findings)

    def _rebuilt(self, meters: Sequence[MeterKey], sync: SyncState) -> Verification:
        findings = tuple(finding for meter in meters for finding in self._renewed(meter))
        return Verification(sync.mode, len(meters), 0, len(findings), findings)

    def _swept(self, meters: Sequence[MeterKey], sync: SyncState) -> Verification:
        findings = tuple(finding for meter in meters for finding in self._refreshed(meter))
        return Verification(sync.mode, len(meters), 0, len(findings), findings)

    def _refreshed(self, meter: MeterKey) -> list[Finding]:
        """Refresh a meter where that is due; returns why not, where that cannot be done."""

        def work() -> list[Finding]:
            self._recalculation.catch_up(*meter)
            return []

        return self._check.attempted(meter, work)

    def _renewed(self, meter: MeterKey) -> list[Finding]:
        """Calculate a meter again; returns why not, where that cannot be done: once marked, it stays dirty then."""

        def work() -> list[Finding]:
            self._recalculation.renew(*meter)
            return []

        return self._check.attempted(meter, work)


def _any(look: Look, _: FanOut) -> Look:
    """The same for every walk."""
    return look
