"""Properties of the monthly view that hold for every meter."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calculation.month_end import last_day_of, month_boundary
from chalicelib.domain.calculation.monthly import MonthlyEntry, monthly_entries, stored_years
from chalicelib.domain.calculation.rounding import rounded
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import DAY_MS, MeterExchange, Reading, day_start, local_date, to_ms
from tests import by_the_book
from tests.by_the_book.agreement import meter_of, months_of
from tests.unit.domain.calculation.building import BERLIN, at
from tests.unit.domain.calculation.meters import (
    HOUR_MS,
    Meter,
    examples,
    few_examples,
    gaps,
    meters,
    starts,
    thousandths,
    zones,
)

YEARS = st.integers(2020, 2027)
TWELVE_HOURS = 12 * HOUR_MS
HALF_A_THOUSANDTH = Fraction(1, 2000)


def _row(entry: MonthlyEntry) -> tuple[object, ...]:
    flags = sorted(entry.flags)
    return entry.meter_reading, entry.quality, entry.consumption, entry.consumption_quality, flags


@few_examples
@given(meters(), YEARS, zones)
def test_bisection_says_what_walking_by_the_book_says(meter: Meter, year: int, zone: ZoneInfo) -> None:
    assert months_of(meter.series(), year, zone) == by_the_book.monthly(meter_of(*meter, zone), year)


@few_examples
@given(meters(), YEARS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(meter: Meter, year: int, random: object) -> None:
    readings, exchanges = list(meter.readings), list(meter.exchanges)
    random.shuffle(readings)  # type: ignore[attr-defined]
    random.shuffle(exchanges)  # type: ignore[attr-defined]
    shuffled = meter._replace(readings=readings, exchanges=exchanges).series()
    assert monthly_entries(shuffled, year, BERLIN) == monthly_entries(meter.series(), year, BERLIN)


@contextmanager
def process_in(zone: str) -> Iterator[None]:
    """As if the process ran there. Midnights that somebody remembers from elsewhere are forgotten."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            day_start.cache_clear()
            yield
    finally:
        time.tzset()


@few_examples
@given(meters(), YEARS, zones, st.sampled_from(["America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati"]))
def test_the_zone_of_the_process_does_not_matter(meter: Meter, year: int, zone: ZoneInfo, elsewhere: str) -> None:
    with process_in("UTC"):
        here = monthly_entries(meter.series(), year, zone)
    with process_in(elsewhere):
        assert monthly_entries(meter.series(), year, zone) == here


@few_examples
@given(meters(), zones)
def test_an_entry_is_of_one_quality_and_says_so(meter: Meter, zone: ZoneInfo) -> None:
    for entry in monthly_entries(meter.series(), 2022, zone):
        marks = [entry.is_actual, entry.is_interpolated, entry.is_extrapolated]
        assert marks == [entry.quality == q for q in ("measured", "interpolated", "extrapolated")]
        assert (entry.meter_reading is None) == (entry.quality == "none")
        assert (entry.consumption is None) == (entry.consumption_quality is None)
        assert entry.is_derived == (entry.consumption_quality in ("interpolated", "extrapolated"))
        assert entry.consumption is not None or not entry.flags


@examples
@given(meters(), YEARS, zones)
def test_a_month_end_is_measured_only_by_a_reading_within_twelve_hours_or_at_midnight_of_its_day(
    meter: Meter, year: int, zone: ZoneInfo
) -> None:
    instants = meter.series().instants
    for entry in monthly_entries(meter.series(), year, zone):
        boundary = month_boundary(year, entry.month, zone)
        near = any(abs(instant - boundary) <= TWELVE_HOURS for instant in instants)
        at_midnight = day_start(last_day_of(year, entry.month), zone) in instants
        assert entry.is_actual <= (near or at_midnight)
        assert near <= entry.is_actual


class SteadyMeter(NamedTuple):
    """Readings at any times of a meter that counts a fixed number of billionths each millisecond."""

    readings: list[Reading]
    billionths: int
    zone: ZoneInfo

    def used(self, elapsed_ms: int) -> Fraction:
        return Fraction(self.billionths * elapsed_ms, 10**9)


@st.composite
def steady_meters(draw: st.DrawFn) -> SteadyMeter:
    start, billionths = draw(starts), draw(st.integers(0, 1_000))  # up to 86.4 a day
    instants = [start]
    for gap in draw(st.lists(gaps, min_size=1, max_size=14)):
        instants.append(instants[-1] + gap)
    readings = [Reading(instant, Decimal(billionths * (instant - start)).scaleb(-9)) for instant in instants]
    return SteadyMeter(readings, billionths, draw(zones))


