"""Is the compact series of a large meter what its readings say? Compared piece by piece, and taken up again.

Pieces of several moments say something of one version where the meter still has that at the end: versions only grow.
"""

from collections.abc import Callable

from chalicelib.domain.meters.pieces import Compared, ReadingPieces
from chalicelib.domain.ports import Clock, MeterSnapshot
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, MeterKey
from chalicelib.services.refresh.meter_walk import RESUMED_WITHIN_MS

READINGS_OF_A_PIECE = 100_000  # one to two seconds on a busy server
IsOver = Callable[[], bool]


class UnfinishedError(Exception):
    """Raised where the time is over in the middle of a meter; the next comparison goes on there."""


class SeriesCheck:
    """Compares with at most so many readings at a time."""

    def __init__(self, pieces: ReadingPieces, clock: Clock, readings: int = READINGS_OF_A_PIECE) -> None:
        self._pieces = pieces
        self._clock = clock
        self.readings = readings

    def is_right(self, meter: MeterKey, kept: MeterSnapshot, is_over: IsOver | None) -> bool:
        """Whether the kept readings are those that are stored, unless the meter has been written to meanwhile.

        ``is_over``: whether no further piece may be looked at; without it an earlier comparison is not gone on with.

        Raises:
            UnfinishedError: after a piece, at least one, the time is over.
        """
        before = None if is_over is None else self._interrupted(meter, kept.state.source_version)
        began = self._clock() if before is None else before.began
        first = FIRST_INSTANT if before is None else before.up_to + 1
        while first <= LAST_INSTANT:
            found = self._pieces.piece(meter, first, self.readings)
            last = found.instants[-1] if len(found) == self.readings else LAST_INSTANT
            if found != kept.readings.between(first, last):
                return False
            first = last + 1
            if is_over is not None:
                self._come_to(meter, Compared(kept.state.source_version, last, began), is_over)
        return True

    def _interrupted(self, meter: MeterKey, version: int) -> Compared | None:
        """How far a comparison of this version has come, unless it began long ago."""
        before = self._pieces.compared(meter)
        is_usable = before and before.version == version and self._clock() - before.began <= RESUMED_WITHIN_MS
        return before if is_usable else None

    def _come_to(self, meter: MeterKey, compared: Compared, is_over: IsOver) -> None:
        self._pieces.keep(meter, compared)
        if compared.up_to < LAST_INSTANT and is_over():
            raise UnfinishedError
