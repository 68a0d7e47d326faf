"""How a CSV file writes dates (CALCULATION.md, 8): day first, year first, or ISO date-times with an offset."""

import re
from datetime import date
from zoneinfo import ZoneInfo

from chalicelib.domain.readings import day_start, existing_date, parse_instant

_DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})(?P<sign>[/.-])(?P<month>[0-9]{1,2})(?P=sign)(?P<year>[0-9]{4})")
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})(?P<sign>[/-])(?P<month>[0-9]{1,2})(?P=sign)(?P<day>[0-9]{1,2})")


def parse_date(text: str, zone: ZoneInfo) -> int:
    """The instant of a date (local midnight) or of an ISO date-time.

    Raises:
        InvalidReadingError: no such notation, or a date that does not exist.
    """
    match = _DAY_FIRST.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    if match is None:
        return parse_instant(text, zone)
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    return day_start(existing_date(text, lambda: date(year, month, day)), zone)
