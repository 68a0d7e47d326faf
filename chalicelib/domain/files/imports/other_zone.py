"""Whether a file was imported before, when its dates were read in another zone (CALCULATION.md, 8)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import RowWarning
from chalicelib.domain.files.csv.parsed import CsvRow
from chalicelib.domain.readings.compact import CompactReadings

ANOTHER_ZONE = "ANOTHER_ZONE"
HOUR_MS = 3_600_000
NEAREST_MS, FARTHEST_MS = HOUR_MS, 14 * HOUR_MS
AT_LEAST = 2


def count_shifted(new: Iterable[CsvRow], readings: CompactReadings) -> int:
    """How many rows of a date without a time have their amount stored one to fourteen hours away.

    ``new``: rows that have nothing at their own instant.
    """
    if not readings.instants:
        return 0
    return sum(_is_near(row, readings) for row in new if not row.has_time)


def ask_about_zone(shifted: int, rows: Iterable[CsvRow], zone: ZoneInfo) -> Iterator[RowWarning]:
    """Yield at most one warning, about the whole file; ``rows``: all of them, ``shifted``: how many are shifted."""
    if shifted >= AT_LEAST and 2 * shifted >= sum(not row.has_time for row in rows):
        yield RowWarning(
            None,
            ANOTHER_ZONE,
            f"{shifted} rows have the amount of a reading that is stored some hours away: this file looks imported "
            f"under another zone than {zone.key}. Check the zone in the settings, or confirm that these are others",
        )


def _is_near(row: CsvRow, readings: CompactReadings) -> bool:
    first = bisect_left(readings.instants, row.instant - FARTHEST_MS)
    last = bisect_right(readings.instants, row.instant + FARTHEST_MS)
    return any(
        abs(readings.instants[place] - row.instant) >= NEAREST_MS and readings.amount_at(place) == row.amount
        for place in range(first, last)
    )
