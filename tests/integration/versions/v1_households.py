"""The documents behind the frozen answers of version 1: as the old application left them, nothing random."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Int64, ObjectId
from bson.decimal128 import Decimal128

HOUSEHOLD, CONFIGURED, NEIGHBOUR = "household", "configured", "neighbour"
CREATED = datetime(2023, 11, 1, 8, tzinfo=UTC)


def energies() -> list[dict[str, Any]]:
    """The documents of three users, in no order."""
    return [
        *_documents(0x10, HOUSEHOLD, "power", POWER),
        *_documents(0x40, HOUSEHOLD, "gas", GAS),
        *_documents(0x60, HOUSEHOLD, "water", [("2023-02-01", 7)]),
        *_documents(0x70, NEIGHBOUR, "power", [("2023-01-31", 77), ("2023-02-28", 99)]),
        *_documents(0x80, CONFIGURED, "power", EXCHANGED),
        *DOUBLES,
        *UNUSABLE,
        OF_ANOTHER_MAKE,
    ]


# No reading at the end of March (interpolated), a dip in May, a reset in June; integers, doubles and decimals.
POWER: list[tuple[str, Any]] = [
    ("2023-06-30", 12),
    ("2022-12-31", 1000),
    ("2023-01-31", 1310.5),
    ("2023-04-20", 1900.1),
    ("2023-05-31", 1899.0),
    ("2023-07-31", Decimal128("120.123456")),
    ("2023-10-29", 0.1 + 0.2 + 400),
    ("2023-11-10", Int64(450)),
]
GAS: list[tuple[str, Any]] = [("2023-01-31", 50), ("2023-03-15", 80.25), ("2023-11-10", 240)]
# Five digits: the register starts again between May and June; the meter was exchanged in August.
EXCHANGED: list[tuple[str, Any]] = [
    ("2023-03-31", 98000),
    ("2023-05-31", 99500.5),
    ("2023-06-30", 700),
    ("2023-07-31", 1500),
    ("2023-09-30", 30),
    ("2023-10-28", 60),
]


def _document(number: int, user: str, kind: str, date: Any, amount: Any, updated_days: int = 0) -> dict[str, Any]:
    return {
        "_id": ObjectId(f"{number:024x}"),
        "userId": user,
        "type": kind,
        "date": date,
        "amount": amount,
        "createdAt": CREATED,
        "updatedAt": CREATED + timedelta(days=updated_days),
        "__v": 0,
    }


def _documents(first: int, user: str, kind: str, readings: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [
        _document(first + index, user, kind, _midnight(date), amount) for index, (date, amount) in enumerate(readings)
    ]


def _midnight(date: str) -> datetime:
    """Local midnight in Berlin's winter: the old application kept the one offset all year."""
    return datetime.fromisoformat(date).replace(tzinfo=UTC) - timedelta(hours=1)


FEBRUARY = _midnight("2023-02-28")
# Of one instant the one updated last counts; one of 0 counts for nothing, however new it is.
DOUBLES = [
    _document(0x20, HOUSEHOLD, "power", FEBRUARY, 1500, updated_days=1),
    _document(0x21, HOUSEHOLD, "power", FEBRUARY, 1520.25, updated_days=2),
    _document(0x22, HOUSEHOLD, "power", FEBRUARY, 1490, updated_days=0),
    _document(0x23, HOUSEHOLD, "power", FEBRUARY, 0, updated_days=3),
]
UNUSABLE = [
    _document(0x30, HOUSEHOLD, "power", _midnight("2023-09-30"), 0),
    _document(0x31, HOUSEHOLD, "power", _midnight("2023-09-29"), -5),
    _document(0x32, HOUSEHOLD, "power", _midnight("2023-09-28"), math.nan),
    _document(0x33, HOUSEHOLD, "power", _midnight("2023-09-27"), "300"),
    _document(0x34, HOUSEHOLD, "power", "2023-09-26", 300),
    _document(0x35, HOUSEHOLD, "power", None, 300),
]
OF_ANOTHER_MAKE = {
    "_id": "legacy-17",
    "userId": HOUSEHOLD,
    "type": "power",
    "date": _midnight("2023-08-31"),
    "amount": 200,
}
