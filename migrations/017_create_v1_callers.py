"""Creates the ledger of version 1's callers, which forgets who has not called for 400 days.

``down`` drops it; the calendar of the retirement stays in ``control``.
"""

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
NAME = Collections.V1_CALLERS
DAY = 24 * 3600
Keys = list[tuple[str, int]]
INDEXES: tuple[tuple[Keys, dict[str, Any]], ...] = (
    ([("last", 1)], {"expireAfterSeconds": 400 * DAY}),
    ([("client", 1), ("last", 1)], {}),
    ([("user", 1)], {}),
)


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Never: nothing that users see depends on it."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that are missing; or what would be dropped."""
    count = database[NAME].estimated_document_count()
    if direction == "down":
        return [Step(f"drop {NAME}", count)]
    return [Step(f"index {'+'.join(field for field, _ in keys)} of {NAME}", count) for keys, _ in _missing(database)]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing."""
    for keys, options in [*_missing(database)]:
        run.check()
        database[NAME].create_index(keys, **options)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop it."""
    run.check()
    database.drop_collection(NAME)


def _missing(database: Database[Any]) -> Iterator[tuple[Keys, dict[str, Any]]]:
    known = [list(index["key"]) for index in database[NAME].index_information().values()]
    return ((keys, options) for keys, options in INDEXES if keys not in known)
