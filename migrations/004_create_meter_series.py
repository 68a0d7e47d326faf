"""Creates the collection of the meters' compact series, which are read and written by ``_id`` alone.

The series fill by themselves: the next refresh of a meter reads all its readings and keeps them. ``down`` makes every
meter forget its series before they go, so that nobody takes an empty collection for a meter without readings.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
KEPT = {"series": {"$exists": True}}


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Nothing depends on a series being there, in whatever mode."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The collection where it is missing, or the documents that would go."""
    if direction == "up":
        missing = Collections.SERIES not in database.list_collection_names()
        return [Step(f"create {Collections.SERIES}", 0)] if missing else []
    meters = database[Collections.METERS].count_documents(KEPT)
    series = database[Collections.SERIES].estimated_document_count()
    return [Step("meters that forget their series", meters), Step(f"drop {Collections.SERIES}", series)]


def up(database: Database[Any], run: Run = QUIET) -> None:  # noqa: ARG001
    """Create it; running it again changes nothing."""
    if Collections.SERIES not in database.list_collection_names():
        database.create_collection(Collections.SERIES)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop what the next refresh makes again."""
    database[Collections.METERS].update_many(KEPT, {"$unset": {"series": ""}})
    run.check()
    database.drop_collection(Collections.SERIES)
