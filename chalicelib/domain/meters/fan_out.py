"""A walk over all meters that workers do range by range: its ranges, the progress of each, and the ports.

The ranges together hold every meter, because each begins where the one before ends. What a walk has found counts only
when all its ranges are done. No message names anybody: it says the number of a range.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.walks import Verification, Walk
from chalicelib.domain.readings import MeterKey


@dataclass(frozen=True, slots=True)
class MeterRange:
    """The meters behind ``after``, up to ``last`` and with it; None: from the first one on, to the very last one."""

    after: MeterKey | None = None
    last: MeterKey | None = None


ALL_METERS = MeterRange()


@dataclass(frozen=True, slots=True)
class FanOut:
    """One walk over all meters in ranges: begun when, in the mode since when, by which code.

    ``id``: no walk before had it. ``bounds``: where a range ends and the next one begins, in the order of the meters.
    ``up_to``: the operation time of the database when it began. ``finished``: when its result was kept. ``sent``: when
    messages about all that was not done were sent last; None: not yet, or one of them has come to nothing since.
    """

    walk: Walk
    id: str
    started: int
    since: int | None
    mode: SyncMode
    code: str
    up_to: int
    bounds: tuple[MeterKey, ...] = ()
    paused: bool = False
    finished: int | None = None
    sent: int | None = field(default=None, compare=False)

    @property
    def ranges(self) -> tuple[MeterRange, ...]:
        """All ranges, the first one from the first meter on, the last one to the last meter, new ones included."""
        return tuple(MeterRange(*ends) for ends in pairwise((None, *self.bounds, None)))

    @property
    def nothing(self) -> Verification:
        """The result before any range is looked at."""
        return Verification(self.mode, up_to=self.up_to)


@dataclass(frozen=True, slots=True)
class RangeTask:
    """The message about one range of one walk."""

    walk: Walk
    id: str
    number: int


@dataclass(frozen=True, slots=True)
class RangeProgress:
    """How far a range is: up to which meter, what was seen there, and whether that is all.

    ``claimed``: a worker has it just now.
    """

    number: int
    seen: Verification
    after: MeterKey | None = None
    done: bool = False
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class RangeClaim:
    """Who works on a range now, and how far it is. ``tries``: how many claims in a row have come to no next meter."""

    key: str
    token: str
    progress: RangeProgress
    tries: int = 1


class FanOutRecords(Protocol):
    """Keeps the walks that are done in ranges, one of each kind. Every method raises UnavailableError out of time."""

    def begin(self, fan_out: FanOut) -> None:
        """Put a walk in the place of the one before, whose ranges are forgotten."""

    def fan_out(self, walk: Walk) -> FanOut | None:
        """The last one of its kind; None: there is none, or nobody can read it."""

    def pause(self, fan_out: FanOut, *, paused: bool) -> bool:
        """Let no worker go on with it, or let them again; False: another one has taken its place."""

    def sending(self, fan_out: FanOut, silent_seconds: float = 0) -> bool:
        """Note that messages are sent now, by the store's clock.

        False: some were within ``silent_seconds``, or another one has taken its place.
        """

    def lost(self, fan_out: FanOut) -> None:
        """Note that one of its messages has come to nothing."""

    def finish(self, fan_out: FanOut) -> None:
        """Note that its result is kept, by the store's clock."""

    def give_up(self, fan_out: FanOut) -> bool:
        """Take this one away, with all its ranges; False: it is gone, or another one has taken its place."""

    def forget(self, walk: Walk) -> None:
        """Take the last one of its kind away, with all its ranges."""

    def claim(self, fan_out: FanOut, number: int, seconds: float) -> RangeClaim | None:
        """Work alone on a range for so long, by the store's clock; None: somebody does, or it is done."""

    def save(self, claim: RangeClaim, progress: RangeProgress) -> bool:
        """Remember how far a range is; False: the claim has ended, and nothing was changed."""

    def release(self, claim: RangeClaim) -> None:
        """Let the next worker go on at once."""

    def progress(self, fan_out: FanOut) -> Iterator[RangeProgress]:
        """The ranges that somebody has begun, in their order."""


class RangeQueue(Protocol):
    """Brings messages to workers: each at least once, in any order."""

    def send(self, tasks: Sequence[RangeTask]) -> None:
        """Send them all. Raises UnavailableError; then some may have been sent."""
