"""Indexes by which everything of a trace is found: ``python -m infra trace ID``.

Sparse: rows of the releases before, and what nobody called for, have no trace.
"""

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
FIELD, INDEX = "traceId", "traceId_1"
TRACED = (
    Collections.USAGE,
    Collections.COMPARISONS,
    Collections.FEEDBACK,
    Collections.FLAG_CHANGES,
    Collections.IMPORTS,
    Collections.DISCARDED,
)


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Nothing is in its way."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that are missing, or those that would be dropped."""
    doing, names = ("index", _missing(database)) if direction == "up" else ("drop the index of", _present(database))
    return [Step(f"{doing} {FIELD} of {name}", database[name].estimated_document_count()) for name in names]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing."""
    for name in [*_missing(database)]:
        run.check()
        database[name].create_index(FIELD, name=INDEX, sparse=True)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop the indexes; the rows keep their traces."""
    for name in [*_present(database)]:
        run.check()
        database[name].drop_index(INDEX)


def _present(database: Database[Any]) -> Iterator[Collections]:
    return (name for name in TRACED if INDEX in database[name].index_information())


def _missing(database: Database[Any]) -> Iterator[Collections]:
    present = {*_present(database)}
    return (name for name in TRACED if name not in present)
