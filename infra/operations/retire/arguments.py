"""Instants, spans and callers that are typed behind ``retire``; others are refused before anything is reached."""

import re
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from chalicelib.domain.people.pseudonyms import LENGTH
from chalicelib.domain.readings import parse_instant
from infra.errors import OperatorError

UTC = ZoneInfo("UTC")
SPAN = re.compile(r"([0-9]{1,6})([smhd])")
UNITS_MS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
CALLER = re.compile(f"[0-9a-f]{{{LENGTH}}}")
TIME = "ISO, such as 2027-03-01 or 2027-03-01T18:30; UTC without a zone"


def instant_of(text: str) -> int:
    """An instant in epoch milliseconds, to the second."""
    try:
        return parse_instant(text.strip(), UTC) // SECOND_MS * SECOND_MS
    except EnergyMonitorError as error:
        raise OperatorError(str(error)) from error


def span_of(text: str) -> int:
    """A span in milliseconds."""
    found = SPAN.fullmatch(text)
    if found is None:
        raise OperatorError(f"--for {text!r}: write a number and a unit, such as 15m or 2h (units s, m, h, d)")
    return int(found[1]) * UNITS_MS[found[2]]


def caller_of(text: str) -> str:
    """The pseudonym of a caller."""
    if CALLER.fullmatch(text) is None:
        raise OperatorError(
            f"{text!r} is no caller: copy the {LENGTH} hex digits that python -m infra retire callers prints"
        )
    return text
