"""Creates the record of changes of flags: who moved which component, when and why.

``down`` takes the indexes away and leaves the record: what was done stays known.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
NAME = Collections.FLAG_CHANGES
# The newest changes of all flags, and of one.
INDEXES = ([("at", -1)], [("flags", 1), ("at", -1)])


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Never: nothing that users see depends on it."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that are missing; or those that would be dropped."""
    size = database[NAME].estimated_document_count()
    if direction == "down":
        return [Step(f"drop the indexes of {NAME}", size)]
    return [Step(f"index {'+'.join(field for field, _ in keys)} of {NAME}", size) for keys in _missing(database)]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing."""
    if NAME not in database.list_collection_names():
        database.create_collection(NAME)
    for keys in _missing(database):
        run.check()
        database[NAME].create_index(keys)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop the indexes."""
    run.check()
    database[NAME].drop_indexes()


def _missing(database: Database[Any]) -> list[list[tuple[str, int]]]:
    known = [list(index["key"]) for index in database[NAME].index_information().values()]
    return [keys for keys in INDEXES if keys not in known]
