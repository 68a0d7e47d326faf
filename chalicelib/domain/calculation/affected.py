"""Which stored years a change touches (CALCULATION.md, 7), found from the series after the change alone.

A change is a range of instants: outside it, old and new series are equal, so neighbours and slope partners
outside are the same in both. Inside it anything may have come, gone or moved. Where the old series cannot be
known, the wider answer is taken: a year calculated in vain costs milliseconds, a stale one costs trust.
"""

from bisect import bisect_left, bisect_right
from typing import TypeGuard
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.month_end import HORIZON_MS, month_boundary
from chalicelib.domain.calculation.series import SLOPE_BASE_MS, Series
from chalicelib.domain.readings import DAY_MS, local_date

REACH_MS = 2 * DAY_MS  # farther than a reading can lie from the end that it measures


def affected_years(series: Series, changed_from: int, changed_to: int, zone: ZoneInfo) -> set[int]:
    """The years whose monthly entries, or whose being stored at all, may differ from before the change.

    Args:
        series: all readings and exchanges after the change.
        changed_from: the earliest changed instant; a reading's new date changes two, a delete the one gone.
        changed_to: the latest changed instant.
        zone: the user's zone. Its change, like that of modulus and running backwards, touches everything: pass
            the range of the whole series.
    """
    lower = _lower(series, changed_from)
    upper = _upper(series, changed_to)
    # Boundaries follow month by month, so those in [lower, upper] and the one after span a range of years;
    # the year after a December boundary is the year of the boundary that follows it.
    return set(range(_year_of_boundary_from(lower, zone), local_date(upper, zone).year + 1))


def _lower(series: Series, changed_from: int) -> int:
    """Where the change begins to matter: the last reading before it, its reach, or the head's horizon."""
    partner = series.backward_partner()
    if not _has_base(partner, series, 0) or changed_from <= series.instants[partner]:
        return min([changed_from, *series.instants[:1]]) - HORIZON_MS
    neighbours = [
        instants[index - 1]
        for instants in (series.reading_instants, series.instants)
        if (index := bisect_left(instants, changed_from)) > 0
    ]
    return min([changed_from - REACH_MS, *neighbours])


def _upper(series: Series, changed_to: int) -> int:
    """Where the change ceases to matter: the first reading after it, its reach, or the tail's horizon.

    The partner of the old series needs no look: if the change ends before the new partner, that point and all
    later ones are unchanged, so the old series had the same one.
    """
    partner = series.forward_partner()
    if not _has_base(partner, series, -1) or changed_to >= series.instants[partner]:
        return max([changed_to, *series.instants[-1:]]) + HORIZON_MS
    neighbours = [
        instants[index]
        for instants in (series.reading_instants, series.instants)
        if (index := bisect_right(instants, changed_to)) < len(instants)
    ]
    return max([changed_to + REACH_MS, *neighbours])


def _has_base(partner: int | None, series: Series, end: int) -> TypeGuard[int]:
    """Whether a slope has its four weeks. A shorter one, from one end of the series to the other, changes with both."""
    return partner is not None and abs(series.instants[partner] - series.instants[end]) >= SLOPE_BASE_MS


def _year_of_boundary_from(instant: int, zone: ZoneInfo) -> int:
    """The year of the first month boundary at or after ``instant``; midnight of 1 January is December's."""
    year = local_date(instant, zone).year
    return year - 1 if instant <= month_boundary(year - 1, 12, zone) else year
