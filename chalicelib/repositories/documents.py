"""How a reading looks in either collection: small mappings, and which inherited documents count at all."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from secrets import token_bytes
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ports import NewReading, StoredReading
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, EnergyType, Reading, to_datetime, to_ms
from chalicelib.domain.sync.modes import Side
from chalicelib.repositories.database import Collections, DecimalCodec, Document

DECIMALS = DecimalCodec()
COLLECTION = {Side.OLD: Collections.ENERGIES, Side.NEW: Collections.READINGS}
POINT = {"_id": 0, "date": 1, "amount": 1}

# What counts among inherited documents: a known type, a date that is one, an amount above 0 that a register can show.
# The rest is quarantined by migration 001, and no reader sees it. Which of doubles counts stands in ``doubles``.
CARRIED: Document = {
    "type": {"$in": [energy_type.value for energy_type in EnergyType]},
    "date": {
        "$gte": datetime(FIRST_YEAR, 1, 1, tzinfo=UTC),
        "$lt": datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC),
    },
    "amount": {"$gt": 0, "$lt": 10**12},
}


def counted(side: Side, conditions: Document) -> Document:
    """A filter for the readings that count on a side; on the new one all do."""
    if side is Side.NEW:
        return conditions
    return {"$and": [CARRIED, conditions]}


def amount_of(value: Any) -> Decimal:
    """The exact amount: Decimal as we write it, or the shortest decimal of an inherited double or integer."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def point_of(document: Document) -> Reading:
    """A point of the register from a document with ``date`` and ``amount``."""
    return Reading(to_ms(document["date"]), amount_of(document["amount"]))


def reading_of(document: Document) -> StoredReading:
    """A reading from a document of either collection; an old one has no revision but its last update."""
    updated_at = to_ms(document.get("updatedAt") or document["date"])
    return StoredReading(
        id=str(document["_id"]),
        type=EnergyType(document["type"]),
        instant=to_ms(document["date"]),
        amount=amount_of(document["amount"]),
        source=document.get("source", "manual"),
        revision=document.get("revision", updated_at),
        created_at=to_ms(document.get("createdAt") or document["date"]),
        updated_at=updated_at,
        import_batch_id=document.get("importBatchId"),
    )


def new_reading(reading: NewReading, now: int) -> StoredReading:
    """A reading that is about to be stored, with an id of its own."""
    return StoredReading(
        id=str(ObjectId()),
        type=reading.type,
        instant=reading.instant,
        amount=reading.amount,
        source=reading.source,
        revision=1,
        created_at=now,
        updated_at=now,
        import_batch_id=reading.import_batch_id,
    )


def new_ids(count: int) -> Iterator[ObjectId]:
    """Ids as the driver makes them (second, five random bytes, number), many of them in a fifth of its time."""
    start = ObjectId().binary[:4] + token_bytes(5)
    return (ObjectId(start + number.to_bytes(3, "big")) for number in range(count))


def new_document(key: ObjectId, reading: NewReading, moment: datetime) -> Document:
    """What both sides store of a new reading; for imports, where converting each value once per side is felt."""
    return {
        "_id": key,
        "type": reading.type.value,
        "date": to_datetime(reading.instant),
        "amount": DECIMALS.transform_python(reading.amount),
        "createdAt": moment,
        "updatedAt": moment,
    }


def with_origin(document: Document, reading: NewReading) -> Document:
    """A new document with what only the new side stores."""
    return {**document, "source": reading.source, "importBatchId": reading.import_batch_id, "revision": 1}


def document_of(reading: StoredReading, side: Side) -> Document:
    """The document of a reading on a side; twins share ``_id``."""
    common = {
        "_id": id_of(reading.id),
        "type": reading.type.value,
        "date": to_datetime(reading.instant),
        "amount": reading.amount,
        "createdAt": to_datetime(reading.created_at),
        "updatedAt": to_datetime(reading.updated_at),
    }
    if side is Side.OLD:
        return common
    return {
        **common,
        "source": reading.source,
        "importBatchId": reading.import_batch_id,
        "revision": reading.revision,
    }


def id_of(reading_id: str) -> ObjectId | str:
    """The ``_id`` behind an id as callers see it; inherited documents may have ids that are texts."""
    try:
        return ObjectId(reading_id)
    except InvalidId:
        return reading_id


def found(document: Document | None) -> Document:
    """The document, or NotFoundError: it does not exist or is somebody else's."""
    if document is None:
        raise NotFoundError("there is no such reading")
    return document
