"""Creates the record of what repair and the jobs delete or overwrite, which ``repair undo`` brings back.

It forgets by itself after 30 days. ``down`` takes the indexes away and leaves the record: it may be the last copy.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
NAME = Collections.REPAIRED
KEPT_SECONDS = 30 * 24 * 3600
Keys = list[tuple[str, int]]
# What is forgotten, and what one run has kept, meter by meter.
INDEXES: list[tuple[Keys, dict[str, Any]]] = [
    ([("at", 1)], {"expireAfterSeconds": KEPT_SECONDS}),
    ([("run", 1), ("userId", 1), ("type", 1), ("_id", 1)], {}),
]


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Never: nothing that users see depends on it."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that are missing; or those that would be dropped."""
    size = database[NAME].estimated_document_count()
    if direction == "down":
        return [Step(f"drop the indexes of {NAME}", size)]
    return [Step(f"index {'+'.join(field for field, _ in keys)} of {NAME}", size) for keys, _ in _missing(database)]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing."""
    if NAME not in database.list_collection_names():
        database.create_collection(NAME)
    for keys, options in _missing(database):
        run.check()
        database[NAME].create_index(keys, **options)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop the indexes."""
    run.check()
    database[NAME].drop_indexes()


def _missing(database: Database[Any]) -> list[tuple[Keys, dict[str, Any]]]:
    known = [list(index["key"]) for index in database[NAME].index_information().values()]
    return [(keys, options) for keys, options in INDEXES if keys not in known]
