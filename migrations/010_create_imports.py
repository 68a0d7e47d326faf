"""Creates the record of imports, by which a person lists them and takes one back.

``down`` takes the index away and leaves the record: nothing else knows what an import replaced.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
NAME = Collections.IMPORTS
KEYS = [("userId", 1), ("at", -1), ("_id", -1)]
INDEX = "userId_1_at_-1__id_-1"


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Nothing is in its way."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The index of all imports."""
    doing = "index" if direction == "up" else "drop the index of"
    return [Step(f"{doing} {NAME}", database[NAME].estimated_document_count())]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create collection and index; running it again changes nothing."""
    run.check()
    if NAME not in database.list_collection_names():
        database.create_collection(NAME)
    database[NAME].create_index(KEYS, name=INDEX)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop the index."""
    run.check()
    if INDEX in database[NAME].index_information():
        database[NAME].drop_index(INDEX)
