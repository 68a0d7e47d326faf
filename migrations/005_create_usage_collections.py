"""Creates what the rollout is judged by: which backend answered what, and where the two differed.

Both collections forget by themselves (TTL). ``down`` drops them: they are evidence about answers, not data of users.
"""

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
DAY = 24 * 3600
KEPT_DAYS = {Collections.USAGE: 30, Collections.COMPARISONS: 90}
Keys = list[tuple[str, int]]
# Of a component from a moment on: what reports count and what the comparer takes its sample from.
BY_COMPONENT: Keys = [("component", 1), ("at", 1)]
INDEXES: dict[Collections, list[Keys]] = {
    Collections.USAGE: [BY_COMPONENT],
    Collections.COMPARISONS: [BY_COMPONENT, [("differences.fingerprint", 1), ("at", 1)]],
}


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Never: nothing that users see depends on these."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The indexes that are missing; or what would be dropped."""
    if direction == "down":
        return [Step(f"drop {name}", database[name].estimated_document_count()) for name in KEPT_DAYS]
    return [
        Step(f"index {'+'.join(field for field, _ in keys)} of {name}", database[name].estimated_document_count())
        for name, keys, _ in _missing(database)
    ]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing. Rows that came before it get their time too."""
    existing = set(database.list_collection_names())
    for name in KEPT_DAYS:
        if name not in existing:
            database.create_collection(name)
    for name, keys, options in list(_missing(database)):
        run.check()
        database[name].create_index(keys, **options)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop both."""
    run.check()
    for name in KEPT_DAYS:
        database.drop_collection(name)


def _missing(database: Database[Any]) -> Iterator[tuple[Collections, Keys, dict[str, Any]]]:
    for name, days in KEPT_DAYS.items():
        known = [list(index["key"]) for index in database[name].index_information().values()]
        if [("at", 1)] not in known:
            yield name, [("at", 1)], {"expireAfterSeconds": days * DAY}
        yield from ((name, keys, {}) for keys in INDEXES[name] if keys not in known)
