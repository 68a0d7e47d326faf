"""Creates what people and their pages say of the rollout: feedback, and the times that pages measure.

Both collections forget by themselves (TTL). ``down`` drops them: they are evidence about answers, not data of users.
The usage log gets an index by backend, so that the server's times are found beside those of the pages.
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
MADE = (Collections.FEEDBACK, Collections.PAGES)
# Times are read from the indexes alone; of feedback only what is open is in the second index.
SERVED: Index = (Collections.USAGE, [("component", 1), ("backend", 1), ("at", 1), ("elapsedMs", 1)], {})
INDEXES: list[Index] = [
    (Collections.FEEDBACK, [("at", 1)], {"expireAfterSeconds": 180 * DAY}),
    (Collections.FEEDBACK, [("open", 1), ("at", 1)], {"partialFilterExpression": {"open": True}}),
    (Collections.FEEDBACK, [("userId", 1), ("at", -1)], {}),
    (Collections.PAGES, [("at", 1)], {"expireAfterSeconds": 30 * DAY}),
    (Collections.PAGES, [("component", 1), ("backend", 1), ("kind", 1), ("at", 1), ("elapsedMs", 1)], {}),
    (Collections.PAGES, [("user", 1)], {}),
    SERVED,
]


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Never: nothing that users see depends on these."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that are missing; or what would be dropped."""
    if direction == "down":
        return [Step(f"drop {name}", database[name].estimated_document_count()) for name in MADE]
    return [Step(f"index {_named(keys)} of {name}", _size(database, name)) for name, keys, _ in _missing(database)]


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
    """Drop both, and the index of the usage log."""
    run.check()
    for name in MADE:
        database.drop_collection(name)
    name, keys, _ = SERVED
    if keys in _known(database, name):
        database[name].drop_index(keys)


def _missing(database: Database[Any]) -> Iterator[Index]:
    yield from (index for index in INDEXES if index[1] not in _known(database, index[0]))


def _known(database: Database[Any], name: Collections) -> list[Keys]:
    return [list(index["key"]) for index in database[name].index_information().values()]


def _named(keys: Keys) -> str:
    return "+".join(field for field, _ in keys)


def _size(database: Database[Any], name: Collections) -> int:
    return database[name].estimated_document_count()
