"""Section 10: the counter at the end of a day, when it is missing, and the cards that the text itself defines."""

from datetime import date
from fractions import Fraction

from tests.by_the_book.counter import Meter, corrected_counter
from tests.by_the_book.month_ends import end_of_local_date
from tests.by_the_book.numbers_and_times import local_date, three_decimals

MOST_DAYS = 31
MOST_DAYS_FOR_THE_END_OF_THE_PROJECTION = 62


def end_of_day(meter: Meter, day: date) -> tuple[Fraction | None, str, int]:
    """Section 10: counter and quality at the end of a local day by section 3, and over how many local dates.

    The last is 0 unless the quality is `extrapolated`. The horizon of section 3 applies, the limits of cards do not.
    """
    end = end_of_local_date(corrected_counter(meter), meter, day)
    days = 0 if end.nearest is None else abs((day - local_date(end.nearest.at_ms, meter.zone)).days)
    return end.counter, end.quality, days


def counter_for_cards(meter: Meter, day: date, most_days: int = MOST_DAYS) -> Fraction | None:
    """Section 10: `E(d)`, missing where it would be extrapolated over more than so many local dates."""
    counter, _, days = end_of_day(meter, day)
    return None if days > most_days else counter


def same_date_a_year_before(day: date) -> date:
    """Section 10: 29 February: the 28th."""
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


def _difference(meter: Meter, earlier: date, later: date) -> Fraction | None:
    """Section 10: `E(later) - E(earlier)`, missing unless both are there."""
    a = counter_for_cards(meter, earlier)
    b = counter_for_cards(meter, later)
    return None if a is None or b is None else b - a


def exact_cards(meter: Meter, today: date) -> dict[str, Fraction | None]:
    """Section 10: the cards that the text defines, before rounding."""
    so_far = _difference(meter, date(today.year - 1, 12, 31), today)
    last_year = _difference(meter, date(today.year - 2, 12, 31), same_date_a_year_before(today))
    change = None
    if so_far is not None and last_year is not None and last_year > 0:
        change = 100 * (so_far - last_year) / last_year
    return {"yearSoFar": so_far, "lastYearSoFar": last_year, "changePercent": change}


def cards(meter: Meter, today: date) -> dict[str, str | None]:
    """Section 10, rounded once as section 1 says."""
    return {name: None if value is None else three_decimals(value) for name, value in exact_cards(meter, today).items()}
