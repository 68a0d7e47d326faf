"""The one rounding (CALCULATION.md, 1): half-even to three decimals, once, after exact arithmetic."""

from decimal import Decimal
from fractions import Fraction


def rounded(value: Fraction) -> Decimal:
    """``value`` with three decimals, half-even.

    Built from text because the decimal context, which rounds to 28 digits, must have no say.
    """
    return Decimal(f"{round(value * 1000)}E-3")


def rounded_or_none(value: Fraction | None) -> Decimal | None:
    """``rounded``, where a missing value stays missing."""
    return None if value is None else rounded(value)
