"""The parts of the calendar. Instants are UTC milliseconds."""

from dataclasses import dataclass
from enum import StrEnum

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
LONGEST_BROWN_OUT_MS = DAY_MS


class Phase(StrEnum):
    """How far version 1 has come."""

    SILENT = "silent"
    ANNOUNCED = "announced"
    DEPRECATED = "deprecated"
    BROWN_OUT = "brown_out"
    SUNSET = "sunset"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long before its end, and before the first brown-out, people must know of it.

    ``own_quiet_ms``: how long our own page and components must have made no call before a brown-out begins.
    ``shortest_ms``: how long a brown-out takes at least; functions read the calendar every ten seconds.
    ``apart_ms``: how long version 1 answers between two of them.
    """

    notice_ms: int
    brown_out_notice_ms: int
    own_quiet_ms: int
    shortest_ms: int
    apart_ms: int


USUAL = Terms(28 * DAY_MS, 7 * DAY_MS, DAY_MS, 15 * MINUTE_MS, HOUR_MS)
REHEARSED = Terms(0, 0, 30 * SECOND_MS, 20 * SECOND_MS, 20 * SECOND_MS)  # for a rehearsal, whose callers are nobody


@dataclass(frozen=True, slots=True)
class BrownOut:
    """A time in which version 1 is away. ``withheld``: why it answers all the same, from ``withheld_at`` on."""

    start: int
    end: int
    withheld: str | None = None
    withheld_at: int | None = None

    def covers(self, at: int) -> bool:
        """Whether an instant lies in it."""
        return self.start <= at < self.end

    @property
    def length(self) -> int:
        """How long it takes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class OptOut:
    """A caller, by the pseudonym in the ledger, whom no brown-out concerns until an instant."""

    caller: str
    until: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody changed, when and why."""

    at: int
    by: str
    what: str
    reason: str
