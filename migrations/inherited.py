"""What is wrong with inherited documents of ``energies``: counted for the report, copied into the quarantine.

The documents stay where they are. Readers pass them over by the same rules (``repositories.documents.CARRIED``,
``repositories.doubles.without_doubles``), so the quarantine is the record of what was left behind, and why.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from pymongo.database import Database

from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import Collections
from chalicelib.repositories.documents import CARRIED
from chalicelib.repositories.doubles import without_doubles

Document = dict[str, Any]
BATCH = 1_000
TYPES = [energy_type.value for energy_type in EnergyType]
CARRIED_METER: Document = {**CARRIED, "type": {"$in": TYPES}, "userId": {"$type": "string"}}
# The reason and what it applies to; a document can have several.
UNUSABLE: dict[str, Document] = {
    "zero amount": {"amount": 0},
    "unusable amount": {"$nor": [{"amount": 0}, {"amount": CARRIED["amount"]}]},
    "unusable date": {"$nor": [{"date": CARRIED["date"]}]},
    "unknown type": {"type": {"$nin": TYPES}},
    "no user": {"$nor": [{"userId": CARRIED_METER["userId"]}]},
}
DOUBLE = "double of one instant"
INSTANT = {field: f"${field}" for field in ("userId", "type", "date")}


def defects(database: Database[Any]) -> dict[str, int]:
    """How many documents each reason applies to. Changes nothing."""
    energies = database[Collections.ENERGIES]
    counts = {reason: energies.count_documents(which) for reason, which in UNUSABLE.items()}
    doubles: list[Document] = [
        {"$match": CARRIED_METER},
        {"$group": {"_id": INSTANT, "n": {"$sum": 1}}},
        {"$match": {"n": {"$gt": 1}}},
        {"$group": {"_id": None, "n": {"$sum": {"$subtract": ["$n", 1]}}}},
    ]
    found = next(iter(energies.aggregate(doubles, allowDiskUse=True)), {"n": 0})
    return {**counts, DOUBLE: int(found["n"])}


def quarantine(database: Database[Any]) -> None:
    """Copy every document that does not count, with its reasons; again, it adds only what is new."""
    for reason, which in UNUSABLE.items():
        _copy(database, which, reason)
    for ids in _batches(_outdated_doubles(database)):
        _copy(database, {"_id": {"$in": ids}}, DOUBLE)


def _copy(database: Database[Any], which: Document, reason: str) -> None:
    """By the server alone: the copies are faithful even where a date is none that Python could hold."""
    copied = {"userId": 1, "reasons": [reason], "document": "$$ROOT", "quarantinedAt": "$$NOW"}
    known = {"$set": {"reasons": {"$setUnion": ["$reasons", "$$new.reasons"]}}}
    merged = {"into": Collections.QUARANTINE.value, "whenMatched": [known]}
    database[Collections.ENERGIES].aggregate([{"$match": which}, {"$project": copied}, {"$merge": merged}])


def _outdated_doubles(database: Database[Any]) -> Iterator[Any]:
    """The ids of doubles that do not count, by the rule of the readers: one pass, because there is no index yet."""
    decisive = {field: f"${field}" for field in ("_id", "date", "updatedAt")}
    together: list[Document] = [
        {"$match": CARRIED_METER},
        {"$group": {"_id": INSTANT, "documents": {"$push": decisive}}},
        {"$match": {"documents.1": {"$exists": True}}},
    ]
    for instant in database[Collections.ENERGIES].aggregate(together, allowDiskUse=True):
        kept = {document["_id"] for document in without_doubles(instant["documents"])}
        yield from (document["_id"] for document in instant["documents"] if document["_id"] not in kept)


def _batches(ids: Iterator[Any]) -> Iterator[Sequence[Any]]:
    while batch := list(islice(ids, BATCH)):
        yield batch
