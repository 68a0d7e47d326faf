"""Stored documents of readings: what they say, and why no reader can show some of them.

Uses none of the project's code.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from bson import CodecOptions, Decimal128, ObjectId
from pymongo.database import Database

Document = Mapping[str, Any]
Key = tuple[str, str]
CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
OLD, NEW = "energies", "source_energy_readings"
METERS, DISPLAY, SERIES, SETTINGS = "meters", "display_energy_data", "meter_series", "user_settings"
CONTROL, QUARANTINE, KEPT = "control", "quarantined_readings", "repaired_readings"
MODES = ("old_only", "dual_write", "new_only")
TYPES = ("power", "gas")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, END = datetime(1899, 12, 31, tzinfo=UTC), datetime(3000, 1, 2, tzinfo=UTC)


class Reading(NamedTuple):
    """What a document says of a reading."""

    user: str
    type: str
    date: datetime
    amount: Fraction


class Found(NamedTuple):
    """One thing that is wrong: of which meter (None: of none that can be), in which document."""

    meter: Key | None
    document: str
    problem: str


def plain(database: Database[Any]) -> Database[Any]:
    """The database without the project's codec."""
    return database.with_options(codec_options=CODEC)


def why_unreadable(document: Document) -> str | None:
    """Why no reader can show a document as a reading; None: one can.

    Years are those of a local date: no clock is a day away from UTC.
    """
    key, date = document.get("_id"), document.get("date")
    if not isinstance(key, ObjectId | str) or (isinstance(key, str) and ObjectId.is_valid(key)):
        return "no id"
    if not document.get("userId") or not isinstance(document["userId"], str):
        return "no user"
    if document.get("type") not in TYPES:
        return "no type"
    if not isinstance(date, datetime) or not FIRST <= date < END:
        return "no date"
    return None if _is_shown_by_a_register(document.get("amount")) else "no amount"


def _is_shown_by_a_register(value: Any) -> bool:
    """0 as a double or an integer was inherited from where nothing had been read."""
    amount = number(value)
    if amount == 0:
        return isinstance(value, Decimal | Decimal128)
    return amount is not None and Fraction(1, 10**15) <= amount < 10**12


def reading_of(document: Document) -> Reading:
    """What a readable document says."""
    amount = number(document["amount"])
    assert amount is not None
    return Reading(document["userId"], document["type"], document["date"], amount)


def number(value: Any) -> Fraction | None:
    """The exact value; of a double that of its shortest decimal. None: it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Decimal128):
        return None
    decimal = value.to_decimal() if isinstance(value, Decimal128) else Decimal(str(value))
    return Fraction(decimal) if decimal.is_finite() else None


def meter_of(document: Document) -> Key | None:
    """The meter that a document names, if there can be such a meter."""
    user, kind = document.get("userId"), document.get("type")
    return (user, kind) if isinstance(user, str) and kind in TYPES else None


def milliseconds(date: datetime) -> int:
    """UTC milliseconds since 1970."""
    return (date - EPOCH) // timedelta(milliseconds=1)


def exact(value: Any) -> Fraction:
    exact = number(value)
    assert exact is not None
    return exact
