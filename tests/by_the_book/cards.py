"""Section 10 and the formulas beside the code: the counter at the end of a day, and the cards made from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.by_the_book.counter import Meter, Point, corrected_counter
from tests.by_the_book.month_ends import end_of_local_date, last_date_of_month
from tests.by_the_book.months import worse
from tests.by_the_book.numbers_and_times import DAY_MS, local_date, three_decimals

MOST_DAYS = 31
MOST_DAYS_FOR_THE_END_OF_THE_PROJECTION = 62

Card = tuple[str, str] | None  # the value with three decimals, and its quality


@dataclass(frozen=True)
class EndOfDay:
    """`E(d)` with its quality and `tau(d)`, and over how many local dates it is extrapolated, else 0."""

    counter: Fraction | None
    quality: str
    tau_ms: int
    days: int


@dataclass(frozen=True)
class Difference:
    """`C(a, b)` before rounding, and the milliseconds from `tau(a)` to `tau(b)`."""

    used: Fraction
    quality: str
    elapsed_ms: int


def end_of_day(points: Sequence[Point], meter: Meter, day: date) -> EndOfDay:
    """Section 10: the end of a local day by section 3. The horizon of section 3 applies, the limits of cards do not."""
    end = end_of_local_date(points, meter, day)
    days = 0 if end.nearest is None else abs((day - local_date(end.nearest.at_ms, meter.zone)).days)
    return EndOfDay(end.counter, end.quality, end.tau_ms, days)


def counter_for_cards(points: Sequence[Point], meter: Meter, day: date, most_days: int = MOST_DAYS) -> Fraction | None:
    """Section 10: `E(d)`, missing where it would be extrapolated over more than ``most_days`` local dates."""
    end = end_of_day(points, meter, day)
    return None if end.days > most_days else end.counter


def same_date_a_year_before(day: date) -> date:
    """Section 10: 29 February: the 28th."""
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


def end_of_the_month_before(today: date, months: int) -> date:
    """`M - k`: the last day of the month k before that of today."""
    first = today.replace(day=1)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return last_date_of_month(first.year, first.month)


def _difference(
    points: Sequence[Point], meter: Meter, a: date, b: date, most_days: int = MOST_DAYS
) -> Difference | None:
    """`C(a, b) = E(b) - E(a)`: missing if either is, with the worse of their qualities."""
    earlier = counter_for_cards(points, meter, a)
    later = counter_for_cards(points, meter, b, most_days)
    if earlier is None or later is None:
        return None
    from_a, to_b = end_of_day(points, meter, a), end_of_day(points, meter, b)
    return Difference(later - earlier, worse(from_a.quality, to_b.quality), to_b.tau_ms - from_a.tau_ms)


def _card(difference: Difference | None) -> Card:
    return None if difference is None else (three_decimals(difference.used), difference.quality)


def _change(a: Difference | None, b: Difference | None) -> Card:
    """`100 (b - a) / a`, missing unless both are there and a > 0."""
    if a is None or b is None or a.used <= 0:
        return None
    return three_decimals(100 * (b.used - a.used) / a.used), worse(a.quality, b.quality)


def _per_day(difference: Difference | None) -> Card:
    """Per 24 hours between the two instants that count."""
    if difference is None or difference.elapsed_ms <= 0:
        return None
    return three_decimals(difference.used * DAY_MS / difference.elapsed_ms), difference.quality


def cards(meter: Meter, today: date) -> dict[str, Card]:
    """All cards but that of the last reading; none on a day earlier than the one before the last point."""
    points = corrected_counter(meter)
    if not points or today < local_date(points[-1].at_ms, meter.zone) - timedelta(days=1):
        points = []

    def used(a: date, b: date, most_days: int = MOST_DAYS) -> Difference | None:
        return _difference(points, meter, a, b, most_days)

    end_of_last_month, end_of_this_month = end_of_the_month_before(today, 1), end_of_the_month_before(today, 0)
    last_month = used(end_of_the_month_before(today, 2), end_of_last_month)
    a_year_ago = used(end_of_the_month_before(today, 14), end_of_the_month_before(today, 13))
    year_so_far = used(date(today.year - 1, 12, 31), today)
    last_year_so_far = used(date(today.year - 2, 12, 31), same_date_a_year_before(today))
    return {
        "monthSoFar": _card(used(end_of_last_month, today)),
        "lastMonth": _card(last_month),
        "sameMonthLastYear": _card(a_year_ago),
        "changePercent": _change(a_year_ago, last_month),
        "yearSoFar": _card(year_so_far),
        "lastYearSoFar": _card(last_year_so_far),
        "yearChangePercent": _change(last_year_so_far, year_so_far),
        "averagePerDay": _per_day(used(today - timedelta(days=30), today)),
        "projection": _card(used(end_of_last_month, end_of_this_month, MOST_DAYS_FOR_THE_END_OF_THE_PROJECTION)),
    }


def last_reading(meter: Meter, today: date) -> tuple[int, str, int] | None:
    """The instant of the last reading, what it showed, and how many local days ago it was."""
    if not meter.readings:
        return None
    last = max(meter.readings, key=lambda reading: reading.at_ms)
    return last.at_ms, three_decimals(last.amount), (today - local_date(last.at_ms, meter.zone)).days
