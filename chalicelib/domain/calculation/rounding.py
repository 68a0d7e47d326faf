"""The one rounding (CALCULATION.md, 1): half-even to three decimals, once, after exact arithmetic."""

from decimal import Decimal
from fractions import Fraction


def rounded(value: Fraction) -> Decimal:
    """``value`` with three decimals, half-even.

    Built from text because the decimal context, which rounds to 28 digits, must have no say; and from whole numbers,
    because a product of fractions looks for a common divisor first.
    """
    whole, rest = divmod(value.numerator * 1000, value.denominator)
    beyond_half = 2 * rest - value.denominator
    return Decimal(f"{whole + (beyond_half > 0 or (beyond_half == 0 and whole % 2))}E-3")


def rounded_or_none(value: Fraction | None) -> Decimal | None:
    """``rounded``, where a missing value stays missing."""
    return None if value is None else rounded(value)
