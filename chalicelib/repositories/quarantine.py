"""Finding documents of readings that no reader can use, and recording them in ``quarantined_readings``.

A damaged document stays where it is, and so does its twin: the twin is the last good copy. An entry holds a copy of
the document with its reasons, and the twin that is kept for it. What makes a document readable is the rule of
``documents``, which of doubles counts that of ``doubles``.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from chalicelib.domain.backends.sync_mode import Side, other_side
from chalicelib.repositories.database import Collections, Document, MongoDatabase
from chalicelib.repositories.documents import COLLECTION, DECODABLE, POSITIVE, READABLE, UNREADABLE, counted
from chalicelib.repositories.doubles import without_doubles
from chalicelib.repositories.undecodable import sendable

BATCH = 1_000
WINDOW = 10_000  # documents that one command looks at, so that no command takes long
# The reason and what it applies to; a document can have several.
REASONS: dict[str, Document] = {
    "zero amount": {"amount": {"$eq": 0, "$not": {"$type": "decimal"}}},
    "unusable amount": {"$nor": [{"amount": 0}, {"amount": POSITIVE}]},
    "unusable date": {"$nor": [{"date": READABLE["date"]}]},
    "unknown type": {"$nor": [{"type": READABLE["type"]}]},
    "no user": {"$nor": [{"userId": READABLE["userId"]}]},
    "unusable id": {"$nor": [{"_id": READABLE["_id"]}]},
}
DOUBLE = "double of one instant"
INSTANT = {field: f"${field}" for field in ("userId", "type", "date")}
OPEN: Document = {"resolvedAt": {"$exists": False}}
_SAME = {"$eq": ["$document", "$$new.document"]}
# A document that was damaged in another way before: only its present state is kept. A twin once known stays known.
_KNOWN: Document = {
    "$set": {
        "reasons": {"$setUnion": [{"$cond": [_SAME, "$reasons", []]}, "$$new.reasons"]},
        "document": "$$new.document",
        "userId": "$$new.userId",
        "collection": "$$new.collection",
        "twin": {"$ifNull": ["$$new.twin", "$twin", "$$REMOVE"]},
        "resolvedAt": "$$REMOVE",
    }
}


def unreadable_among(
    readings: Collection[Document], ids: Sequence[Any], session: ClientSession | None = None
) -> list[Any]:
    """Which of these ids have a document that cannot be read, whomever it names as its owner."""
    if not ids:
        return []
    wanted = sendable({"_id": {"$in": list(ids)}, **UNREADABLE})
    return [document["_id"] for document in readings.find(wanted, ["_id"], session=session)]


def quarantine(database: MongoDatabase, side: Side, ids: Sequence[Any]) -> None:
    """Copy those of these documents that cannot be read, with their reasons and the twins kept for them."""
    readings = database[COLLECTION[side]]
    if damaged := unreadable_among(readings, ids):
        for reason, which in REASONS.items():
            _copy(database, side, {"_id": {"$in": damaged}, **which}, reason)
    _resolve(database, side, ids)


def quarantine_all(database: MongoDatabase, side: Side) -> None:
    """Quarantine every document of a side, its doubles too."""
    readings = database[COLLECTION[side]]
    for ids in _batches(_unreadable_ids(readings)):
        quarantine(database, side, ids)
    for ids in _batches(item["_id"] for item in hidden_doubles(readings)):
        quarantine_doubles(database, side, ids)
    entries = database[Collections.QUARANTINE].find({"collection": COLLECTION[side].value, **OPEN}, {"_id": True})
    for ids in _batches(entry["_id"] for entry in entries):
        _resolve(database, side, ids)


def quarantine_kept(database: MongoDatabase, side: Side, ids: Sequence[Any]) -> None:
    """Mark the twins that stay: those of damaged documents, and those of hidden doubles."""
    quarantine(database, side, ids)
    damaged = unreadable_among(database[COLLECTION[side]], ids)
    quarantine_doubles(database, side, [key for key in ids if key not in damaged])


def known_among(database: MongoDatabase, side: Side, ids: Sequence[Any], session: ClientSession) -> set[Any]:
    """Which of these documents the quarantine has."""
    entries = {"_id": {"$in": list(ids)}, "collection": COLLECTION[side].value, **OPEN}
    known = database[Collections.QUARANTINE].find(entries, {"_id": True}, session=session)
    return {entry["_id"] for entry in known}


def quarantine_doubles(database: MongoDatabase, side: Side, ids: Sequence[Any]) -> None:
    """Copy documents that another one of their instant hides."""
    if ids:
        _copy(database, side, {"_id": {"$in": list(ids)}}, DOUBLE)


def unreadable(readings: Collection[Document], user_id: str | None = None) -> Iterator[Document]:
    """The documents that cannot be read, of one user or of everybody; they may say anything."""
    wanted = UNREADABLE if user_id is None else {"userId": user_id, **UNREADABLE}
    if user_id is not None:
        yield from readings.find(wanted)
        return
    for lower, upper in _windows(readings):
        yield from _between(readings.find(wanted), lower, upper)


def hidden_doubles(readings: Collection[Document], which: Document | None = None) -> Iterator[Document]:
    """The doubles that do not count, by the rule of the readers: the instants first, from the index alone."""
    instants: list[Document] = [
        {"$match": which or {}},
        {"$sort": dict.fromkeys(INSTANT, 1)},
        {"$group": {"_id": INSTANT, "n": {"$sum": 1}}},
        {"$match": {"n": {"$gt": 1}}},
    ]
    for instant in readings.aggregate(instants, allowDiskUse=True):
        yield from _hidden_at(readings, instant["_id"])


def _hidden_at(readings: Collection[Document], instant: Document) -> list[Document]:
    documents = list(readings.find(sendable(counted(instant))))
    kept = {document["_id"] for document in without_doubles(documents)}
    return [document for document in documents if document["_id"] not in kept]


def _copy(database: MongoDatabase, side: Side, which: Document, reason: str) -> None:
    """By the server alone: the copies are faithful even where a date is none that Python could hold."""
    copied = {
        "userId": True,
        "reasons": [reason],
        "collection": COLLECTION[side].value,
        "document": "$$ROOT",
        "quarantinedAt": "$$NOW",
    }
    twin = {
        "from": COLLECTION[other_side(side)].value,
        "localField": "_id",
        "foreignField": "_id",
        "pipeline": [{"$match": READABLE}],
        "as": "twin",
    }
    database[COLLECTION[side]].aggregate(
        [
            {"$match": sendable(which)},
            {"$project": copied},
            {"$lookup": twin},
            {"$set": {"twin": {"$ifNull": [{"$first": "$twin"}, "$$REMOVE"]}}},
            {"$merge": {"into": Collections.QUARANTINE.value, "whenMatched": [_KNOWN]}},
        ]
    )


def _resolve(database: MongoDatabase, side: Side, ids: Sequence[Any]) -> None:
    """Close the entries of documents that are readable again, or gone."""
    entries = database[Collections.QUARANTINE]
    mine = {"_id": {"$in": list(ids)}, "collection": COLLECTION[side].value, **OPEN}
    known = [entry["_id"] for entry in entries.find(sendable(mine), {"_id": True})]
    readings = database[COLLECTION[side]]
    damaged = [*unreadable_among(readings, known), *_hidden_among(readings, known)]
    if closed := [key for key in known if key not in damaged]:
        entries.update_many(sendable({"_id": {"$in": closed}}), [{"$set": {"resolvedAt": "$$NOW"}}])


def _hidden_among(readings: Collection[Document], ids: Sequence[Any]) -> list[Any]:
    documents = readings.find(sendable(counted({"_id": {"$in": list(ids)}})), [*INSTANT]) if ids else ()
    instants = [{field: document[field] for field in INSTANT} for document in documents]
    return [hidden["_id"] for instant in instants for hidden in _hidden_at(readings, instant)]


def _unreadable_ids(readings: Collection[Document]) -> Iterator[Any]:
    for lower, upper in _windows(readings):
        for document in _between(readings.find(UNREADABLE, {"_id": True}), lower, upper):
            yield document["_id"]


def _windows(readings: Collection[Document]) -> Iterator[tuple[Any, Any]]:
    """The documents in parts by their ids, which may be of any kind; each part ends at one that can be sent."""
    lower = None
    while True:
        behind = (
            _between(readings.find({"_id": DECODABLE}, {"_id": True}), lower, None).sort("_id", 1).skip(WINDOW).limit(1)
        )
        upper = next(behind, None)
        yield lower, upper
        if upper is None:
            return
        lower = upper


def _between(found: Any, lower: Document | None, upper: Document | None) -> Any:
    found = found.hint([("_id", 1)])
    found = found if lower is None else found.min([("_id", lower["_id"])])
    return found if upper is None else found.max([("_id", upper["_id"])])


def _batches(ids: Iterable[Any]) -> Iterator[Sequence[Any]]:
    items = iter(ids)
    while batch := list(islice(items, BATCH)):
        yield batch
