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
        (0, 999, 1000, 999, Kind.NORMAL),
        (750, 250, 1000, 500, Kind.ROLLOVER),
        (749, 250, 1000, 250, Kind.RESET),
        (750, 251, 1000, 251, Kind.RESET),
        (999, 0, 1000, 1, Kind.ROLLOVER),
        (750, 250, None, 250, Kind.RESET),
        (1000, 900, None, -100, Kind.DIP),
        (1000, 899, None, 899, Kind.RESET),
        (999, 998, 1000, -1, Kind.DIP),
        (10, 0, None, 0, Kind.RESET),
    ],
)
def test_the_first_rule_that_fits_wins(a: int, b: int, modulus: int | None, grown: int, kind: Kind) -> None:
    assert increment(a, b, modulus, starts_new_meter=False) == (grown, kind)


@pytest.mark.parametrize(
    ("a", "b", "modulus", "grown", "kind"),
    [
        (100, 250, None, 150, Kind.NORMAL),
        (250, 100, None, -150, Kind.NORMAL),
        (1000, 0, None, -1000, Kind.NORMAL),
        (250, 750, 1000, -500, Kind.ROLLOVER),
        (251, 750, 1000, 499, Kind.NORMAL),
        (250, 749, 1000, 499, Kind.NORMAL),
        (0, 999, 1000, -1, Kind.ROLLOVER),
        (750, 250, 1000, 500, Kind.ROLLOVER),
        (749, 250, 1000, -499, Kind.NORMAL),
        (750, 251, 1000, -499, Kind.NORMAL),
        (999, 998, 1000, -1, Kind.NORMAL),
    ],
)
def test_a_meter_that_runs_backwards_has_neither_dip_nor_reset(
    a: int, b: int, modulus: int | None, grown: int, kind: Kind
) -> None:
    assert increment(a, b, modulus, starts_new_meter=False, runs_backwards=True) == (grown, kind)


@pytest.mark.parametrize("runs_backwards", [False, True])
@pytest.mark.parametrize(("a", "b"), [(250, 750), (750, 250), (749, 250), (500, 499), (0, 999), (500, 0)])
def test_a_series_knows_each_pair_as_the_rules_do(a: int, b: int, runs_backwards: bool) -> None:
    """However few of the pairs it looks at."""
    counter = series(("2024-01-01", a), ("2024-02-01", b), modulus=1000, runs_backwards=runs_backwards)
    expected = increment(a, b, 1000, starts_new_meter=False, runs_backwards=runs_backwards)
    assert counter.total_at(1) - counter.total_at(0) == expected.amount
    assert counter.kind_of(1) is expected.kind


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


@pytest.mark.parametrize(
    ("amount", "amounts", "total"),
    [
        (8040, [4000, 8040, 8040, 0, 5], 8045),  # the last reading of the old meter
        (0, [4000, 8040, 0, 0, 5], 8045),  # the first of the new one
        (4020, [4000, 4020, 8040, 0, 5], 8045),  # as far from both: of the old one
        (4019, [4000, 8040, 0, 4019, 5], 8040 + 4019 + 5),
        (8100, [4000, 8100, 8040, 0, 5], 8045),  # beyond the old one: corrected by the exchange
    ],
)
def test_a_reading_at_the_instant_of_an_exchange_is_of_the_meter_whose_register_lies_nearer(
    amount: int, amounts: list[int], total: int
) -> None:
    counter = series(
        ("2024-01-01", 4000), ("2024-02-01", amount), ("2024-03-01", 5), exchanges=[("2024-02-01", "8040", "0")]
    )
    assert [counter.amount_at(i) for i in range(5)] == amounts
    assert counter.total_at(4) == total


@pytest.mark.parametrize("amount", [0, 4020, 8040])
def test_the_last_reading_is_no_point_of_the_exchange_at_its_instant(amount: int) -> None:
    counter = series(("2024-01-01", 8000), ("2024-02-01", amount), exchanges=[("2024-02-01", "8040", "3")])
    assert counter.last_amount() == amount


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


def partners(*offsets: int) -> tuple[int | None, int | None]:
    """Of the backward and of the forward slope, in a series with these distances from its first point."""
    counter = Series.of([Reading(at("2024-01-10") + offset, Decimal(1)) for offset in offsets])
    return counter.backward_partner(), counter.forward_partner()


def test_slope_partners_are_the_nearest_points_at_least_28_days_away() -> None:
    base = 28 * DAY_MS
    assert partners(0, DAY_MS, base - 1, base, base + 1, 3 * base - 1, 3 * base, 4 * base) == (3, 6)


def test_a_series_of_less_than_28_days_has_its_other_end_as_partner() -> None:
    assert partners(0, DAY_MS, 28 * DAY_MS - 1) == (2, 0)
    assert partners(0, DAY_MS, 28 * DAY_MS) == (2, 0)


def test_points_less_than_24_hours_apart_have_no_slope() -> None:
    assert partners(0, DAY_MS) == (1, 0)
    assert partners(0, DAY_MS - 1) == (None, None)


def test_of_several_partners_at_one_instant_the_last_counts_forwards_and_the_first_backwards() -> None:
    exchanges = [("2024-01-10", "5", "7"), ("2024-03-10", "9", "0")]
    counter = series(("2024-02-20", 8), exchanges=exchanges)
    assert (counter.backward_partner(), counter.forward_partner()) == (2, 1)
    counter = series(("2024-01-01", 1), ("2024-05-10", 8), exchanges=exchanges[1:])
    assert (counter.backward_partner(), counter.forward_partner()) == (1, 2)


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
