"""Whether a register only grew, by the months of its meter: no reset, rollover or dip in any of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.readings import local_date

GROWING = frozenset({"exchange"})  # what happens there is known from the exchange itself
MONTHS = 12


class Span(NamedTuple):
    """A range of instants, both ends included."""

    first: int
    last: int


def is_flagless(years: Iterable[Mapping[str, Any]], readings: Span, asked: Span, zone: ZoneInfo) -> bool:
    """Whether between any two neighbouring readings of a span the register only grew.

    A pair of readings belongs to the month that it begins in, or to the next one where a reading measures the end
    between both; a month without a consumption says nothing.

    Args:
        years: the ``data`` of monthly views.
        readings: the first and the last reading that they show.
        asked: the span.
        zone: the user's, in which the months are.
    """
    known = {(year["year"], month["month"]): month for year in years for month in year["months"]}
    wanted = _months(max(readings.first, asked.first), min(readings.last, asked.last), zone)
    return all(_grows(known.get(month)) for month in wanted)


def _grows(month: Mapping[str, Any] | None) -> bool:
    return month is not None and month["consumption"] is not None and GROWING.issuperset(month["flags"])


def _months(first: int, last: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """The months from that of one instant to that of another, as year and month; none where it lies before."""
    if last < first:
        return
    begin, end = (day.year * MONTHS + day.month - 1 for day in (local_date(first, zone), local_date(last, zone)))
    for number in range(begin, end + 1):
        yield number // MONTHS, number % MONTHS + 1
