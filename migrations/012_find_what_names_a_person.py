"""Indexes by which everything that names a person is found, and the collection of receipts of erased accounts.

``down`` takes the indexes away and leaves the receipts: nothing else knows that an account was erased.
"""

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
NAME = Collections.ERASURES
# Named by hand: a collection that comes later brings its indexes itself.
INDEXES: dict[Collections, tuple[str, ...]] = {
    Collections.METERS: ("userId",),
    Collections.SERIES: ("userId",),
    Collections.SETTINGS: ("userId",),
    Collections.QUARANTINE: ("userId", "document.userId", "twin.userId"),
    Collections.REPAIRED: ("userId", "before.userId", "after.userId"),
    Collections.USAGE: ("userId", "user"),
    Collections.COMPARISONS: ("user",),
    Collections.FEEDBACK: ("user",),
    Collections.PAGES: ("user",),
}


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Nothing is in its way."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that are missing, or those that would be dropped."""
    doing, fields = ("index", _missing(database)) if direction == "up" else ("drop the index of", _present(database))
    return [Step(f"{doing} {field} of {name}", database[name].estimated_document_count()) for name, field in fields]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing."""
    if NAME not in database.list_collection_names():
        database.create_collection(NAME)
    for name, field in [*_missing(database)]:
        run.check()
        database[name].create_index(field, name=_called(field))


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop the indexes."""
    for name, field in [*_present(database)]:
        run.check()
        database[name].drop_index(_called(field))


def _called(field: str) -> str:
    return f"{field}_1"


def _present(database: Database[Any]) -> Iterator[tuple[Collections, str]]:
    for name, fields in INDEXES.items():
        known = database[name].index_information()
        yield from ((name, field) for field in fields if _called(field) in known)


def _missing(database: Database[Any]) -> Iterator[tuple[Collections, str]]:
    present = {*_present(database)}
    yield from ((name, field) for name, fields in INDEXES.items() for field in fields if (name, field) not in present)
