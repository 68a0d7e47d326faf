"""Creates the collections of the new backend and the indexes that its queries use."""

from typing import Any

from pymongo.database import Database

INDEXES: dict[str, list[tuple[list[tuple[str, int]], dict[str, Any]]]] = {
    # one reading per meter and instant; also every range and neighbour query, covered where only dates are read
    "source_energy_readings": [([("userId", 1), ("type", 1), ("date", 1)], {"unique": True})],
    # the documents of one meter by year: what a refresh deletes
    "display_energy_data": [([("userId", 1), ("type", 1), ("dataType", 1), ("year", 1)], {"unique": True})],
    # meters whose display lags, the longest waiting first; clean meters are not in it
    "meters": [([("dirtySince", 1)], {"partialFilterExpression": {"dirtySince": {"$exists": True}}})],
    "user_settings": [],
}


def up(database: Database[Any]) -> None:
    """Create what is missing; running it again changes nothing."""
    existing = set(database.list_collection_names())
    for collection, indexes in INDEXES.items():
        if collection not in existing:
            database.create_collection(collection)
        for keys, options in indexes:
            database[collection].create_index(keys, **options)


def down(database: Database[Any]) -> None:
    """Drop the display documents: they can be calculated again. Readings, meters and settings stay."""
    database.drop_collection("display_energy_data")
