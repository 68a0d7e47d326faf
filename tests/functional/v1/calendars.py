"""Calendars of version 1's end, around the moment of the tests."""

from dataclasses import replace

from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, HOUR_MS, BrownOut
from tests.functional.conftest import NOW

ANNOUNCED = Calendar(announced_at=NOW - 50 * DAY_MS, deprecated_at=NOW - 40 * DAY_MS, sunset_at=NOW + 40 * DAY_MS)
PRESENT = BrownOut(NOW - HOUR_MS, NOW + HOUR_MS + 1)
NEXT = BrownOut(NOW + DAY_MS, NOW + DAY_MS + HOUR_MS)
BROWN_OUT = replace(ANNOUNCED, brown_outs=(PRESENT, NEXT))
SUNSET = replace(ANNOUNCED, sunset_at=NOW)
