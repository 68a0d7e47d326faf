"""Deleting display documents so that they are calculated again: their meters become dirty from end to end."""

from typing import Any

from pymongo.database import Database

from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, to_datetime
from chalicelib.repositories.database import Collections

FIRST, LAST = to_datetime(FIRST_INSTANT), to_datetime(LAST_INSTANT)


def remove_all(database: Database[Any]) -> None:
    """Delete every display document. The versions go up, never down: an older ETag must not fit again."""
    dirty = {
        "sourceVersion": {"$add": ["$sourceVersion", 1]},
        "dirtyFrom": FIRST,
        "dirtyTo": LAST,
        "dirtySince": {"$ifNull": ["$dirtySince", "$$NOW"]},
    }
    database[Collections.METERS].update_many({}, [{"$set": dirty}])
    database[Collections.DISPLAY].delete_many({})
