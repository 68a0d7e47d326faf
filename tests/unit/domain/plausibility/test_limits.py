"""Single readings and exchanges: what is refused, and why."""

from decimal import Decimal

import pytest

from chalicelib.domain.errors import InvalidReadingError
from chalicelib.domain.plausibility.limits import (
    check_amount,
    check_exchange,
    check_instant,
    check_modulus,
    check_reading,
    check_register,
    plain_amount,
)
from chalicelib.domain.readings import DAY_MS, EnergyType, MeterExchange, Reading

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    "amount", ["0", "0.0", "-0.0", "0.001", "12345.678", "999999999999.999", "123456789012.000000", "1E+3", "1e-15"]
)
def test_an_amount_from_zero_on_is_accepted(amount: str) -> None:
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


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0E-6000", "0"),
        ("-0", "0"),
        ("0E+5", "0"),
        ("1." + "0" * 33, "1"),
        ("100.50", "100.50"),
        ("-0.0", "0.0"),
        ("0E-7", "0"),
        ("1." + "0" * 15, "1"),
        ("1E+2", "100"),
        ("1.2E+3", "1200"),
        ("120", "120"),
        ("999999999999.999", "999999999999.999"),
        ("1E-15", "1E-15"),
    ],
)
def test_an_amount_is_kept_without_zeros_that_say_nothing(written: str, kept: str) -> None:
    assert str(plain_amount(Decimal(written))) == kept


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "-Infinity", "1.234567890123456", "1E+999999", "1E-999999", "-5"])
def test_an_amount_that_is_refused_is_not_changed(amount: str) -> None:
    kept = plain_amount(Decimal(amount))
    assert str(kept) == amount or kept == Decimal(amount)


def test_a_date_up_to_one_day_ahead_is_accepted() -> None:
    check_instant(NOW + DAY_MS, NOW)
    with pytest.raises(InvalidReadingError, match="more than one day in the future"):
        check_instant(NOW + DAY_MS + 1, NOW)


def test_every_flaw_of_a_reading_is_named_at_once() -> None:
    with pytest.raises(InvalidReadingError) as caught:
        check_reading(Reading(NOW + 2 * DAY_MS, Decimal(-1)), NOW)
    assert [error.where for error in caught.value.errors] == ["amount", "date"]
    assert str(caught.value) == "amount must not be negative; date is more than one day in the future"
    check_reading(Reading(NOW, Decimal(0)), NOW)


def test_an_exchange_is_held_to_the_rules_of_a_reading() -> None:
    with pytest.raises(InvalidReadingError) as caught:
        check_exchange(MeterExchange(NOW + 2 * DAY_MS, Decimal(-1), Decimal("1e12")), NOW)
    assert [error.where for error in caught.value.errors] == ["finalOld", "initialNew", "date"]
    check_exchange(MeterExchange(NOW, Decimal(0), Decimal(0)), NOW)


@pytest.mark.parametrize("amount", ["100000", "100001"])
def test_a_register_shows_less_than_its_modulus(amount: str) -> None:
    check_register(None, amount=Decimal(amount))
    check_register(Decimal(100_000), amount=Decimal("99999.999"))
    with pytest.raises(InvalidReadingError, match="is not below 100000, where this register starts again"):
        check_register(Decimal(100_000), amount=Decimal(amount))


def test_a_modulus_is_above_all_that_is_stored() -> None:
    check_modulus(Decimal(100_000), EnergyType.GAS, Decimal("99999.9"))
    with pytest.raises(InvalidReadingError, match=r"moduli\.gas 100000 is not above 100000"):
        check_modulus(Decimal(100_000), EnergyType.GAS, Decimal(100_000))
