"""Mappings between readings and their documents in either collection, and the rule which documents are readable."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from secrets import token_bytes
from typing import Any, get_args

from bson import ObjectId
from bson.errors import InvalidId

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import FieldError, NotFoundError
from chalicelib.domain.meters.import_record import IdRange
from chalicelib.domain.ports.values import NewReading, ReadingSource, StoredReading
from chalicelib.domain.readings import (
    AMOUNT_LIMIT,
    END_READABLE,
    FIRST_READABLE,
    SMALLEST_AMOUNT,
    EnergyType,
    MeterKey,
    Reading,
    flaws_of,
    is_whole,
    kind_of,
    to_datetime,
    to_ms,
)
from chalicelib.repositories.database import Collections, DecimalCodec, Document

DECIMALS = DecimalCodec()
COLLECTION = {Side.OLD: Collections.ENERGIES, Side.NEW: Collections.READINGS}

TYPES = [energy_type.value for energy_type in EnergyType]
NOT_ARRAY: Document = {"$not": {"$type": "array"}}  # the server matches an array where one of its members would match
WHOLE: Document = {"$regex": "(?s)."}  # the server finds no pattern in bytes that are no UTF-8
DECODABLE: Document = {"$not": {"$type": "string", "$not": WHOLE}}

POSITIVE: Document = {"$gte": SMALLEST_AMOUNT, "$lt": AMOUNT_LIMIT, **NOT_ARRAY}

ID_OF_TEXT = "^(?![0-9a-fA-F]{24}$)"  # in UTF-8, and none that means an ObjectId
# The server's words for ``domain.readings.flaws_of``: field by field what a readable reading has. The rest is
# quarantined, and no reader on either side sees it. Which of doubles counts is the rule of ``doubles``.
READABLE: Document = {
    "userId": {"$gt": "", **WHOLE, **NOT_ARRAY},
    "type": {"$in": TYPES, **NOT_ARRAY},
    "date": {"$gte": FIRST_READABLE, "$lt": END_READABLE, **NOT_ARRAY},
    "_id": {"$type": ["objectId", "string"], "$not": {"$type": "string", "$not": {"$regex": ID_OF_TEXT}}},
    "$or": [{"amount": POSITIVE}, {"amount": {"$eq": 0, "$type": "decimal", **NOT_ARRAY}}],
}
UNREADABLE: Document = {"$nor": [READABLE]}
SOURCES: Mapping[Any, ReadingSource] = {source: source for source in get_args(ReadingSource)}


def counted(conditions: Document) -> Document:
    """A filter for the readable readings among those that meet the conditions; the same on both sides."""
    return {"$and": [READABLE, conditions]}


def of_meter(conditions: Document) -> Document:
    """A filter for documents that belong to their meter, readable or not."""
    belongs = {field: READABLE[field] for field in ("_id", "userId", "type")}
    return {"$and": [belongs, conditions]}


def flaws_in(document: Mapping[str, Any]) -> tuple[FieldError, ...]:
    """What makes a document of either side unreadable, field by field; nothing where it is readable."""
    key = document["_id"]
    usable = isinstance(key, ObjectId) or (isinstance(key, str) and is_whole(key) and not ObjectId.is_valid(key))
    flaw = FieldError("_id", f"_id is {kind_of(key)}, by which no reading can be asked for")
    return (*flaws_of(document), *(() if usable else (flaw,)))


def meter_of(document: Document) -> MeterKey | None:
    """The meter that a document names; None where it names none that there can be."""
    user_id, energy_type = document.get("userId"), document.get("type")
    if not isinstance(energy_type, str) or energy_type not in set(EnergyType):
        return None
    return (user_id, EnergyType(energy_type)) if isinstance(user_id, str) and is_whole(user_id) else None


def amount_of(value: Any) -> Decimal:
    """The exact amount: Decimal as we write it, or the shortest decimal of an inherited double or integer."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def point_of(document: Document) -> Reading:
    """A point of the register from a document with ``date`` and ``amount``."""
    return Reading(to_ms(document["date"]), amount_of(document["amount"]))


def reading_of(document: Document) -> StoredReading:
    """A reading from a readable document; an old one has no revision but its last update.

    What else a document says may be damaged: then it says nothing.
    """
    updated_at = updated_of(document)
    revision, batch, source = (document.get(field) for field in ("revision", "importBatchId", "source"))
    return StoredReading(
        id=str(document["_id"]),
        type=EnergyType(document["type"]),
        instant=to_ms(document["date"]),
        amount=amount_of(document["amount"]),
        source=SOURCES.get(source, "manual") if isinstance(source, str) else "manual",
        revision=revision if isinstance(revision, int) else updated_at,
        created_at=_moment(document, "createdAt"),
        updated_at=updated_at,
        import_batch_id=batch if isinstance(batch, str) else None,
    )


def updated_of(document: Document) -> int:
    """When a readable document was updated last; its own date where it does not say."""
    return _moment(document, "updatedAt")


def _moment(document: Document, field: str) -> int:
    said = document.get(field)
    return to_ms(said if isinstance(said, datetime) else document["date"])


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


def new_ids(count: int) -> Iterator[bytes]:
    """Ids as the driver makes them (second, five random bytes, number), many of them in a fifth of its time."""
    start = ObjectId().binary[:4] + token_bytes(5)
    return (start + number.to_bytes(3, "big") for number in range(count))


def same_batch(ids: IdRange) -> Document:
    """The range of ids that ``new_ids`` made together."""
    first = ObjectId(ids.first).binary
    number = int.from_bytes(first[9:], "big") + ids.length - 1
    return {"$gte": ObjectId(first), "$lte": ObjectId(first[:9] + number.to_bytes(3, "big"))}


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
