"""Deleting display documents so that they are calculated again: their meters become dirty from end to end."""

from typing import Any

from pymongo.database import Database

from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, to_datetime
from chalicelib.repositories.database import Collections

FIRST, LAST = to_datetime(FIRST_INSTANT), to_datetime(LAST_INSTANT)


def remove_all(database: Database[Any]) -> None:
    """Delete every display document. The versions go up, never down: an older ETag must not fit again.

    Meters are marked before, for who dies in between, and behind it: where somebody changes the mode while documents
    are deleted, what is calculated again meanwhile may be deleted too.
    """
    _mark(database, {})
    database[Collections.DISPLAY].delete_many({})
    _mark(database, {"$or": [{"dirtyFrom": {"$ne": FIRST}}, {"dirtyTo": {"$ne": LAST}}]})


def _mark(database: Database[Any], which: dict[str, Any]) -> None:
    dirty = {
        "sourceVersion": {"$add": ["$sourceVersion", 1]},
        "dirtyFrom": FIRST,
        "dirtyTo": LAST,
        "dirtySince": {"$ifNull": ["$dirtySince", "$$NOW"]},
    }
    database[Collections.METERS].update_many(which, [{"$set": dirty}])
