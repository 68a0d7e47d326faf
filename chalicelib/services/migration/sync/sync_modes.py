"""Showing, changing and recovering the sync mode: only to a neighbour, and only when nothing can get lost by it.

Towards ``dual_write`` the new state names the side that was written alone: that side stays right until the sync job has
brought the other one up to it, after the drain, when nobody can write by the mode before any more. Away from it the
side that goes on must be complete.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.backends.sync_mode import (
    DRAIN_SECONDS,
    ModeChange,
    Side,
    SyncMode,
    SyncState,
    drain_of,
    other_side,
)
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.migration.sync.mode_changes import check_change
from chalicelib.domain.migration.sync.reconciliation import SyncControl, SyncStop
from chalicelib.domain.migration.sync.recovery import recovered
from chalicelib.domain.migration.sync.repairs import DELETES_UNASKED
from chalicelib.domain.migration.sync.repairs import REPAIR as LOOK
from chalicelib.domain.operating import checked_reason
from chalicelib.domain.readings import moment
from chalicelib.services.migration.sync.runs import check_answered

CATCH_UP = "python -m infra sync"
REPAIR = "python -m infra repair --apply"
# How many documents differ between the sides, after a comparison of all of them.
CountDifferences = Callable[[], int]
# Whether both sides hold the same readings, in no mode at all.
SidesAreEqual = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class ModeReport:
    """The mode, how long its drain still takes, how it came about, and why the sync job stopped, where it did."""

    state: SyncState
    drain_seconds: float
    changes: Sequence[ModeChange]
    stop: SyncStop | None = None

    def as_document(self) -> dict[str, Any]:
        """The members, for programs."""
        state = self.state
        return {
            "mode": state.mode.value,
            "since": None if state.changed_at is None else moment(state.changed_at),
            "authoritative": state.authoritative.value,
            "catchingUp": state.catching_up and state.catching_up.value,
            "drainSeconds": round(self.drain_seconds, 1),
            "stopped": self.stop and self.stop.reason,
            "changes": [
                {"mode": item.mode.value, "at": moment(item.at), "reason": item.reason, "by": item.by}
                for item in self.changes
            ],
        }


class SyncModeService:
    """What the operator's command ``mode`` does."""

    def __init__(
        self,
        control: SyncControl,
        count_differences: CountDifferences,
        sides_are_equal: SidesAreEqual,
        count_readings: Callable[[Side], int],
    ) -> None:
        self._control = control
        self._count_differences = count_differences
        self._sides_are_equal = sides_are_equal
        self._count_readings = count_readings

    def show(self) -> ModeReport:
        """The mode now. Raises UnavailableError."""
        state = self._control.state()
        return ModeReport(state, state.drain_seconds(), self._control.changes(), self._control.stop())

    def set(
        self,
        wanted: SyncMode,
        reason: str,
        by: str | None = None,
        count_differences: CountDifferences | None = None,
    ) -> SyncState:
        """Change the mode; returns the state that writes follow from now on.

        ``count_differences``: who compares all documents, where that is needed; None: this process.

        Raises:
            InvalidInputError: there is no reason.
            SyncModeError: the change is not allowed, or somebody else has changed the mode meanwhile.
            SyncStoppedError: the sync job is stopped, and nobody has said which side is right.
            UnavailableError: the database did not answer in time, or the mode is lost.
        """
        why = checked_reason(reason)
        before = self._control.state()
        check_change(before.mode, wanted)
        check_answered(self._control)
        if before.mode is SyncMode.DUAL_WRITE:
            kept = Side.OLD if wanted is SyncMode.OLD_ONLY else Side.NEW
            self._check_complete(before, kept, count_differences or self._count_differences)
        after = before.changed(wanted, self._full_drain_seconds())
        return _stored(self._control.change(before, after, why, by))

    def recover(self, wanted: SyncMode | None, reason: str, by: str | None = None) -> SyncState:
        """Write a lost mode again, as history and data say or as ``wanted`` says; its drain begins now.

        Raises:
            InvalidInputError: there is no reason.
            SyncModeError: the mode is not lost; or history and data do not say which one it was.
            UnavailableError: the database did not answer in time.
        """
        why = checked_reason(reason)
        remains = self._control.remains()
        if remains is None:
            raise SyncModeError("the mode is not lost, nothing to recover; look at it: python -m infra mode show")
        after = replace(
            recovered(remains, wanted, self._sides_are_equal), full_drain_seconds=self._full_drain_seconds()
        )
        return _stored(self._control.recover(remains, after, why, by))

    def _check_not_shrunken(self, kept: Side) -> None:
        """The authoritative side has everything, unless much of it was lost: readers would see what is left."""
        here, there = (self._count_readings(side) for side in (kept, other_side(kept)))
        if there - here > DELETES_UNASKED:
            raise SyncModeError(
                f"the {kept} side goes on alone, and it has {here} documents, the other one {there}; look at it: {LOOK}"
            )

    def _full_drain_seconds(self) -> int:
        lifetime = self._control.transaction_seconds()
        return DRAIN_SECONDS if lifetime is None else drain_of(lifetime)

    def _check_complete(self, state: SyncState, kept: Side, count_differences: CountDifferences) -> None:
        """The side that goes on alone must have everything. The authoritative one always has."""
        if state.catching_up is not None and state.catching_up is not kept:
            raise SyncModeError(f"the {kept} side still catches up with the {state.catching_up} one; first: {CATCH_UP}")
        if state.authoritative is kept:
            self._check_not_shrunken(kept)
            return
        state.check_drained()
        if differing := count_differences():
            raise SyncModeError(
                f"the {kept} side is not complete, verify finds differences ({differing}); first: {REPAIR}"
            )


def _stored(state: SyncState | None) -> SyncState:
    if state is None:
        raise SyncModeError("somebody else has changed the mode meanwhile; look at it again: python -m infra mode show")
    return state
