"""Pages of version 2's list: the page that a query asks for, and the cursor of the next."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from chalicelib.api.cursor import cursor_of, position_of
from chalicelib.api.v2.reading_bodies import ReadingListQuery
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import parse_instant, parse_last_instant


def page_request(query: ReadingListQuery, zone: ZoneInfo) -> PageRequest:
    """The page that a query asks for, and one reading more: it shows whether another page follows.

    Raises:
        InvalidInputError: a date or the cursor cannot be read.
    """
    first = None if query.first is None else parse_instant(query.first, zone)
    last = None if query.last is None else parse_last_instant(query.last, zone)
    return PageRequest(
        filter=ReadingFilter(query.type, first, last),
        descending=query.sort == "-date",
        limit=query.limit + 1,
        after=None if query.cursor is None else position_of(query.cursor),
    )


def position_after(found: Sequence[StoredReading], limit: int) -> str | None:
    """The cursor behind the last reading shown, None where nothing follows."""
    if len(found) <= limit:
        return None
    return cursor_of(found[limit - 1].instant, found[limit - 1].id)
