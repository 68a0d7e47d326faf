"""Cursors of lists: the place where a page ended, as an opaque text that callers pass back."""

import base64
import binascii
import json

from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.domain.readings import END_READABLE, FIRST_READABLE, to_ms

KEPT = range(to_ms(FIRST_READABLE), to_ms(END_READABLE))


def cursor_of(instant: int, reading_id: str) -> str:
    """The cursor of the page that begins behind a reading."""
    return base64.urlsafe_b64encode(json.dumps([instant, reading_id]).encode()).decode().replace("=", "")


def position_of(cursor: str) -> tuple[int, str]:
    """The instant and id behind which a page begins. Raises InvalidInputError."""
    try:
        instant, reading_id = json.loads(base64.urlsafe_b64decode(f"{cursor}=="))
        if isinstance(instant, int) and instant in KEPT and isinstance(reading_id, str) and reading_id.encode():
            return instant, reading_id
    except (binascii.Error, ValueError, TypeError):
        pass
    reason = "not a cursor that a page before gave"
    raise InvalidInputError(f"cursor: {reason}", (FieldError("cursor", reason),))