def _from_its_reading(entry: MonthlyEntry, boundary: int) -> int:
    """How far the reading that measures the end lies from it; 0: none does."""
    return abs(boundary - to_ms(entry.calculation_details.source_readings[0].date)) if entry.is_actual else 0


@examples
@given(steady_meters())
def test_of_a_constant_use_a_month_between_readings_is_exact_or_off_by_what_was_used_beside_a_measured_end(
    meter: SteadyMeter,
) -> None:
    counter, zone = Series.of(meter.readings), meter.zone
    first, last = meter.readings[0].instant, meter.readings[-1].instant
    ends = [
        (month_boundary(year, entry.month, zone), entry)
        for year in stored_years(counter, zone)
        for entry in monthly_entries(counter, year, zone)
    ]
    inside = [(boundary, entry) for boundary, entry in ends if first <= boundary <= last]
    for (start, before), (end, entry) in pairwise(inside):
        beside = [_from_its_reading(before, start), _from_its_reading(entry, end)]
        assert max(beside) <= 25 * HOUR_MS
        exact = meter.used(end - start)
        assert entry.consumption is not None
        assert abs(Fraction(entry.consumption) - exact) <= meter.used(sum(beside)) + HALF_A_THOUSANDTH
        if not (before.is_actual or entry.is_actual):
            assert entry.consumption == rounded(exact)


@st.composite
def months_with_gaps(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Months of three years, the first and the last always among them."""
    inner = [(y, m) for y in (2022, 2023, 2024) for m in range(1, 13)][1:-1]
    return [(2022, 1), *sorted(draw(st.sets(st.sampled_from(inner)))), (2024, 12)]


@st.composite
def meters_read_at_month_ends(draw: st.DrawFn) -> Meter:
    """With exchanges at the instants of readings, with and without a modulus, forwards or also backwards."""
    amounts = st.integers(0, 99_999).map(Decimal)
    readings = [Reading(at(last_day_of(*month).isoformat()), draw(amounts)) for month in draw(months_with_gaps())]
    days = draw(st.sets(st.sampled_from([reading.instant for reading in readings]), max_size=2))
    exchanges = [MeterExchange(day, draw(amounts), draw(amounts)) for day in days]
    return Meter(readings, exchanges, draw(st.sampled_from([None, 100_000])), draw(st.booleans()))


@few_examples
@given(meters_read_at_month_ends())
def test_consumption_over_months_telescopes_to_the_corrected_counter(meter: Meter) -> None:
    points = by_the_book.corrected_counter(meter_of(*meter, BERLIN))
    first = [point for point in points if point.at_ms == points[0].at_ms][-1]
    entries = [entry for year in (2022, 2023, 2024) for entry in monthly_entries(meter.series(), year, BERLIN)]
    used = [entry.consumption for entry in entries[1:]]
    total = sum((Fraction(amount) for amount in used if amount is not None), Fraction(0))
    assert None not in used
    assert abs(total - (points[-1].counter - first.counter)) <= HALF_A_THOUSANDTH * len(used)


class WithLine(NamedTuple):
    """A meter and a point on the line between two of its readings."""

    meter: Meter
    point: Reading


@st.composite
def meters_with_a_line(draw: st.DrawFn) -> WithLine:
    """A meter with a normal pair of 40 days or more somewhere, and a point on it that measures no month end."""
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
    away = [point for point in on_the_line if _is_away_from_month_ends(point.instant)]
    return WithLine(Meter([*readings[:split], a, b, *moved], [], None), draw(st.sampled_from(away)))


def _is_away_from_month_ends(instant: int) -> bool:
    """Neither on the last day of a month, where it would come after that midnight, nor shortly behind it."""
    day = local_date(instant, BERLIN)
    return day < last_day_of(day.year, day.month) and local_date(instant - TWELVE_HOURS - 1, BERLIN).month == day.month


@examples
@given(meters_with_a_line())
def test_a_point_on_the_line_of_a_normal_pair_changes_no_measured_or_interpolated_month_end(drawn: WithLine) -> None:
    meter, point = drawn
    with_it = Series.of([*meter.readings, point])
    for year in stored_years(with_it, BERLIN):
        before = monthly_entries(meter.series(), year, BERLIN)
        after = monthly_entries(with_it, year, BERLIN)
        for old, new in zip(before, after, strict=True):
            if old.quality in ("measured", "interpolated"):
                assert (old.meter_reading, old.quality) == (new.meter_reading, new.quality)
            if old.consumption_quality in ("measured", "interpolated"):
                assert _row(old) == _row(new)
