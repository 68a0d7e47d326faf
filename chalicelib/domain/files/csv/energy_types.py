"""How a CSV file names types and units (CALCULATION.md, 8), and how names are compared and shown."""

import unicodedata

from chalicelib.domain.errors import FieldError, InvalidReadingError
from chalicelib.domain.readings import EnergyType

UNIT_TYPES = {"kwh": EnergyType.POWER, "m3": EnergyType.GAS, "m³": EnergyType.GAS}

TYPES = {
    **dict.fromkeys(("power", "strom", "electricity", "elektrizität"), EnergyType.POWER),
    **dict.fromkeys(("gas", "erdgas"), EnergyType.GAS),
}


def type_named(text: str) -> EnergyType:
    """The type that a cell names; InvalidReadingError if none."""
    kind = TYPES.get(text) or TYPES.get(plain(text))
    if kind is None:
        raise flaw("type", f'type "{shortened(text)}" is neither power nor gas')
    return kind


def flaw(column: str, reason: str) -> InvalidReadingError:
    """An error about one cell of a row."""
    return InvalidReadingError(reason, (FieldError(column, reason),))


def plain(text: str) -> str:
    """A name in the form that is compared: trimmed, in lower case, each letter with its accent in one character."""
    return unicodedata.normalize("NFC", text).strip().lower()


def shortened(text: str, length: int = 40) -> str:
    """The begin of a cell's text, for a message."""
    return text[:length]
