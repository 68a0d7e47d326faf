"""Defects of inherited documents of ``energies``: counted for the report, copied into the quarantine.

The documents stay where they are. Readers pass them over by the same rules (``repositories.documents.READABLE``,
``repositories.doubles.without_doubles``), so the quarantine is the record of what was left behind, and why.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.repositories.database import Collections
from chalicelib.repositories.documents import READABLE
from chalicelib.repositories.quarantine import DOUBLE, INSTANT, REASONS, quarantine_all

Document = dict[str, Any]


def defects(database: Database[Any]) -> dict[str, int]:
    """How many documents each reason applies to. Changes nothing."""
    energies = database[Collections.ENERGIES]
    counts = {reason: energies.count_documents(which) for reason, which in REASONS.items()}
    doubles: list[Document] = [
        {"$match": READABLE},
        {"$group": {"_id": INSTANT, "n": {"$sum": 1}}},
        {"$match": {"n": {"$gt": 1}}},
        {"$group": {"_id": None, "n": {"$sum": {"$subtract": ["$n", 1]}}}},
    ]
    found = next(iter(energies.aggregate(doubles, allowDiskUse=True)), {"n": 0})
    return {**counts, DOUBLE: int(found["n"])}


def quarantine(database: Database[Any]) -> None:
    """Copy every document that does not count, with its reasons; again, it adds only what is new."""
    quarantine_all(database, Side.OLD)
