"""Readiness: whether the data allow anybody to be sent to the new backend now.

Nothing goes above 0, test users included, before both sides are written, no write of the mode before can still come,
and a comparison of all meters since then has found no difference.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import RolloutError
from chalicelib.domain.migration.sync.reconciliation import SyncControl, Verified
from chalicelib.domain.operating import COMMAND, Obstacle
from chalicelib.domain.readings import moment


def overruled(sync: SyncState) -> str | None:
    """Why everybody gets the new backend against the flags, and the way out; None where they do not."""
    if sync.mode is not SyncMode.NEW_ONLY:
        return None
    return (
        "the mode is new_only: everybody gets the new backend whatever the flags say; "
        f"first: {COMMAND} mode set dual_write --wait"
    )


@dataclass(frozen=True, slots=True)
class Readiness:
    """The sync mode, the rest of its drain, and the last verify."""

    sync: SyncState
    drain_seconds: float
    verified: Verified | None

    @classmethod
    def of(cls, control: SyncControl) -> "Readiness":
        """Read the present state. Raises UnavailableError."""
        state = control.state()
        return cls(state, state.drain_seconds(), control.verified())

    def check(self) -> None:
        """Raise RolloutError, with what to do first, unless the new backend may answer somebody."""
        if problem := self.problem():
            raise RolloutError(problem)

    def problem(self) -> str | None:
        """Why nobody may be sent to the new backend yet, in a sentence."""
        found = self.obstacle()
        return None if found is None else str(found)

    def obstacle(self) -> Obstacle | None:
        """What comes before anybody may be sent to the new backend."""
        if self.sync.mode is SyncMode.OLD_ONLY:
            wanted = f"{COMMAND} mode set dual_write --wait"
            return Obstacle("the mode is old_only, the new side gets no writes", wanted)
        if self.drain_seconds:
            wait = f"writes of the mode before may still arrive: wait {ceil(self.drain_seconds)} s"
            return Obstacle(wait, f"{COMMAND} mode show", passes=True)
        if self.sync.catching_up is not None:
            return Obstacle("the sides are not equal yet after the change of mode", f"{COMMAND} sync")
        if self.verified is None or self.verified.since != self.sync.since:
            return Obstacle(f"nobody has compared the sides since the mode is {self.sync.mode}", f"{COMMAND} verify")
        if self.verified.differences:
            found = f"the last verify found differences ({self.verified.differences}): mend them, then verify"
            return Obstacle(found, f"{COMMAND} repair")
        return None

    def as_document(self) -> dict[str, Any]:
        """Convert to the record that is kept with a change."""
        verified = self.verified
        return {
            "mode": self.sync.mode.value,
            "since": None if self.sync.since is None else moment(self.sync.since),
            "drainSeconds": round(self.drain_seconds, 1),
            "catchingUp": self.sync.catching_up and self.sync.catching_up.value,
            "verified": verified
            and {
                "at": moment(verified.at),
                "meters": verified.meters,
                "lagging": verified.lagging,
                "differences": verified.differences,
            },
        }
