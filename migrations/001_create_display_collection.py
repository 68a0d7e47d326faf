"""Creates the collections of the new backend and the indexes that its queries use."""

from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from chalicelib.domain.sync import SyncMode
from chalicelib.repositories.control import SYNC_MODE

INDEXES: dict[str, list[tuple[list[tuple[str, int]], dict[str, Any]]]] = {
    # the old readings, doubles allowed: by meter and instant, and for lists of all types
    "energies": [([("userId", 1), ("type", 1), ("date", 1)], {}), ([("userId", 1), ("date", 1), ("_id", 1)], {})],
    # one reading per meter and instant; also every range and neighbour query, covered where only dates are read
    "source_energy_readings": [
        ([("userId", 1), ("type", 1), ("date", 1)], {"unique": True}),
        ([("userId", 1), ("date", 1), ("_id", 1)], {}),
    ],
    # the documents of one meter by year: what a refresh deletes
    "display_energy_data": [([("userId", 1), ("type", 1), ("dataType", 1), ("year", 1)], {"unique": True})],
    # meters whose display lags, the longest waiting first; clean meters are not in it
    "meters": [([("dirtySince", 1)], {"partialFilterExpression": {"dirtySince": {"$exists": True}}})],
    "user_settings": [],
    "control": [],
}


def up(database: Database[Any]) -> None:
    """Create what is missing; running it again changes nothing."""
    existing = set(database.list_collection_names())
    fresh = "energies" not in existing
    for collection, indexes in INDEXES.items():
        if collection not in existing:
            database.create_collection(collection)
        for keys, options in indexes:
            database[collection].create_index(keys, **options)
    # A database without old readings has nothing to carry over and may write both sides from the start.
    mode = SyncMode.DUAL_WRITE if fresh else SyncMode.OLD_ONLY
    database["control"].update_one(
        {"_id": SYNC_MODE}, {"$setOnInsert": {"mode": mode.value, "since": datetime.fromtimestamp(0, UTC)}}, upsert=True
    )


def down(database: Database[Any]) -> None:
    """Drop the display documents: they can be calculated again. Readings, meters and settings stay."""
    database.drop_collection("display_energy_data")
