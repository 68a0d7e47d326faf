"""The sync mode: which of the two sides, the collections of readings, is written and believed.

``old_only`` <-> ``dual_write`` <-> ``new_only``. In ``dual_write`` every write goes to both in one transaction, so a
component can be switched either way at any time and nothing disappears. The mode is state of the data and lives with
it. What lives here: its values. What does not: who may change it (``migration.sync.mode_changes``).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import SyncModeError


def drain_of(lifetime_seconds: int) -> int:
    """How long after a change of mode a transaction that read the mode before may still commit, in seconds.

    The server ends transactions that have lived longer than its limit, but it looks for them only every half of that
    limit: until then they may commit (seen on a server).
    """
    return ceil(lifetime_seconds * 1.5) + 1


DRAIN_SECONDS = drain_of(60)  # MongoDB's default limit: where the server does not say its own


class Side(StrEnum):
    """The two collections of readings: twins share their ``_id``."""

    OLD = "old"
    NEW = "new"


def other_side(side: Side) -> Side:
    """The side of the twin."""
    return Side.OLD if side is Side.NEW else Side.NEW


class SyncMode(StrEnum):
    """The three states of the data; only neighbours may follow each other."""

    OLD_ONLY = "old_only"
    DUAL_WRITE = "dual_write"
    NEW_ONLY = "new_only"


_WRITES = {
    SyncMode.OLD_ONLY: (Side.OLD,),
    SyncMode.DUAL_WRITE: (Side.OLD, Side.NEW),
    SyncMode.NEW_ONLY: (Side.NEW,),
}


@dataclass(frozen=True, slots=True)
class SyncState:
    """The mode and since when (UTC milliseconds). A database without any trace of us is ``old_only``.

    ``catching_up`` names the side that alone was written before ``dual_write``: it stays right until, after the drain,
    a full difference has brought the other one up to it. ``full_drain_seconds``: how long the drain takes from then on.

    ``since`` and ``read_at`` (when this state was read) come from the clock of the database, in one read: the clocks of
    an operator and of a function differ, and a drain that one begins and the other ends would be too short.
    """

    mode: SyncMode = SyncMode.OLD_ONLY
    since: int | None = None
    catching_up: Side | None = None
    full_drain_seconds: int = DRAIN_SECONDS
    read_at: int = field(default=0, compare=False)

    @property
    def changed_at(self) -> int | None:
        """When the mode began; None: the data began with it."""
        return self.since or None

    @property
    def writes(self) -> tuple[Side, ...]:
        """The sides that every write goes to."""
        return _WRITES[self.mode]

    @property
    def authoritative(self) -> Side:
        """The side that is right where the two differ."""
        return self.catching_up or self.writes[0]

    def reads(self, backend: Backend) -> Side:
        """The side that a backend reads: its own, as long as that is written and complete."""
        own = Side(backend)
        complete = own in self.writes and self.catching_up is None
        return own if complete else self.authoritative

    def drain_seconds(self) -> float:
        """How long until no transaction of the mode before can commit any more; 0 when drained."""
        if self.since is None:
            return 0.0
        return max(0.0, self.full_drain_seconds - (self.read_at - self.since) / 1000)

    def check_drained(self) -> None:
        """Raise SyncModeError while a transaction of the mode before may still commit."""
        if remaining := self.drain_seconds():
            raise SyncModeError(
                f"writes that began in the mode before {self.mode} may still arrive: wait {ceil(remaining)} s"
            )

    def changed(self, wanted: SyncMode, full_drain_seconds: int = DRAIN_SECONDS) -> "SyncState":
        """The state after a change of mode, which begins when it is stored.

        On the way to ``dual_write`` the side written so far stays right.
        """
        right = self.authoritative if wanted is SyncMode.DUAL_WRITE else None
        return SyncState(wanted, None, right, full_drain_seconds)


@dataclass(frozen=True, slots=True)
class ModeChange:
    """One change of the sync mode: to what, when, why and by whom (None in records from before that was kept).

    ``catching_up``: the side that was right since then, until both were equal.
    """

    mode: SyncMode
    at: int
    reason: str
    by: str | None = None
    catching_up: Side | None = None
