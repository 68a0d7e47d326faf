"""What holds of the monthly view for every meter."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calculation.month_end import last_day_of
from chalicelib.domain.calculation.monthly import MonthlyEntry, monthly_entries, stored_years
from chalicelib.domain.calculation.rounding import rounded_or_none
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import DAY_MS, Reading, local_date
from tests.unit.domain.calculation import by_the_book
from tests.unit.domain.calculation.building import BERLIN, at
from tests.unit.domain.calculation.meters import (
    Meter,
    examples,
    few_examples,
    gaps,
    meters,
    starts,
    thousandths,
    tolerances,
    zones,
)

YEARS = st.integers(2020, 2027)


def _row(entry: MonthlyEntry) -> tuple[object, ...]:
    flags = sorted(entry.flags)
    return entry.meter_reading, entry.quality, entry.consumption, entry.consumption_quality, flags


@examples
@given(meters(), YEARS, zones, tolerances)
def test_bisection_says_what_walking_by_the_book_says(meter: Meter, year: int, zone: ZoneInfo, tolerance: int) -> None:
    expected = by_the_book.months(*meter, year, zone, tolerance)
    entries = monthly_entries(meter.series(), year, zone, tolerance)
    assert [_row(entry) for entry in entries] == [
        (rounded_or_none(v), quality, rounded_or_none(used), used_quality, flags)
        for v, quality, used, used_quality, flags in expected
    ]


@few_examples
@given(meters(), YEARS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(meter: Meter, year: int, random: object) -> None:
    readings, exchanges = list(meter.readings), list(meter.exchanges)
    random.shuffle(readings)  # type: ignore[attr-defined]
    random.shuffle(exchanges)  # type: ignore[attr-defined]
    shuffled = Series.of(readings, exchanges, meter.modulus)
    assert monthly_entries(shuffled, year, BERLIN) == monthly_entries(meter.series(), year, BERLIN)


@few_examples
@given(meters(), zones, tolerances)
def test_an_entry_is_of_one_quality_and_says_so(meter: Meter, zone: ZoneInfo, tolerance: int) -> None:
    for entry in monthly_entries(meter.series(), 2022, zone, tolerance):
        marks = [entry.is_actual, entry.is_interpolated, entry.is_extrapolated]
        assert marks == [entry.quality == q for q in ("measured", "interpolated", "extrapolated")]
        assert (entry.meter_reading is None) == (entry.quality == "none")
        assert (entry.consumption is None) == (entry.consumption_quality is None)
        assert entry.is_derived == (entry.consumption_quality in ("interpolated", "extrapolated"))
        assert entry.consumption is not None or not entry.flags


@st.composite
def months_with_gaps(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Months of three years, the first and the last always among them."""
    inner = [(y, m) for y in (2022, 2023, 2024) for m in range(1, 13)][1:-1]
    return [(2022, 1), *sorted(draw(st.sets(st.sampled_from(inner)))), (2024, 12)]


@few_examples
@given(months_with_gaps(), st.data())
def test_consumption_over_months_telescopes_to_the_corrected_counter(
    months: list[tuple[int, int]], data: st.DataObject
) -> None:
    amounts = [Decimal(data.draw(st.integers(0, 99_999))) for _ in months]
    readings = [Reading(at(last_day_of(*m).isoformat()), a) for m, a in zip(months, amounts, strict=True)]
    points = by_the_book.walk(readings, [], None)
    entries = [entry for year in (2022, 2023, 2024) for entry in monthly_entries(Series.of(readings), year, BERLIN)]
    used = [entry.consumption for entry in entries[1:]]
    total = sum((Fraction(amount) for amount in used if amount is not None), Fraction(0))
    assert None not in used
    assert abs(total - (points[-1].u - points[0].u)) <= Fraction(5, 10_000) * len(used)


class WithLine(NamedTuple):
    """A meter and a point on the line between two of its readings."""

    meter: Meter
    point: Reading


@st.composite
def meters_with_a_line(draw: st.DrawFn, tolerance: int) -> WithLine:
    """A meter with a normal pair of 40 days or more somewhere, and a point on it outside every tolerance window."""
    readings = draw(meters()).readings
    split = draw(st.integers(0, len(readings)))
    start = draw(starts) if split == 0 else readings[split - 1].instant + draw(gaps)
    a = Reading(start, draw(thousandths(0, 9_999_999)))
    b = Reading(start + draw(st.integers(40, 200)) * DAY_MS, a.amount + draw(thousandths(0, 999_999)))
    later = readings[split:]
    shift = b.instant + draw(gaps) - later[0].instant if later else 0
    moved = [Reading(reading.instant + shift, reading.amount) for reading in later]
    on_the_line = [
        Reading(a.instant + (b.instant - a.instant) * share // 20, a.amount + (b.amount - a.amount) * share / 20)
        for share in range(1, 20)
    ]
    outside = [point for point in on_the_line if _distance_to_month_end(point.instant) > tolerance]
    return WithLine(Meter([*readings[:split], a, b, *moved], [], None), draw(st.sampled_from(outside)))


def _distance_to_month_end(instant: int) -> int:
    day = local_date(instant, BERLIN)
    return min(day.day - 1, (last_day_of(day.year, day.month) - day).days)


@examples
@given(st.data(), tolerances)
def test_a_point_on_the_line_of_a_normal_pair_changes_no_measured_or_interpolated_month_end(
    data: st.DataObject, tolerance: int
) -> None:
    meter, point = data.draw(meters_with_a_line(tolerance))
    with_it = Series.of([*meter.readings, point])
    for year in stored_years(with_it, BERLIN):
        before = monthly_entries(meter.series(), year, BERLIN, tolerance)
        after = monthly_entries(with_it, year, BERLIN, tolerance)
        for old, new in zip(before, after, strict=True):
            if old.quality in ("measured", "interpolated"):
                assert (old.meter_reading, old.quality) == (new.meter_reading, new.quality)
            if old.consumption_quality in ("measured", "interpolated"):
                assert _row(old) == _row(new)
