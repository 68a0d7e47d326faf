"""Limits of readings and exchanges (CALCULATION.md, 9): what is beyond them is refused; ``questions`` asks back.

Whether an instant is taken, the store knows.
"""

from decimal import Context, Decimal

from chalicelib.domain.errors import FieldError, InvalidReadingError
from chalicelib.domain.readings import (
    AMOUNT_LIMIT,
    DAY_MS,
    SMALLEST_AMOUNT,
    EnergyType,
    MeterExchange,
    Reading,
)

# Far beyond any register. 15 significant digits are what every JSON reader keeps of a number, and 12 before the decimal
# sign leave room for the 3 decimals that figures are shown with. Keeps exact arithmetic cheap for 1E+999999 too.
MAX_DIGITS = 15
MAX_INTEGER_DIGITS = AMOUNT_LIMIT.adjusted()
# Of one meter: more than any ever has. Its document and the records of its imports hold all of them, at most 16 MB, and
# every write reads them; beside a page of readings they fit into a file that can be imported again.
MAX_EXCHANGES = 1_000
_KEPT = Context(prec=MAX_DIGITS)
FARTHEST = 1_000  # places from the point on which no amount has its first digit: it is refused, and not calculated with


def in_kept_digits(amount: Decimal) -> Decimal:
    """An amount in as many digits as are taken: inherited doubles may have two more, which say nothing."""
    return _KEPT.plus(amount)


def plain_amount(amount: Decimal) -> Decimal:
    """The same amount in its stored form: without exponent, without thousands of zeros, without a sign before a zero.

    1000.0 stays as it was written, because version 1 answers so. An amount that is refused for its digits keeps them.
    """
    text = str(amount)
    if not amount.is_finite() or ("E" not in text and len(text) <= MAX_DIGITS + 1):
        return amount or abs(amount)
    if amount and abs(amount.adjusted()) > FARTHEST:
        return amount
    kept = _KEPT.add(_KEPT.normalize(amount), Decimal(0))
    return kept if kept == amount else amount


def check_amount(amount: Decimal) -> None:
    """InvalidReadingError unless ``amount`` is finite, not negative and of a size that a register can show."""
    _raise_if(_amount_flaws(amount))


def check_instant(instant: int, now: int) -> None:
    """InvalidReadingError for an instant more than one day after ``now`` (both UTC milliseconds)."""
    if instant - now > DAY_MS:  # asked about every row of a file
        _raise_if(_instant_flaws(instant, now))


def check_reading(reading: Reading, now: int) -> None:
    """All that can be said about a reading by itself; the InvalidReadingError carries every flaw."""
    _raise_if([*_amount_flaws(reading.amount), *_instant_flaws(reading.instant, now)])


def check_register(modulus: Decimal | None, **amounts: Decimal) -> None:
    """InvalidReadingError for what a register that starts again at ``modulus`` cannot show; by the field's name."""
    if modulus is None:
        return
    _raise_if(
        [
            FieldError(
                field,
                f"{field} {amount} is not below {modulus}, where this register starts again: "
                "correct it, or the modulus in the settings",
            )
            for field, amount in amounts.items()
            if amount >= modulus
        ]
    )


def check_modulus(modulus: Decimal, energy_type: EnergyType, highest: Decimal) -> None:
    """InvalidReadingError unless the register's modulus is above the highest count that is stored of it."""
    if modulus <= highest:
        field = f"moduli.{energy_type}"
        _raise_if([FieldError(field, f"{field} {modulus} is not above {highest}, which is stored of this meter")])


def check_exchange(exchange: MeterExchange, now: int) -> None:
    """InvalidReadingError unless both registers of an exchange are amounts and it is not ahead."""
    flaws = [
        FieldError(where, flaw.reason.replace("amount", where))
        for where, amount in (("finalOld", exchange.final_old), ("initialNew", exchange.initial_new))
        for flaw in _amount_flaws(amount)
    ]
    _raise_if([*flaws, *_instant_flaws(exchange.instant, now)])


def exchanges_flaw(count: int) -> str | None:
    """Why a meter cannot have so many exchanges; None: it can."""
    if count <= MAX_EXCHANGES:
        return None
    return f"{count} exchanges of one meter: up to {MAX_EXCHANGES} are taken; leave out or remove what is none"


def _amount_flaws(amount: Decimal) -> list[FieldError]:
    if not amount.is_finite():
        return [FieldError("amount", "amount is not a finite number")]
    if amount < 0:
        return [FieldError("amount", "amount must not be negative")]
    if amount >= AMOUNT_LIMIT:
        return [FieldError("amount", f"amount has more than {MAX_INTEGER_DIGITS} digits before the decimal sign")]
    if 0 < amount < SMALLEST_AMOUNT or _KEPT.plus(amount) != amount:
        return [FieldError("amount", f"amount has more than {MAX_DIGITS} digits")]
    return []


def _instant_flaws(instant: int, now: int) -> list[FieldError]:
    if instant - now > DAY_MS:
        return [FieldError("date", "date is more than one day in the future")]
    return []


def _raise_if(flaws: list[FieldError]) -> None:
    if flaws:
        raise InvalidReadingError("; ".join(flaw.reason for flaw in flaws), tuple(flaws))
