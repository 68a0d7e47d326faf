"""Parsing the range of a query: two dates as text, read in the user's zone."""

from chalicelib.api.endpoint import Call
from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS
from chalicelib.domain.readings import parse_instant, parse_last_instant
from chalicelib.services.display.display import Timeline


def timeline_of(call: Call, first: str | None, last: str | None, buckets: int | None) -> Timeline:
    """The timeline that a query asks for.

    Raises:
        InvalidReadingError: a text that is no date.
    """
    return Timeline(*range_of(call, first, last), buckets or DEFAULT_BUCKETS)


def range_of(
    call: Call, first: str | None, last: str | None, *, whole_days: bool = False
) -> tuple[int | None, int | None]:
    """Both ends as instants; the user's zone is read only where there is a date to read in it.

    ``whole_days``: a last date without a time is included, as in lists; else its midnight is the end.

    Raises:
        InvalidReadingError: a text that is no date.
    """
    if first is None and last is None:
        return None, None
    parse_last = parse_last_instant if whole_days else parse_instant
    start = None if first is None else parse_instant(first, call.zone)
    return start, None if last is None else parse_last(last, call.zone)
