"""How a CSV file writes numbers (CALCULATION.md, 8): which sign is the decimal one, and the amount of a value.

The decimal sign is found once per file. A guess could be off by a factor of 1000, so without evidence, or with
evidence for both, there is none.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

DecimalSign = Literal[".", ","]

# Space, no-break space, thin space, narrow no-break space, both apostrophes.
_GROUPING = re.compile("[ \u00a0\u2009\u202f'\u2019]")
_NUMBER = {
    ".": re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?"),
    ",": re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+)(?:,[0-9]+)?"),
}
_SIGNS = frozenset(".,")
_SPACED = re.compile("[+-]?[0-9]{1,3}(?:[ \u00a0\u2009\u202f'\u2019][0-9]{3})+(?:[.,][0-9]*)?")


def find_decimal_sign(values: Iterable[str]) -> DecimalSign | None:
    """The decimal sign of a file from all its amounts; one pass, nothing is kept.

    None where it stays open: evidence for both signs, or only values such as ``1.234``. Values with commas alone,
    such as ``1,234``, have a decimal comma as long as nothing in the file speaks against it.
    """
    proven: set[DecimalSign] = set()
    seen: set[str] = set()
    for value in values:
        if value.isdecimal():
            continue
        digits = _GROUPING.sub("", value.strip())
        if _NUMBER["."].fullmatch(digits) or _NUMBER[","].fullmatch(digits):
            proven.update(_evidence(digits))
            seen.update(_SIGNS.intersection(digits))
    if len(proven) == 1:
        return proven.pop()
    if proven or "." in seen:
        return None
    return "," if seen else "."


def parse_number(value: str, decimal: DecimalSign) -> Decimal | None:
    """The amount that ``value`` writes, or None if it is not a number in this notation."""
    digits = value.strip()
    if _SPACED.fullmatch(digits):
        digits = _GROUPING.sub("", digits)
    if not _NUMBER[decimal].fullmatch(digits):
        return None
    grouping = "," if decimal == "." else "."
    return Decimal(digits.replace(grouping, "").replace(",", "."))


def _evidence(digits: str) -> set[DecimalSign]:
    """What one value proves.

    The last of two different signs is the decimal one; a repeated sign is not; a lone sign is, if what stands
    around it cannot be a group of thousands.
    """
    last: DecimalSign = "." if digits.rfind(".") > digits.rfind(",") else ","
    other: DecimalSign = "," if last == "." else "."
    count = digits.count(last)
    if count == 0:
        return set()
    if other in digits:
        return {last} if count == 1 else set()
    if count > 1:
        return {other}
    before, after = digits.lstrip("+-").split(last)
    return {last} if len(after) != 3 or len(before) > 3 else set()
