"""Cursors of lists: where a page ended, as a text that callers pass back and need not understand."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chalicelib.api.v2.reading_bodies import ReadingListQuery
from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.domain.ports import PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, parse_instant, to_ms

KEPT = range(to_ms(datetime(FIRST_YEAR - 1, 12, 31, tzinfo=UTC)), to_ms(datetime(LAST_YEAR + 1, 1, 2, tzinfo=UTC)))


def page_request(query: ReadingListQuery, zone: ZoneInfo) -> PageRequest:
    """The page that a query asks for, and one reading more: it tells whether another page follows.

    Raises:
        InvalidInputError: a date or the cursor cannot be read.
    """
    first, last = (None if text is None else parse_instant(text, zone) for text in (query.first, query.last))
    return PageRequest(
        filter=ReadingFilter(query.type, first, last),
        descending=query.sort == "-date",
        limit=query.limit + 1,
        after=None if query.cursor is None else _position(query.cursor),
    )


def position_after(found: Sequence[StoredReading], limit: int) -> str | None:
    """The cursor behind the last reading shown, None where nothing follows."""
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    return base64.urlsafe_b64encode(json.dumps([last.instant, last.id]).encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[int, str]:
    try:
        instant, reading_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(instant, int) and instant in KEPT and isinstance(reading_id, str) and reading_id.encode():
            return instant, reading_id
    except (binascii.Error, ValueError, TypeError):
        pass
    reason = "not a cursor that a page before gave"
    raise InvalidInputError(f"cursor: {reason}", (FieldError("cursor", reason),))
