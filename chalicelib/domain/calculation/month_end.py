"""The register at a month end (CALCULATION.md, 3): measured, interpolated, extrapolated or none.

The rule holds for the end of any local day; the monthly view asks for the last day of a month, the summary
for others too.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.series import Kind, Series
from chalicelib.domain.readings import DAY_MS, day_start, local_date

HORIZON_MS = 366 * DAY_MS
ONE_DAY = timedelta(days=1)

Quality = Literal["measured", "interpolated", "extrapolated", "none"]


class DayEnd(NamedTuple):
    """Register ``value`` (V) and corrected counter ``total`` (U) at the end of a local day, and their origin.

    ``tau`` is the instant that counts as the end: the snapped reading's if measured, else midnight.
    ``sources`` are indices of points. Value and total are both present or both missing.
    """

    quality: Quality
    tau: int
    value: Fraction | None = None
    total: Fraction | None = None
    sources: tuple[int, ...] = ()
    ratio: Fraction | None = None


def last_day_of(year: int, month: int) -> date:
    """``L``, the last local date of a month."""
    return (date(year, month, 28) + timedelta(days=4)).replace(day=1) - ONE_DAY


def month_boundary(year: int, month: int, zone: ZoneInfo) -> int:
    """``B(y, m)``: the first instant of the next month in ``zone``."""
    return day_start(last_day_of(year, month) + ONE_DAY, zone)


def month_end(series: Series, year: int, month: int, zone: ZoneInfo, tolerance_days: int) -> DayEnd:
    """Register and counter at ``B(year, month)``."""
    return day_end(series, last_day_of(year, month), zone, tolerance_days)


def day_end(series: Series, last_day: date, zone: ZoneInfo, tolerance_days: int) -> DayEnd:
    """Register and counter at the end of ``last_day``; the first rule that gives a value wins."""
    boundary = day_start(last_day + ONE_DAY, zone)
    snapped = _snapped(series, last_day, zone, tolerance_days)
    if snapped is not None:
        value, total = series.amount_at(snapped), series.total_at(snapped)
        return DayEnd("measured", series.instants[snapped], value, total, (snapped,))
    following = series.at_or_after(boundary)
    if 0 < following < len(series.instants):
        return _interpolated(series, following, boundary)
    return _extrapolated(series, boundary)


def _snapped(series: Series, last_day: date, zone: ZoneInfo, tolerance_days: int) -> int | None:
    """The point at the smallest distance in days; on a tie the later instant, then the later in order."""
    reach = timedelta(days=tolerance_days)
    if not _points_between(series, last_day - reach, last_day + ONE_DAY + reach, zone):
        return None
    days = _days_by_distance(last_day, tolerance_days)
    return next((point for day in days if (point := _last_point_on(series, day, zone)) is not None), None)


def _days_by_distance(last_day: date, tolerance_days: int) -> Iterator[date]:
    """The dates of the tolerance window: the nearest first, of two at one distance the later first."""
    for distance in range(tolerance_days + 1):
        yield last_day + ONE_DAY + timedelta(days=distance)
        yield last_day - timedelta(days=distance)


def _points_between(series: Series, first_day: date, last_day: date, zone: ZoneInfo) -> range:
    """The points from the first midnight of ``first_day`` to the last midnight after ``last_day``.

    Where clocks go back over midnight a date comes twice (in St John's until 2011): then there are two midnights,
    and points of other dates may lie between.
    """
    start = bisect_left(series.instants, day_start(first_day, zone))
    return range(start, bisect_left(series.instants, day_start(last_day + ONE_DAY, zone, fold=1)))


def _last_point_on(series: Series, day: date, zone: ZoneInfo) -> int | None:
    """The last point with the local date ``day``: nearly everywhere the first one looked at."""
    candidates = reversed(_points_between(series, day, day, zone))
    return next((i for i in candidates if local_date(series.instants[i], zone) == day), None)


def _interpolated(series: Series, b: int, boundary: int) -> DayEnd:
    """On the line between two points, by elapsed milliseconds: days of 23 or 25 hours count as such."""
    a = b - 1
    start, end = series.instants[a], series.instants[b]
    ratio = Fraction(boundary - start, end - start)
    growth = ratio * series.increment_of(b)
    value = _interpolated_value(series, b, ratio, growth)
    total = series.total_of(a) + growth
    return DayEnd("interpolated", boundary, value / series.scale, total / series.scale, (a, b), ratio)


def _interpolated_value(series: Series, b: int, ratio: Fraction, growth: Fraction) -> Fraction:
    """What the register shows on the way to point ``b``, in units of ``1 / scale``."""
    kind = series.kind_of(b)
    if kind is Kind.RESET:
        return ratio * series.amounts[b]
    value = series.amounts[b - 1] + growth
    if kind is Kind.ROLLOVER and series.modulus is not None and value >= series.modulus:
        return value - series.modulus
    return value


def _extrapolated(series: Series, boundary: int) -> DayEnd:
    """Along the slope of a day or more of data at the near end of the series, up to the horizon."""
    nothing = DayEnd("none", boundary)
    if not series.instants:
        return nothing
    forwards = series.instants[-1] < boundary
    n = len(series.instants) - 1 if forwards else 0
    j = series.forward_partner() if forwards else series.backward_partner()
    distance = boundary - series.instants[n]
    if j is None or abs(distance) > HORIZON_MS:
        return nothing
    growth = _slope(series, n, j) * distance
    value = series.amount_at(n) + growth
    if value < 0:
        return nothing
    sources = (min(n, j), max(n, j))
    return DayEnd("extrapolated", boundary, value, series.total_at(n) + growth, sources)


def forward_slope(series: Series) -> Fraction | None:
    """``s`` at the end of the series, per millisecond; None without a point at least 24 h before the last."""
    partner = series.forward_partner()
    return None if partner is None else _slope(series, len(series.instants) - 1, partner)


def _slope(series: Series, n: int, j: int) -> Fraction:
    """Growth of the corrected counter per millisecond between two points, never negative."""
    elapsed = series.instants[n] - series.instants[j]
    return max(Fraction(0), Fraction(series.total_of(n) - series.total_of(j), elapsed * series.scale))
