"""Records that the status alone needs: drills, events that were not published, scripts that are applied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RollbackDrill:
    """A drill of a rollback: when, on which code (its digest), and what it has shown.

    ``mode``, ``shape``: the sync mode, and the shape of the flag document that was rolled back; "" in older records.
    """

    at: int
    component: str
    code: str
    writes: int
    lost_writes: int
    last_new_answer_seconds: float
    passed: bool
    mode: str = ""
    shape: str = ""


@dataclass(frozen=True, slots=True)
class NotPublished:
    """How many events did not get onto the bus lately, and since when; none: None."""

    count: int = 0
    since: int | None = None


class StatusRecords(Protocol):
    """Keeps what nobody else does. Every method but one raises UnavailableError out of time."""

    def drill(self) -> RollbackDrill | None:
        """The last drill; None: there never was one, or nobody can read it."""

    def save_drill(self, drill: RollbackDrill) -> None:
        """Remember a drill in place of the one before."""

    def not_published(self) -> NotPublished:
        """The events that were lost lately."""

    def add_not_published(self, count: int) -> None:
        """Count events that were lost. Never raises, and nobody waits for it: a write goes on behind it."""

    def open_migrations(self) -> Sequence[str]:
        """The scripts that are not applied, in order."""
