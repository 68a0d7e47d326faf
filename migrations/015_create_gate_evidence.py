"""Creates what the gate's evidence is counted in: per component and code, and which equal answers were counted.

Both forget by themselves (TTL): what was counted of a code a year after its last comparison, long after the rows of its
comparisons. ``down`` drops them: the gate then waits until everybody was asked again.
"""

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
DAY = 24 * 3600
Keys = list[tuple[str, int]]
Index = tuple[Collections, Keys, dict[str, Any]]
MADE = (Collections.GATE, Collections.AGREEMENTS)
INDEXES: list[Index] = [
    (Collections.GATE, [("at", 1)], {"expireAfterSeconds": 366 * DAY}),
    (Collections.GATE, [("component", 1)], {}),
    (Collections.GATE, [("differences.$**", 1)], {}),  # a fingerprint is a name below it
    (Collections.AGREEMENTS, [("at", 1)], {"expireAfterSeconds": 90 * DAY}),
    (Collections.AGREEMENTS, [("user", 1)], {}),
]


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Never: nothing that users see depends on these."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that are missing; or what would be dropped."""
    if direction == "down":
        return [Step(f"drop {name}", database[name].estimated_document_count()) for name in MADE]
    return [
        Step(f"index {'+'.join(field for field, _ in keys)} of {name}", database[name].estimated_document_count())
        for name, keys, _ in _missing(database)
    ]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing."""
    existing = set(database.list_collection_names())
    for name in MADE:
        if name not in existing:
            database.create_collection(name)
    for name, keys, options in [*_missing(database)]:
        run.check()
        database[name].create_index(keys, **options)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop both."""
    run.check()
    for name in MADE:
        database.drop_collection(name)


def _missing(database: Database[Any]) -> Iterator[Index]:
    for name, keys, options in INDEXES:
        if keys not in [list(index["key"]) for index in database[name].index_information().values()]:
            yield name, keys, options
