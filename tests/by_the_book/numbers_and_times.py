"""What section 1 says about numbers and times: rounding once at the end, and the user's own calendar."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def three_decimals(value: Fraction) -> str:
    """Section 1: rounded once, half-even, to 3 decimals; section 4: a rounded zero has no sign."""
    thousandths = round(value * 1000)  # a fraction rounds half to even
    sign = "-" if thousandths < 0 else ""
    whole, rest = divmod(abs(thousandths), 1000)
    return f"{sign}{whole}.{rest:03d}"


def to_ms(moment: datetime) -> int:
    """Section 1: an instant is UTC in milliseconds."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_ms(at_ms: int) -> datetime:
    """Section 1: an instant is UTC in milliseconds."""
    return _EPOCH + timedelta(milliseconds=at_ms)


def iso_utc(at_ms: int) -> str:
    """Section 5: the date of a source reading, UTC with milliseconds."""
    return f"{from_ms(at_ms):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def local_date(at_ms: int, zone: str) -> date:
    """Section 1: the date that the user's calendar shows at an instant."""
    return from_ms(at_ms).astimezone(ZoneInfo(zone)).date()


def from_local_time(text: str, zone: str) -> int:
    """Section 1: local time without an offset; of an hour that exists twice the first, in a gap the clock before it.

    Both are what fold 0 means.
    """
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=0))


@cache
def first_instant_of(day: date, zone: str) -> int:
    """Sections 1 and 3: the first instant at which the user's calendar shows this date, or a later one.

    Usually midnight. A midnight that exists twice is the first one. Where there is no midnight (or no such day), it is
    the instant at which the clock jumps over it.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    before_the_change = to_ms(midnight.replace(fold=0))
    after_the_change = to_ms(midnight.replace(fold=1))
    if before_the_change <= after_the_change:  # midnight exists, once or twice
        return before_the_change
    # The jump lies between the two: halve until the first instant of the day is found.
    too_early, found = after_the_change - 1, before_the_change
    while found - too_early > 1:
        middle = (too_early + found) // 2
        if local_date(middle, zone) >= day:
            found = middle
        else:
            too_early = middle
    return found
