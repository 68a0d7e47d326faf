"""Changing the sync mode (``domain.backends.sync_mode``): what may follow what, and what the mode decides by itself."""

from typing import Any

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.migration.records.decision import Decision, Reason

ReadingKey = Any  # the store's own id of a reading, equal on both sides
KEPT_CHANGES = 100  # of the mode: the newest
# A read of the database per decision would cost more than the decision. Only reads are routed by the mode before for
# this long: writes go where the mode in their transaction says, whichever backend takes them.
MODE_MS = 1_000
_ORDER = tuple(SyncMode)


def decided_by(sync: SyncState) -> Decision | None:
    """What the sync mode decides by itself: everything old, everything new, or None for the flags to decide.

    On the way from ``old_only`` to ``dual_write`` the new side is not complete until it has caught up.
    """
    if sync.mode is SyncMode.OLD_ONLY:
        return Decision(Backend.OLD, Reason.OLD_ONLY)
    if sync.mode is SyncMode.NEW_ONLY:
        return Decision(Backend.NEW, Reason.NEW_ONLY)
    return Decision(Backend.OLD, Reason.CATCHING_UP) if sync.catching_up is Side.OLD else None


def check_change(current: SyncMode, wanted: SyncMode) -> None:
    """Raise SyncModeError unless ``wanted`` is a neighbour of ``current``."""
    if current is wanted:
        raise SyncModeError(f"the mode is {current} already")
    if abs(_ORDER.index(current) - _ORDER.index(wanted)) != 1:
        raise SyncModeError(
            f"the mode is {current}; {wanted} cannot follow it directly, the order is {' <-> '.join(_ORDER)}"
        )
