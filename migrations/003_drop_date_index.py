"""Drops the index on date and id of both sides' readings: lists of all types merge those of each type.

It cost every write and served these lists alone. Only what ``001`` has made goes: an index of the old application with
these keys and a name of its own stays. ``down`` makes it again.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
KEYS = [("userId", 1), ("date", 1), ("_id", 1)]
NAME = "userId_1_date_1__id_1"


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Never: lists are right with it and without."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that would go, or come back."""
    what = "drop" if direction == "up" else "create"
    chosen = _with_index(database) if direction == "up" else _without_index(database)
    return [
        Step(f"{what} index userId+date+_id of {name}", database[name].estimated_document_count()) for name in chosen
    ]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Drop what is there."""
    for name in _with_index(database):
        run.check()
        database[name].drop_index(NAME)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing."""
    for name in _without_index(database):
        run.check()
        database[name].create_index(KEYS, name=NAME)


def _with_index(database: Database[Any]) -> list[str]:
    return [name for name, indexes in _indexes(database).items() if indexes.get(NAME) == KEYS]


def _without_index(database: Database[Any]) -> list[str]:
    return [name for name, indexes in _indexes(database).items() if KEYS not in indexes.values()]


def _indexes(database: Database[Any]) -> dict[str, dict[str, list[tuple[str, int]]]]:
    """The keys of every index of both collections, by name."""
    return {
        name: {index: list(known["key"]) for index, known in database[name].index_information().items()}
        for name in (Collections.ENERGIES, Collections.READINGS)
    }
