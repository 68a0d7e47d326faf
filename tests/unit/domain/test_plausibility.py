"""Single readings: what is refused, why, and what an exchange explains."""

from decimal import Decimal

import pytest

from chalicelib.domain.errors import ImplausibleReadingError, InvalidReadingError
from chalicelib.domain.plausibility import check_amount, check_instant, check_neighbours, check_reading, parse_type
from chalicelib.domain.readings import DAY_MS, EnergyType, MeterExchange, Reading

NOW = 1_700_000_000_000


@pytest.mark.parametrize("text", ["power", " Power ", "POWER\t"])
def test_a_type_is_known_after_trim_and_lower(text: str) -> None:
    assert parse_type(text) is EnergyType.POWER


@pytest.mark.parametrize("text", ["", "water", "po wer", "x" * 10_000])
def test_an_unknown_type_is_named(text: str) -> None:
    with pytest.raises(InvalidReadingError, match="is neither power nor gas") as caught:
        parse_type(text)
    assert caught.value.errors[0].where == "type"
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    "amount", ["0", "0.001", "12345.678", "999999999999.999", "123456789012.000000", "1E+3", "1e-15"]
)
def test_an_amount_that_a_register_can_show_is_accepted(amount: str) -> None:
    check_amount(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("-1", "must not be negative"),
        ("-0.001", "must not be negative"),
        ("NaN", "not a finite number"),
        ("sNaN", "not a finite number"),
        ("Infinity", "not a finite number"),
        ("-Infinity", "not a finite number"),
        ("1e12", "more than 12 digits"),
        ("1.234567890123456", "more than 15 digits"),
        ("999999999999.9999", "more than 15 digits"),
        ("1E+999999", "more than 12 digits"),
        ("1e-16", "more than 15 digits"),
    ],
)
def test_any_other_amount_is_refused(amount: str, reason: str) -> None:
    with pytest.raises(InvalidReadingError, match=reason) as caught:
        check_amount(Decimal(amount))
    assert [error.where for error in caught.value.errors] == ["amount"]


def test_a_date_up_to_one_day_ahead_is_accepted() -> None:
    check_instant(NOW + DAY_MS, NOW)
    with pytest.raises(InvalidReadingError, match="more than one day in the future"):
        check_instant(NOW + DAY_MS + 1, NOW)


def test_every_flaw_of_a_reading_is_named_at_once() -> None:
    with pytest.raises(InvalidReadingError) as caught:
        check_reading(Reading(NOW + 2 * DAY_MS, Decimal(-1)), NOW)
    assert [error.where for error in caught.value.errors] == ["amount", "date"]
    assert str(caught.value) == "amount must not be negative; date is more than one day in the future"
    check_reading(Reading(NOW, Decimal(1)), NOW)


def at_day(day: int, amount: int) -> Reading:
    return Reading(day * DAY_MS, Decimal(amount))


def exchange(day: int, final_old: int, initial_new: int = 0) -> MeterExchange:
    return MeterExchange(day * DAY_MS, Decimal(final_old), Decimal(initial_new))


@pytest.mark.parametrize("amount", [100, 150, 200])
def test_a_register_between_its_neighbours_is_plausible(amount: int) -> None:
    check_neighbours(at_day(5, amount), at_day(1, 100), at_day(9, 200))


def test_without_neighbours_every_amount_is_plausible() -> None:
    check_neighbours(at_day(5, 1), None, None)


def code_of(reading: Reading, previous: Reading | None, following: Reading | None, *changes: MeterExchange) -> str:
    with pytest.raises(ImplausibleReadingError) as caught:
        check_neighbours(reading, previous, following, changes)
    return caught.value.code


def test_a_register_does_not_run_backwards() -> None:
    assert code_of(at_day(5, 99), at_day(1, 100), at_day(9, 200)) == "LOWER_THAN_PREVIOUS"
    assert code_of(at_day(5, 201), at_day(1, 100), at_day(9, 200)) == "HIGHER_THAN_NEXT"


def test_an_exchange_since_the_previous_reading_explains_a_lower_one() -> None:
    check_neighbours(at_day(5, 20), at_day(1, 100), None, [exchange(3, 120)])
    check_neighbours(at_day(5, 20), at_day(1, 100), None, [exchange(1, 100)])
    check_neighbours(at_day(5, 20), None, None, [exchange(3, 120, 20)])


def test_an_exchange_before_the_next_reading_explains_a_higher_one() -> None:
    check_neighbours(at_day(5, 110), at_day(1, 100), at_day(9, 30), [exchange(7, 120)])
    check_neighbours(at_day(5, 110), at_day(1, 100), at_day(9, 30), [exchange(5, 120)])


def test_an_exchange_elsewhere_explains_nothing() -> None:
    elsewhere = [exchange(0, 90), exchange(9, 300), exchange(12, 400)]
    assert code_of(at_day(5, 99), at_day(1, 100), at_day(9, 200), *elsewhere) == "LOWER_THAN_PREVIOUS"
    assert code_of(at_day(5, 201), at_day(1, 100), at_day(9, 200), *elsewhere) == "HIGHER_THAN_NEXT"


def test_the_exchange_nearest_to_the_reading_counts() -> None:
    changes = [exchange(4, 30, 10), exchange(3, 120, 0), exchange(6, 50, 0), exchange(7, 60, 0)]
    check_neighbours(at_day(5, 10), at_day(1, 100), at_day(9, 1), changes)
    assert code_of(at_day(5, 9), at_day(1, 100), at_day(9, 1), *changes) == "LOWER_THAN_PREVIOUS"
    assert code_of(at_day(5, 51), at_day(1, 100), at_day(9, 1), *changes) == "HIGHER_THAN_NEXT"


def test_the_message_names_both_amounts() -> None:
    with pytest.raises(ImplausibleReadingError, match=r"amount 99 is lower than 100, the one before"):
        check_neighbours(at_day(5, 99), at_day(1, 100), None)
    with pytest.raises(ImplausibleReadingError, match=r"amount 99 is higher than 98, the one after"):
        check_neighbours(at_day(5, 99), None, at_day(9, 98))
