"""The corrected counter: points, kinds, increments."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from chalicelib.domain.calculation.series import Kind, Series, increment
from chalicelib.domain.readings import DAY_MS, Reading
from tests.unit.domain.calculation.building import at, series


@pytest.mark.parametrize(
    ("a", "b", "modulus", "grown", "kind"),
    [
        (100, 100, None, 0, Kind.NORMAL),
        (100, 250, None, 150, Kind.NORMAL),
        (100, 250, 100, 150, Kind.NORMAL),
        (900, 100, 1000, 200, Kind.ROLLOVER),
        (899, 100, 1000, 100, Kind.RESET),
        (900, 101, 1000, 101, Kind.RESET),
        (900, 100, None, 100, Kind.RESET),
        (1000, 900, None, -100, Kind.DIP),
        (1000, 899, None, 899, Kind.RESET),
        (1000, 999, 1000, -1, Kind.DIP),
        (10, 0, None, 0, Kind.RESET),
        (950, 0, 1000, 50, Kind.ROLLOVER),
    ],
)
def test_the_first_rule_that_fits_wins(a: int, b: int, modulus: int | None, grown: int, kind: Kind) -> None:
    assert increment(a, b, modulus, starts_new_meter=False) == (grown, kind)


@pytest.mark.parametrize("b", [0, 500, 1000, 2000])
def test_a_new_meter_begins_without_consumption_whatever_it_shows(b: int) -> None:
    assert increment(1000, b, 1000, starts_new_meter=True) == (0, Kind.EXCHANGE)


def test_an_exchange_adds_the_old_meter_first_and_then_the_new_one() -> None:
    counter = series(("2024-01-01", 100), ("2024-03-01", 30), exchanges=[("2024-02-01", "150", "10")])
    assert [counter.kind_of(i) for i in range(4)] == [Kind.NORMAL, Kind.NORMAL, Kind.EXCHANGE, Kind.NORMAL]
    assert [counter.amount_at(i) for i in range(4)] == [100, 150, 10, 30]
    assert [counter.total_at(i) for i in range(4)] == [100, 150, 150, 170]


def test_a_new_meter_starts_at_zero_unless_said_otherwise() -> None:
    counter = series(("2024-01-01", 100), ("2024-03-01", 30), exchanges=[("2024-02-01", "150")])
    assert counter.total_at(3) == 180


def test_a_reading_at_the_instant_of_an_exchange_belongs_to_the_old_meter() -> None:
    counter = series(("2024-01-01", 100), ("2024-02-01", 149), exchanges=[("2024-02-01", "150", "0")])
    assert [counter.amount_at(i) for i in range(4)] == [100, 149, 150, 0]


def test_two_exchanges_at_one_instant_stay_whole() -> None:
    counter = series(("2024-01-01", 100), exchanges=[("2024-02-01", "150", "7"), ("2024-02-01", "20", "5")])
    assert [counter.amount_at(i) for i in range(5)] == [100, 20, 5, 150, 7]
    assert [counter.kind_of(i) for i in (2, 4)] == [Kind.EXCHANGE, Kind.EXCHANGE]


def test_only_readings_count_as_readings() -> None:
    counter = series(("2024-02-01", 1), ("2024-01-01", 1), exchanges=[("2023-01-01", "1"), ("2025-01-01", "1")])
    assert (len(counter), counter.first, counter.last) == (2, at("2024-01-01"), at("2024-02-01"))


def test_a_series_without_readings_has_neither_first_nor_last() -> None:
    counter = Series.of([])
    assert (len(counter), counter.first, counter.last) == (0, None, None)
    assert (counter.forward_partner(), counter.backward_partner()) == (None, None)
    assert (list(counter.instants), list(counter.amounts), list(counter.breaks)) == ([], [], [])


def test_slope_partners_are_the_nearest_points_at_least_24_hours_away() -> None:
    start = at("2024-01-10")
    offsets = [0, DAY_MS - 1, DAY_MS, DAY_MS + 1, 3 * DAY_MS - 1, 3 * DAY_MS, 4 * DAY_MS]
    counter = Series.of([Reading(start + offset, Decimal(1)) for offset in offsets])
    assert (counter.backward_partner(), counter.forward_partner()) == (2, 5)


def test_points_less_than_24_hours_apart_have_no_slope() -> None:
    counter = Series.of([Reading(0, Decimal(1)), Reading(DAY_MS - 1, Decimal(2))])
    assert (counter.forward_partner(), counter.backward_partner()) == (None, None)


def test_amounts_are_exact_beyond_the_digits_of_the_decimal_context() -> None:
    long, short = Decimal("123456789012345678901234567890.123"), Decimal("0.000001")
    with localcontext() as context:
        context.prec = 3
        counter = Series.of([Reading(0, short), Reading(1, long)], modulus=Decimal("1e40"))
    assert counter.amount_at(0) == Fraction(1, 1_000_000)
    assert counter.total_at(1) == Fraction(long)


def test_a_modulus_finer_than_the_amounts_is_exact_too() -> None:
    counter = Series.of([Reading(0, Decimal(95)), Reading(1, Decimal(1))], modulus=Decimal("99.5"))
    assert counter.total_at(1) - counter.total_at(0) == Fraction(11, 2)
