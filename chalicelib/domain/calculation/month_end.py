"""The register at a month end (CALCULATION.md, 3): measured, interpolated, extrapolated or none.

The rule holds for the end of any local day; the monthly view asks for the last day of a month, the summary
for others too.
"""

from bisect import bisect_right
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.series import Kind, Series
from chalicelib.domain.readings import DAY_MS, day_start

WINDOW_MS = 12 * 3_600_000
HORIZON_MS = 92 * DAY_MS
ONE_DAY = timedelta(days=1)

Quality = Literal["measured", "interpolated", "extrapolated", "none"]


class DayEnd(NamedTuple):
    """Register ``value`` (V) and corrected counter ``total`` (U) at the end of a local day, and their origin.

    ``tau`` is the instant that counts as the end: that of the reading that measures it, else midnight.
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


def month_end(series: Series, year: int, month: int, zone: ZoneInfo) -> DayEnd:
    """Register and counter at ``B(year, month)``."""
    return day_end(series, last_day_of(year, month), zone)


def day_end(series: Series, last_day: date, zone: ZoneInfo) -> DayEnd:
    """Register and counter at the end of ``last_day``; the first rule that gives a value wins."""
    boundary = day_start(last_day + ONE_DAY, zone)
    following = series.at_or_after(boundary)
    measuring = _measuring(series, following, boundary, last_day, zone)
    if measuring is not None:
        value, total = series.amount_at(measuring), series.total_at(measuring)
        return DayEnd("measured", series.instants[measuring], value, total, (measuring,))
    if 0 < following < len(series.instants):
        return _interpolated(series, following, boundary)
    return _extrapolated(series, boundary)


def _measuring(series: Series, following: int, boundary: int, last_day: date, zone: ZoneInfo) -> int | None:
    """The point that measures the end: the nearest one, of two as near the later, of several at once the last.

    Args:
        series: the counter.
        following: the index of the first point at or after the end.
        boundary: the instant of the end.
        last_day: the local date that ends there.
        zone: the user's zone.
    """
    instants = series.instants
    behind = instants[following] - boundary if following < len(instants) else None
    ahead = boundary - instants[following - 1] if following else None
    if behind is not None and behind <= WINDOW_MS and (ahead is None or behind <= ahead):
        return bisect_right(instants, instants[following]) - 1
    if ahead is not None and is_measured(instants[following - 1], boundary, last_day, zone):
        return following - 1
    return None


def is_measured(instant: int, boundary: int, last_day: date, zone: ZoneInfo) -> bool:
    """Whether the last point before an end measures it: it lies near, or has that day as a date without a time."""
    return boundary - instant <= WINDOW_MS or instant == day_start(last_day, zone)


def _interpolated(series: Series, b: int, boundary: int) -> DayEnd:
    """On the line between two points, by elapsed milliseconds: days of 23 or 25 hours count as such.

    In whole numbers of ``1 / (elapsed * scale)``, because each step in fractions would look for a common divisor.
    """
    a = b - 1
    elapsed, part = series.instants[b] - series.instants[a], boundary - series.instants[a]
    growth, unit = part * series.increment_of(b), elapsed * series.scale
    value = Fraction(_interpolated_value(series, b, part, elapsed, growth), unit)
    total = Fraction(series.total_of(a) * elapsed + growth, unit)
    return DayEnd("interpolated", boundary, value, total, (a, b), Fraction(part, elapsed))


def _interpolated_value(series: Series, b: int, part: int, elapsed: int, growth: int) -> int:
    """What the register shows on the way to point ``b``, in units of ``1 / (elapsed * scale)``."""
    kind = series.kind_of(b)
    if kind is Kind.RESET:
        return part * series.amounts[b]
    value = series.amounts[b - 1] * elapsed + growth
    return value % (series.modulus * elapsed) if kind is Kind.ROLLOVER and series.modulus else value


def _extrapolated(series: Series, boundary: int) -> DayEnd:
    """Along the slope of four weeks of data at the near end of the series, up to the horizon."""
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
    value = _on_register(series, series.amount_at(n) + growth)
    if value < 0:
        return nothing
    sources = (min(n, j), max(n, j))
    return DayEnd("extrapolated", boundary, value, series.total_at(n) + growth, sources)


def _on_register(series: Series, value: Fraction) -> Fraction:
    """What the register shows where a line beyond the readings passes its last digit."""
    if not series.modulus:
        return value
    modulus = Fraction(series.modulus, series.scale)
    return value % modulus if value >= modulus or series.runs_backwards else value


def forward_slope(series: Series) -> Fraction | None:
    """``s`` at the end of the series, per millisecond; None without a point at least 24 h before the last."""
    partner = series.forward_partner()
    return None if partner is None else _slope(series, len(series.instants) - 1, partner)


def _slope(series: Series, n: int, j: int) -> Fraction:
    """Growth of the corrected counter per millisecond between two points; negative only if the meter runs backwards."""
    elapsed = series.instants[n] - series.instants[j]
    slope = Fraction(series.total_of(n) - series.total_of(j), elapsed * series.scale)
    return slope if series.runs_backwards else max(Fraction(0), slope)
