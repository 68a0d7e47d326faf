"""The monthly view (CALCULATION.md, 4 and 5): consumption, its quality and flags, the twelve entries."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.month_end import DayEnd, Quality, month_boundary, month_end
from chalicelib.domain.calculation.rounding import rounded, rounded_or_none
from chalicelib.domain.calculation.series import Kind, Series
from chalicelib.domain.calculation.view_model import ViewModel
from chalicelib.domain.readings import DAY_MS, local_date, to_datetime

MONTH_LABELS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ALL_MONTHS = range(1, 13)

Flag = Literal["reset", "rollover", "exchange", "dip", "negative"]
Method = Literal["actual", "interpolated", "extrapolated", "none"]

_QUALITIES: tuple[Quality, ...] = ("measured", "interpolated", "extrapolated", "none")
_METHODS: dict[Quality, Method] = {
    "measured": "actual",
    "interpolated": "interpolated",
    "extrapolated": "extrapolated",
    "none": "none",
}


class SourceReading(ViewModel):
    """A point that a month end comes from."""

    date: datetime
    amount: Decimal


class CalculationDetails(ViewModel):
    """How a month end was found; the ratio if interpolated, the days between two sources."""

    method: Method
    source_readings: list[SourceReading]
    interpolation_ratio: Decimal | None = None
    span_days: Decimal | None = None


class MonthlyEntry(ViewModel):
    """One month: the register at its end and the consumption within it, kWh or m3."""

    month: int
    month_label: str
    meter_reading: Decimal | None
    consumption: Decimal | None
    quality: Quality
    consumption_quality: Quality | None
    is_actual: bool
    is_interpolated: bool
    is_extrapolated: bool
    is_derived: bool
    flags: list[Flag]
    calculation_details: CalculationDetails


def monthly_entries(
    series: Series, year: int, zone: ZoneInfo, months: Sequence[int] = ALL_MONTHS
) -> list[MonthlyEntry]:
    """The entries of ``year``, or of some of its months, from the whole series: January needs December before it."""
    ends = {end: month_end(series, *end, zone) for end in _ends_of(year, months)}
    return [_entry(series, month, ends[_before(year, month)], ends[year, month]) for month in months]


def instants_of_months(year: int, months: Sequence[int], zone: ZoneInfo) -> list[int]:
    """The ends of months that the entries of some months of a year are about."""
    return [month_boundary(y, m, zone) for y, m in _ends_of(year, months)]


def _ends_of(year: int, months: Sequence[int]) -> list[tuple[int, int]]:
    return sorted({*((year, month) for month in months), *(_before(year, month) for month in months)})


def _before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def stored_years(series: Series, zone: ZoneInfo) -> range:
    """The years that are kept: from the local year of the first reading to that of the last."""
    if series.first is None or series.last is None:
        return range(0)
    return range(local_date(series.first, zone).year, local_date(series.last, zone).year + 1)


def consumption(before: DayEnd, end: DayEnd) -> Fraction | None:
    """``C``: how far the corrected counter went between two ends; missing if either is."""
    return None if before.total is None or end.total is None else end.total - before.total


def worse(*qualities: Quality) -> Quality:
    """The worse of qualities: measured < interpolated < extrapolated < none."""
    return max(qualities, key=_QUALITIES.index)


def _entry(series: Series, month: int, before: DayEnd, end: DayEnd) -> MonthlyEntry:
    used = consumption(before, end)
    quality = None if used is None else worse(before.quality, end.quality)
    return MonthlyEntry(
        month=month,
        month_label=MONTH_LABELS[month - 1],
        meter_reading=rounded_or_none(end.value),
        consumption=rounded_or_none(used),
        quality=end.quality,
        consumption_quality=quality,
        is_actual=end.quality == "measured",
        is_interpolated=end.quality == "interpolated",
        is_extrapolated=end.quality == "extrapolated",
        is_derived=quality is not None and quality != "measured",
        flags=[] if used is None else list(_flags(series, before, end, used)),
        calculation_details=_details(series, end),
    )


def _flags(series: Series, before: DayEnd, end: DayEnd, used: Fraction) -> Iterator[Flag]:
    """What a reader should know about the pairs that contribute to ``used``."""
    if _contributes(series, Kind.RESET, before.tau, end.tau):
        yield "reset"
    if _contributes(series, Kind.ROLLOVER, before.tau, end.tau):
        yield "rollover"
    if _exchanged(series, before.tau, end.tau):
        yield "exchange"
    if _contributes(series, Kind.DIP, before.tau, end.tau):
        yield "dip"
    if used < 0:
        yield "negative"


def _contributes(series: Series, kind: Kind, after: int, until: int) -> bool:
    """Whether some pair (a, b) of this kind has ``ta < until`` and ``tb > after``."""
    starts, ends = series.spans[kind]
    return bisect_right(ends, after) < bisect_left(starts, until)


def _exchanged(series: Series, after: int, until: int) -> bool:
    """Whether an exchange at ``x`` has ``after < x <= until``."""
    instants = series.spans[Kind.EXCHANGE].ends
    return bisect_right(instants, after) < bisect_right(instants, until)


def _details(series: Series, end: DayEnd) -> CalculationDetails:
    instants = [series.instants[index] for index in end.sources]
    return CalculationDetails(
        method=_METHODS[end.quality],
        source_readings=[
            SourceReading(date=to_datetime(series.instants[index]), amount=rounded(series.amount_at(index)))
            for index in end.sources
        ],
        interpolation_ratio=rounded_or_none(end.ratio),
        span_days=rounded(Fraction(instants[-1] - instants[0], DAY_MS)) if len(instants) > 1 else None,
    )
