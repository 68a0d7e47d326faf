"""Packed readings: the same readings, whatever way they were put together, and the same counter from them."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import DAY_MS, FIRST_INSTANT, LAST_INSTANT, Reading
from chalicelib.domain.readings.compact import CompactReadings, utc_year
from tests.unit.domain.calculation.meters import examples

DECADE = 3_650 * DAY_MS
AMOUNTS = st.decimals(min_value=0, max_value=10**12, allow_nan=False, allow_infinity=False, places=3) | st.sampled_from(
    [Decimal("0.00000000000001"), Decimal("999999999999.999"), Decimal("1.500000"), Decimal(10) ** 25]
)
METERS = st.dictionaries(st.integers(-DECADE, DECADE), AMOUNTS, max_size=30).map(
    lambda found: [Reading(instant, amount) for instant, amount in found.items()]
)


@examples
@given(METERS)
def test_they_say_exactly_what_the_readings_say(readings: list[Reading]) -> None:
    assert list(CompactReadings.of(readings)) == sorted(readings)


@examples
@given(METERS, METERS, st.integers(-DECADE, DECADE), st.integers(0, DECADE))
def test_a_range_put_in_is_like_reading_everything_anew(
    before: list[Reading], now: list[Reading], first: int, width: int
) -> None:
    inside = [reading for reading in now if first <= reading.instant <= first + width]
    outside = [reading for reading in before if not first <= reading.instant <= first + width]
    spliced = CompactReadings.of(before).with_range(first, first + width, CompactReadings.of(inside))
    anew = CompactReadings.of([*outside, *inside])
    assert spliced == anew
    assert list(spliced.falls) == list(anew.falls)


@examples
@given(METERS)
def test_years_taken_apart_and_joined_are_the_whole(readings: list[Reading]) -> None:
    whole = CompactReadings.of(readings)
    years = dict(whole.by_year(utc_year(FIRST_INSTANT), utc_year(LAST_INSTANT)))
    joined = CompactReadings.joined(years.values())
    assert joined == whole
    assert list(joined.falls) == list(whole.falls)
    assert all(utc_year(instant) == year for year, part in years.items() for instant in part.instants)
    assert sorted(years) == sorted({utc_year(reading.instant) for reading in readings})


@examples
@given(METERS)
def test_the_counter_is_the_running_sum_of_what_each_pair_grew_by(readings: list[Reading]) -> None:
    counter = Series.of(readings, modulus=10**12)
    for index in range(1, len(readings)):
        a, b = counter.amounts[index - 1], counter.amounts[index]
        assert counter.total_of(index) - counter.total_of(index - 1) == counter.increment_of(index)
        assert counter.kind_of(index) == ("normal" if b >= a else counter.kind_of(index))
        assert (counter.kind_of(index) == "normal") == (b >= a)


def test_readings_of_other_years_are_no_part_of_the_ones_asked_for() -> None:
    whole = CompactReadings.of([Reading(year * 366 * DAY_MS, Decimal(year)) for year in range(5)])
    assert [year for year, _ in whole.by_year(1971, 1972)] == [1971, 1972]


def test_amounts_beyond_64_bits_are_kept_as_they_are() -> None:
    large = CompactReadings.of([Reading(0, Decimal(10) ** 30), Reading(1, Decimal("0.001"))])
    assert list(large.amounts) == [10**33, 1]
    assert isinstance(large.amounts, list)


def test_trailing_zeros_make_no_finer_unit() -> None:
    assert CompactReadings.of([Reading(0, Decimal("1.50000000"))]).decimals == 3
