"""Meters whose display lags: how often a refresh of each was tried, when to try again, and the sweeper's port to them.

Behind them come *outdated* meters: their display shows every write, by an older calculation version. Nobody is shown
that, so they have time.

What lives here: values, the pause between attempts, the port. What does not: the sweeper (``services.refresh``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from chalicelib.domain.readings import EnergyType, MeterKey, to_datetime

FIRST_PAUSE_MS = 60_000  # one run of the sweeper
LONGEST_PAUSE_MS = 3_600_000  # what is mended shows within the hour, and a meter that stays broken costs little
INTERRUPTED = "Interrupted"  # the process ended in the middle of an attempt: killed, out of memory, out of time


@dataclass(frozen=True, slots=True)
class LaggingMeter:
    """A meter to be refreshed: its id, how often that was tried in vain, and how the last attempt ended.

    ``outdated``: it does not lag; an older calculation shows it.
    """

    id: str
    attempts: int = 0
    error: str | None = None
    outdated: bool = False

    @property
    def key(self) -> MeterKey:
        """User and type. Raises ValueError where the id names no type that there is."""
        user_id, _, energy_type = self.id.rpartition("|")
        return user_id, EnergyType(energy_type)

    @property
    def claimed(self) -> "LaggingMeter":
        """The meter as one more attempt begins; an attempt that left no word behind was interrupted."""
        error = self.error or (INTERRUPTED if self.attempts else None)
        return replace(self, attempts=self.attempts + 1, error=error)

    @property
    def pause_ms(self) -> int:
        """How long to leave the meter alone after that many attempts: doubled each time, up to an hour."""
        return min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(self.attempts - 1, 10))


@dataclass(frozen=True, slots=True)
class FailingMeter:
    """A meter whose refresh fails: how the last attempt ended, since when it lags, and when the next attempt is due.

    ``dirty_since`` None: it is outdated and does not lag.
    """

    meter: LaggingMeter
    dirty_since: int | None
    next_attempt: int

    def as_document(self) -> dict[str, Any]:
        """The fields, as printed."""
        return {
            "meter": self.meter.id,
            "attempts": self.meter.attempts,
            "error": self.meter.error,
            "dirtySince": None if self.dirty_since is None else to_datetime(self.dirty_since).isoformat(),
            "nextAttempt": to_datetime(self.next_attempt).isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Lag:
    """How many meters have lagged for longer than the grace period, and since when the one that waits longest does."""

    meters: int = 0
    oldest: int | None = None

    def seconds(self, now: int) -> float:
        """The age of the oldest write that no display shows."""
        return 0.0 if self.oldest is None else max(0.0, (now - self.oldest) / 1000)


class LaggingMeters(Protocol):
    """The meters of all users whose display lags, or is outdated. Every method raises UnavailableError out of time.

    A meter that a newer calculation shows is none of them, whether it lags or not.
    """

    def lag(self, dirty_before: int) -> Lag:
        """How far the display lags; only meters that have been dirty since before an instant are counted."""

    def waiting(self, dirty_before: int, now: int, limit: int) -> Sequence[LaggingMeter]:
        """Meters to refresh: those never tried, the longest waiting first; behind them those whose pause is over."""

    def every(self, dirty_before: int) -> Iterator[LaggingMeter]:
        """Each of them once, the longest waiting first, also during its pause."""

    def outdated(self) -> int:
        """How many meters an older calculation shows, without those that lag."""

    def waiting_outdated(self, now: int, limit: int) -> Sequence[LaggingMeter]:
        """Outdated meters to refresh: those never tried; behind them those whose pause is over."""

    def every_outdated(self) -> Iterator[LaggingMeter]:
        """Each of them once, whatever its pause."""

    def claim(self, meter: LaggingMeter, next_attempt: int) -> bool:
        """Note that a meter is tried again, before it is; False where somebody else has tried or refreshed it.

        Out of time after a second already: others wait behind a meter that something holds.
        """

    def failed(self, claimed: LaggingMeter, error: str) -> None:
        """Keep how an attempt ended. Any refresh that succeeds removes all attempts."""

    def failing(self, limit: int) -> tuple[int, Sequence[FailingMeter]]:
        """How many meters fail, and the first of them, those tried next at the beginning; outdated ones come last."""
