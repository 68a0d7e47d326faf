"""Ranges as a caller gives them: dates as texts, in the user's zone."""

from chalicelib.api.endpoint import Call
from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS
from chalicelib.domain.readings import parse_instant
from chalicelib.services.display.display import Timeline


def timeline_of(call: Call, first: str | None, last: str | None, buckets: int | None) -> Timeline:
    """The timeline that a query asks for.

    Raises:
        InvalidReadingError: a text that is no date.
    """
    return Timeline(*range_of(call, first, last), buckets or DEFAULT_BUCKETS)


def range_of(call: Call, first: str | None, last: str | None) -> tuple[int | None, int | None]:
    """Both ends as instants; the user's zone is read only where there is a date to read in it.

    Raises:
        InvalidReadingError: a text that is no date.
    """
    if first is None and last is None:
        return None, None
    zone = call.container.configuration.settings(call.user_id).zone
    start, end = (None if text is None else parse_instant(text, zone) for text in (first, last))
    return start, end
