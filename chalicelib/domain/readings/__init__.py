"""Meter readings, meter exchanges and the instants they carry (CALCULATION.md, 1).

An instant is an integer: UTC milliseconds since 1970. What lives here: the inputs of every calculation, the way
from text, datetimes and local dates to instants and back, and which stored values are a readable reading at all.
What does not: what a reading means beside its neighbours (``series``), whether it is believable (``plausibility``),
how a CSV file writes it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias, TypeGuard, TypeVar
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import FieldError, InvalidReadingError

DEFAULT_ZONE = "Europe/Berlin"
DAY_MS = 86_400_000
# A typing error such as 0204-11-01 would otherwise create eighteen hundred yearly documents.
FIRST_YEAR, LAST_YEAR = 1900, 2999

AnyDate = TypeVar("AnyDate", bound=date)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_MILLISECOND = timedelta(milliseconds=1)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:?(?P<minutes>[0-9]{2}))?"
)


# From end to end: no kept year begins before it or ends after it, in any zone.
FIRST_INSTANT, LAST_INSTANT = (
    (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND for year in (FIRST_YEAR - 1, LAST_YEAR + 2)
)
# What is readable, on both sides and for every reader: instants from the first up to, not including, the end. The
# kept years are local, and no clock is a day away from UTC: 1900-01-01 in Berlin is still 1899 in UTC.
FIRST_READABLE = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - timedelta(days=1)
END_READABLE = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) + timedelta(days=1)
# Amounts from the smallest up to, not including, the limit: what a register can show, and what is accepted. So is 0,
# which a new meter shows. The readings that were inherited have 0, a double, where nothing was read: those are not.
SMALLEST_AMOUNT = Decimal("1E-15")
AMOUNT_LIMIT = Decimal(10) ** 12


class EnergyType(StrEnum):
    """What a meter counts: ``power`` in kWh, ``gas`` in m3."""

    POWER = "power"
    GAS = "gas"


_KINDS = frozenset(kind.value for kind in EnergyType)
MeterKey: TypeAlias = tuple[str, EnergyType]  # a user's id and which of the user's meters


class Reading(NamedTuple):
    """The cumulative register of a meter at an instant (UTC milliseconds); never a consumption."""

    instant: int
    amount: Decimal


class MeterExchange(NamedTuple):
    """An exchange: at ``instant`` the old meter was read for the last time, and a new one began at ``initial_new``."""

    instant: int
    final_old: Decimal
    initial_new: Decimal = Decimal(0)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime, truncated; exact, no floats."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(instant: int) -> str:
    """An instant to the second, as programs read it."""
    return f"{to_datetime(instant):%Y-%m-%dT%H:%M:%SZ}"


def to_datetime(instant: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + instant * _MILLISECOND


def local_date(instant: int, zone: ZoneInfo) -> date:
    """The calendar date that a clock in ``zone`` shows at ``instant``."""
    return to_datetime(instant).astimezone(zone).date()


# Neighbouring months and years ask for the same midnights; remembering them halves the time of ten years of entries.
@lru_cache(maxsize=4096)
def day_start(day: date, zone: ZoneInfo, fold: int = 0) -> int:
    """The instant of local midnight at the start of ``day``: the first one, or the second with ``fold=1``.

    Where clocks skip midnight, or the whole day, it is the instant at which they do.
    """
    first = _midnight(day, zone, 0)
    return max(first, _midnight(day, zone, 1)) if fold else first


def _midnight(day: date, zone: ZoneInfo, fold: int) -> int:
    """Midnight by the offset before (``fold=0``) or after a change of clocks: in a gap the second lies too early."""
    offset = datetime(day.year, day.month, day.day, tzinfo=zone, fold=fold).utcoffset() or timedelta(0)
    return (day.toordinal() - _EPOCH_ORDINAL) * DAY_MS - offset // _MILLISECOND


def parse_instant(text: str, zone: ZoneInfo) -> int:
    """The instant of an ISO date (local midnight in ``zone``) or of an ISO date-time, local without an offset.

    Raises:
        InvalidReadingError: neither of the two, a date that does not exist, or a year out of range.
    """
    match = _ISO_DATETIME.fullmatch(text)
    if match is None and _ISO_DATE.fullmatch(text):
        return day_start(existing_date(text, lambda: date.fromisoformat(text)), zone)
    if match is None:
        raise invalid_date(text, "is neither a date (2024-11-01) nor a date-time (2024-11-01T18:30)")
    moment = existing_date(text, lambda: _moment_of(match))
    return to_ms(moment) if match["offset"] else local_instant(moment, zone)


def _moment_of(match: re.Match[str]) -> datetime:
    """The date-time of a match, aware if it has an offset. Python takes 75 minutes of it for an hour and 15."""
    if int(match["minutes"] or 0) > 59:
        raise ValueError("an offset has up to 59 minutes")
    return datetime.fromisoformat(match[0].upper())


def parse_last_instant(text: str, zone: ZoneInfo) -> int:
    """The last instant of a range that ends with ``text``: a date without a time means its whole local day.

    Raises:
        InvalidReadingError: as for ``parse_instant``.
    """
    instant = parse_instant(text, zone)
    return day_start(date.fromisoformat(text) + timedelta(days=1), zone) - 1 if _ISO_DATE.fullmatch(text) else instant


def local_instant(moment: datetime, zone: ZoneInfo) -> int:
    """The instant of a local time: of an hour that exists twice the first one.

    In a gap it is the time that the clock before the change would show.
    """
    return to_ms(moment.replace(tzinfo=zone, fold=0))


def existing_date(text: str, build: Callable[[], AnyDate]) -> AnyDate:
    """What ``build`` makes of ``text``; InvalidReadingError beyond calendar or kept years."""
    try:
        day = build()
    except ValueError as exc:
        raise invalid_date(text, "does not exist") from exc
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise invalid_date(text, f"is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def invalid_date(text: str, reason: str) -> InvalidReadingError:
    """The error that names a date and what is wrong with it."""
    message = f'date "{text[:40]}" {reason}'
    return InvalidReadingError(message, (FieldError("date", message),))


def is_kept(moment: object) -> TypeGuard[datetime]:
    """Whether a stored value is a date that a readable reading can have."""
    return isinstance(moment, datetime) and FIRST_READABLE <= moment < END_READABLE


def is_whole(text: str) -> bool:
    """Whether a text can be written in UTF-8: no half of a surrogate pair, as which a byte that is no UTF-8 is read."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def flaws_of(fields: Mapping[str, object]) -> tuple[FieldError, ...]:
    """What makes stored fields no readable reading; nothing where they are one.

    Args:
        fields: ``userId``, ``type``, ``date`` (aware datetime) and ``amount`` (int, float or Decimal), as stored.
    """
    checks = {"userId": _user_flaw, "type": _type_flaw, "date": _date_flaw, "amount": _amount_flaw}
    found = ((name, check(fields.get(name))) for name, check in checks.items())
    return tuple(FieldError(name, f"{name} is {flaw}") for name, flaw in found if flaw)


