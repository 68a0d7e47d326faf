"""Sections 4 and 5: the consumption of a month, and the twelve entries of a year."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.by_the_book.counter import Meter, Point, corrected_counter
from tests.by_the_book.month_ends import End, end_of_month
from tests.by_the_book.numbers_and_times import DAY_MS, iso_utc, three_decimals

LABELS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
FROM_BEST_TO_WORST = ["measured", "interpolated", "extrapolated"]
METHODS = {"measured": "actual", "interpolated": "interpolated", "extrapolated": "extrapolated", "none": "none"}


def consumption(previous: End, end: End) -> Fraction | None:
    """Section 4: `C(m) = U(B(m)) - U(B(m-1))`, null if either end is null."""
    if previous.counter is None or end.counter is None:
        return None
    return end.counter - previous.counter


def worse(one: str, other: str) -> str:
    """Section 4: the quality of `C` is the worse of its ends."""
    return max(one, other, key=FROM_BEST_TO_WORST.index)


def flags(points: Sequence[Point], meter: Meter, previous: End, end: End) -> list[str]:
    """Section 4: what happened between the two ends; none when there is no consumption."""
    used = consumption(previous, end)
    if used is None:
        return []
    found: set[str] = set()
    for a, b in pairwise(points):
        contributes = a.at_ms < end.tau_ms and b.at_ms > previous.tau_ms
        if contributes and b.kind in ("reset", "rollover", "dip"):
            found.add(b.kind)
    if any(previous.tau_ms < exchange.at_ms <= end.tau_ms for exchange in meter.exchanges):
        found.add("exchange")
    if used < 0:
        found.add("negative")
    return sorted(found)


def calculation_details(end: End) -> dict[str, Any]:
    """Section 5: where the value comes from; ratio and span only with two sources.

    An extrapolated end has no ratio: the text leaves that open, and nothing is interpolated there.
    """
    details: dict[str, Any] = {
        "method": METHODS[end.quality],
        "sourceReadings": [
            {"date": iso_utc(point.at_ms), "amount": three_decimals(point.amount)} for point in end.sources
        ],
    }
    if len(end.sources) == 2:
        first, second = end.sources
        span = second.at_ms - first.at_ms
        if end.quality == "interpolated":
            details["interpolationRatio"] = three_decimals(Fraction(end.boundary_ms - first.at_ms, span))
        details["spanDays"] = three_decimals(Fraction(span, DAY_MS))
    return details


def entry(points: Sequence[Point], meter: Meter, month: int, previous: End, end: End) -> dict[str, Any]:
    """Section 5: one monthly entry."""
    used = consumption(previous, end)
    quality_of_used = None if used is None else worse(previous.quality, end.quality)
    return {
        "month": month,
        "monthLabel": LABELS[month - 1],
        "meterReading": None if end.shown is None else three_decimals(end.shown),
        "consumption": None if used is None else three_decimals(used),
        "quality": end.quality,
        "consumptionQuality": quality_of_used,
        "isActual": end.quality == "measured",
        "isInterpolated": end.quality == "interpolated",
        "isExtrapolated": end.quality == "extrapolated",
        "isDerived": quality_of_used in ("interpolated", "extrapolated"),
        "flags": flags(points, meter, previous, end),
        "calculationDetails": calculation_details(end),
    }


def monthly(meter: Meter, year: int) -> list[dict[str, Any]]:
    """Sections 4 and 5: always twelve; January uses December of the year before, from the same full series."""
    points = corrected_counter(meter)
    ends = [end_of_month(points, meter, year - 1, 12)]
    ends += [end_of_month(points, meter, year, month) for month in range(1, 13)]
    return [entry(points, meter, month, ends[month - 1], ends[month]) for month in range(1, 13)]
