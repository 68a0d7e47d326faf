"""The summary cards and their formulas, from a counter that was found in any way.

E(d) is the corrected counter at the end of local day d by CALCULATION.md, 3, and tau(d) the instant that counts for
it. It is missing where it would be extrapolated over more than 31 local days, or 62 for the end of the projection: a
card is no forecast. C(a, b) = E(b) - E(a) has the worse quality of its two ends and is missing if either is. D is the
day of the cards, M its month, and M - k the last day of the month k before M. Nothing is rounded before the end.

A reading may be dated one day ahead, no more (CALCULATION.md, 9). So on a day earlier than the one before the last
point the cards carry the last reading alone: somebody's date is wrong, and the age, below zero, shows it.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from chalicelib.domain.calculation.month_end import Quality, last_day_of
from chalicelib.domain.calculation.monthly import worse
from chalicelib.domain.calculation.rounding import rounded
from chalicelib.domain.calculation.view_model import ViewModel
from chalicelib.domain.readings import DAY_MS

AVERAGE_DAYS = 30
MONTHS_BACK = 14
REACH_DAYS = 31  # local days beyond the readings for which a card still says something
PROJECTION_REACH_DAYS = 62


class Figure(ViewModel):
    """A value and how well it is known; both missing where the readings do not carry it."""

    value: Decimal | None = None
    quality: Quality | None = None


class LastReading(ViewModel):
    """The latest reading and how many local days ago it was."""

    date: datetime
    amount: Decimal
    age_days: int
    quality: Quality = "measured"


class SummaryCards(ViewModel):
    """The cards of one meter on one day, in kWh or m3.

    ``month_so_far``: C(M - 1, D). ``last_month``: C(M - 2, M - 1). ``same_month_last_year``: C(M - 14, M - 13).
    ``change_percent``: from that to ``last_month``, 100 (b - a) / a, missing unless a > 0. ``year_so_far``: C(31
    December of the year before, D). ``last_year_so_far``: the same a year before, C(31 December two years before, the
    date of D a year before; of 29 February the 28th). ``year_change_percent``: from that to ``year_so_far``, as
    ``change_percent``. ``average_per_day``: C(D - 30 days, D) per 24 hours between tau(D - 30 days) and
    tau(D). ``projection``: C(M - 1, last day of M), the month's own entry in the monthly view.
    ``last_reading``: the register itself; its age is D minus its local date.
    """

    day: str
    month_so_far: Figure
    last_month: Figure
    same_month_last_year: Figure
    change_percent: Figure
    year_so_far: Figure
    last_year_so_far: Figure
    year_change_percent: Figure
    average_per_day: Figure
    projection: Figure
    last_reading: LastReading | None


class CounterEnd(NamedTuple):
    """E(d): the counter, from whatever origin, the instant that counts for it, and its quality.

    ``beyond``: how many local days lie between d and the nearest reading where it is extrapolated, else 0.
    """

    quality: Quality
    tau: int
    total: Fraction | None
    beyond: int = 0


class Usage(NamedTuple):
    """C(a, b), not rounded yet, and the milliseconds between tau(a) and tau(b)."""

    value: Fraction
    quality: Quality
    elapsed_ms: int


CounterAt = Callable[[date], CounterEnd]


def end_of_month_before(day: date, months: int) -> date:
    """M - ``months``: the last day of the month that lies ``months`` months before that of ``day``."""
    index = day.year * 12 + day.month - 1 - months
    return last_day_of(index // 12, index % 12 + 1)


def a_year_before(day: date) -> date:
    """The same date a year before; of 29 February the 28th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def cards(counter: CounterAt | None, today: date, last_reading: LastReading | None) -> SummaryCards:
    """The cards of ``today`` from a counter that knows every day's end they ask for; None: it knows nothing."""

    def usage(first: date, last: date, reach: int = REACH_DAYS) -> Usage | None:
        return None if counter is None else _usage(counter(first), counter(last), reach)

    last_month = usage(end_of_month_before(today, 2), end_of_month_before(today, 1))
    year_ago = usage(end_of_month_before(today, 14), end_of_month_before(today, 13))
    year = usage(date(today.year - 1, 12, 31), today)
    year_before = usage(date(today.year - 2, 12, 31), a_year_before(today))
    month_end = end_of_month_before(today, 0)
    return SummaryCards(
        day=today.isoformat(),
        month_so_far=_figure(usage(end_of_month_before(today, 1), today)),
        last_month=_figure(last_month),
        same_month_last_year=_figure(year_ago),
        change_percent=_figure(_change(year_ago, last_month)),
        year_so_far=_figure(year),
        last_year_so_far=_figure(year_before),
        year_change_percent=_figure(_change(year_before, year)),
        average_per_day=_figure(_per_day(usage(today - timedelta(days=AVERAGE_DAYS), today))),
        projection=_figure(usage(end_of_month_before(today, 1), month_end, PROJECTION_REACH_DAYS)),
        last_reading=last_reading,
    )


def _usage(first: CounterEnd, last: CounterEnd, reach: int) -> Usage | None:
    """``reach``: over how many local days the last end may be extrapolated."""
    if first.total is None or last.total is None or first.beyond > REACH_DAYS or last.beyond > reach:
        return None
    return Usage(last.total - first.total, worse(first.quality, last.quality), last.tau - first.tau)


def _change(before: Usage | None, after: Usage | None) -> Usage | None:
    if before is None or after is None or before.value <= 0:
        return None
    percent = 100 * (after.value - before.value) / before.value
    return after._replace(value=percent, quality=worse(before.quality, after.quality))


def _per_day(used: Usage | None) -> Usage | None:
    if used is None or used.elapsed_ms <= 0:
        return None
    return used._replace(value=used.value * DAY_MS / used.elapsed_ms)


def _figure(usage: Usage | None) -> Figure:
    return Figure() if usage is None else Figure(value=rounded(usage.value), quality=usage.quality)