def kind_of(value: object) -> str:
    """What kind of value this is, in words; never a text itself, which may be anything that somebody typed in."""
    if value is None:
        return "null"
    kinds = {bool: "a truth value", str: "a string", datetime: "a date", list: "an array", bytes: "binary data"}
    if type(value) in kinds:
        return kinds[type(value)]
    if isinstance(value, Mapping):
        return "an object"
    return f"{value:.6g}" if isinstance(value, int | float | Decimal) else f"of the kind {type(value).__name__}"


def _user_flaw(value: object) -> str | None:
    if isinstance(value, str):
        if not value:
            return "an empty string"
        return None if is_whole(value) else "a string that is not UTF-8"
    return f"{kind_of(value)}, not a user's id"


def _type_flaw(value: object) -> str | None:
    known = isinstance(value, str) and value in _KINDS
    return None if known else f"{kind_of(value)}, neither power nor gas"


def _date_flaw(value: object) -> str | None:
    if not isinstance(value, datetime):
        return f"{kind_of(value)}, not a date of the years {FIRST_YEAR} to {LAST_YEAR}"
    return None if is_kept(value) else f"in the year {value.year}, outside the years {FIRST_YEAR} to {LAST_YEAR}"


def _amount_flaw(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return f"{kind_of(value)}, not a number"
    if value != value:
        return "NaN, not a number"
    if value == 0 and not isinstance(value, Decimal):
        return "0, and no Decimal128, so nobody has accepted it"
    kept = value == 0 or SMALLEST_AMOUNT <= value < AMOUNT_LIMIT
    return None if kept else f"{kind_of(value)}, not 0 or more and less than {AMOUNT_LIMIT}"
