"""How a CSV file writes numbers (CALCULATION.md, 8): which sign is the decimal one, and the amount of a value.

The decimal sign is found once per file. A guess could be off by a factor of 1000, so a file without evidence, or with
evidence for both signs, is refused.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from chalicelib.domain.errors import CsvError
from chalicelib.domain.files.csv.energy_types import UNIT_TYPES
from chalicelib.domain.readings import EnergyType

DecimalSign = Literal[".", ","]
Found = tuple[int, str]  # a line and the value there

SIGNS: tuple[DecimalSign, DecimalSign] = (".", ",")
MAX_LENGTH = 60
_UNIT_ENDS = frozenset(unit[-1] for unit in UNIT_TYPES) | {"H"}
# Space, no-break space, thin space, narrow no-break space, both apostrophes.
_GROUPING = " \u00a0\u2009\u202f'\u2019"


def _notation(decimal: str, other: str) -> re.Pattern[str]:
    """Groups have three digits and one separator; a lone 0 is no group. ``.5`` is a number, ``5.`` is none."""
    groups = rf"(?!0[{_GROUPING}{other}])[0-9]{{1,3}}([{_GROUPING}{other}])[0-9]{{3}}(?:\1[0-9]{{3}})*"
    return re.compile(rf"[+-]?(?:(?:[0-9]+|{groups})(?:[{decimal}][0-9]+)?|[{decimal}][0-9]+)")


_NOTATIONS: dict[DecimalSign, re.Pattern[str]] = {".": _notation(".", ","), ",": _notation(",", ".")}
_SEPARATORS: dict[DecimalSign, re.Pattern[str]] = {
    ".": re.compile(f"[{_GROUPING},]"),
    ",": re.compile(f"[{_GROUPING}.]"),
}


# What nearly all amounts of a long file are: their form says all that there is to check of an amount.
_COUNTS: dict[DecimalSign, re.Pattern[str]] = {
    ".": re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,3})?"),
    ",": re.compile(r"[0-9]{1,12}(?:,[0-9]{1,3})?"),
}


def find_decimal_sign(values: Iterable[Found], delimiter: str) -> DecimalSign | None:
    """The decimal sign of a file from all its amounts; one pass, nothing is kept. None: no amount has a sign.

    What is a number with one sign alone proves it. ``1.234`` is one with both; if all of these have commas where
    ``;`` delimits, the comma is decimal.

    Raises:
        CsvError: evidence for both signs, or for none of them.
    """
    proofs: dict[DecimalSign, Found] = {}
    doubts: dict[DecimalSign, Found] = {}
    for line, value in values:
        number, _ = split_unit(value)
        if number.isdecimal() or any(_fits(number, sign) for sign in proofs):
            continue
        fitting = [sign for sign in SIGNS if _fits(number, sign)]
        if len(fitting) == 1:
            proofs[fitting[0]] = line, value
        for sign in fitting if len(fitting) > 1 else ():
            if sign in number:
                doubts.setdefault(sign, (line, value))
    if len(proofs) > 1:
        raise _ambiguous(f"{_where(proofs[','])} has a decimal comma, {_where(proofs['.'])} a decimal point")
    if proofs:
        return next(iter(proofs))
    if not doubts:
        return None
    if "." not in doubts and delimiter == ";":
        return ","
    raise _ambiguous(_both_readings(*min(doubts.values())))


def parse_number(number: str, decimal: DecimalSign | None) -> Decimal | None:
    """What ``number`` writes, or None if it is no number in this notation; its unit is split off before."""
    sign = decimal or "."
    if not _fits(number, sign):
        return None
    return Decimal(_SEPARATORS[sign].sub("", number).replace(",", "."))


def plain_count(text: str, decimal: DecimalSign | None) -> Decimal | None:
    """The amount of a number of up to 12 digits and 3 decimals, which every register can show; None: look closer.

    A third of the time of reading a file of such numbers went into looking closer.
    """
    return Decimal(text.replace(",", ".")) if _COUNTS[decimal or "."].fullmatch(text) else None


def split_unit(value: str) -> tuple[str, EnergyType | None]:
    """A value without the unit behind it, and the type that is counted in this unit."""
    if value[-1:] not in _UNIT_ENDS:
        return value, None
    for unit, kind in UNIT_TYPES.items():
        if value[-len(unit) :].lower() == unit:
            return value[: -len(unit)].rstrip(), kind
    return value, None


def _fits(number: str, sign: DecimalSign) -> bool:
    return len(number) <= MAX_LENGTH and _NOTATIONS[sign].fullmatch(number) is not None


def _where(found: Found) -> str:
    return f'"{found[1]}" (line {found[0]})'


def _both_readings(line: int, value: str) -> str:
    number, _ = split_unit(value)
    readings = " or ".join(str(parse_number(number, sign)) for sign in SIGNS)
    return f"{_where((line, value))} may be {readings}"


def _ambiguous(reason: str) -> CsvError:
    return CsvError(f"ambiguous number format, pass decimal=. or decimal=,: {reason}")
