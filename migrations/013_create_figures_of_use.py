"""Creates what the rows of the usage log are added up in: histograms by the hour, and who was seen when.

Both forget by themselves (TTL). ``down`` drops them: as long as the usage log has its rows, they are added up again.
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
MADE = (Collections.USAGE_HOURS, Collections.USAGE_PEOPLE)
# People are counted in the indexes alone.
INDEXES: list[Index] = [
    (Collections.USAGE_HOURS, [("at", 1)], {"expireAfterSeconds": 90 * DAY}),
    (Collections.USAGE_HOURS, [("component", 1), ("at", 1)], {}),
    (Collections.USAGE_PEOPLE, [("at", 1)], {"expireAfterSeconds": 30 * DAY}),
    (Collections.USAGE_PEOPLE, [("component", 1), ("at", 1)], {}),
    (Collections.USAGE_PEOPLE, [("component", 1), ("atOnNew", 1)], {}),
    (Collections.USAGE_PEOPLE, [("component", 1), ("documentVersion", 1), ("inside", 1)], {}),
    (Collections.USAGE_PEOPLE, [("user", 1)], {}),
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
