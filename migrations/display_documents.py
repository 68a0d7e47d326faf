"""Taking display documents away so that they come back: their meters count on and are dirty from end to end."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR
from chalicelib.repositories.database import Collections

FIRST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
LAST = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) - timedelta(milliseconds=1)


def remove_all(database: Database[Any]) -> None:
    """Delete every display document. The versions go up, never down: an ETag of before must not fit again."""
    dirty = {
        "sourceVersion": {"$add": ["$sourceVersion", 1]},
        "dirtyFrom": FIRST,
        "dirtyTo": LAST,
        "dirtySince": {"$ifNull": ["$dirtySince", "$$NOW"]},
    }
    database[Collections.METERS].update_many({}, [{"$set": dirty}])
    database[Collections.DISPLAY].delete_many({})
