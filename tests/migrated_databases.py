"""Migrated databases for tests: one that a test has left in its first shape is emptied and used again.

Creating the collections and indexes costs far more than most tests do; emptying them costs a few milliseconds.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from pymongo.database import Database
from pymongo.errors import PyMongoError

from chalicelib.repositories.database import open_database
from migrations import runner

SECONDS = 2.0  # a transaction that a test has left open may hold documents: another database is made then
Shape = Mapping[str, Mapping[str, Any]]
Contents = Mapping[str, list[dict[str, Any]]]


class MigratedDatabases:
    """The databases of one server; each serves one test at a time."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._free: list[tuple[str, Shape, Contents]] = []

    @contextmanager
    def one(self) -> Iterator[Database[Any]]:
        """A database as the migrations leave it, with a client of its own."""
        name, shape, contents = self._free.pop() if self._free else self._made()
        database = open_database(self._uri, name)
        yield database
        database.client.close()
        if self._restored(name, shape, contents):
            self._free.append((name, shape, contents))

    def _made(self) -> tuple[str, Shape, Contents]:
        database = open_database(self._uri, f"test_{uuid4().hex[:12]}")
        runner.up(database)
        shape = _shape(database)
        contents = {name: list(database[name].find()) for name in shape}
        database.client.close()
        return database.name, shape, contents

    def _restored(self, name: str, shape: Shape, contents: Contents) -> bool:
        """Whether the database has its first shape, and then its first contents again."""
        database = open_database(self._uri, name)
        try:
            left = _shape(database)
            for collection in left.keys() - shape.keys():  # what a test has made for itself
                database[collection].drop()
            if any(left.get(collection) != expected for collection, expected in shape.items()):
                database.client.drop_database(name)
                return False
            for collection, documents in contents.items():
                database.command("delete", collection, deletes=[{"q": {}, "limit": 0}], maxTimeMS=int(SECONDS * 1000))
                if documents:
                    database[collection].insert_many(documents)
        except PyMongoError:
            return False
        finally:
            database.client.close()
        return True


def _shape(database: Database[Any]) -> Shape:
    """The collections with their options and indexes."""
    return {
        item["name"]: {
            "options": {key: value for key, value in item.items() if key not in {"name", "info"}},
            "indexes": database[item["name"]].index_information(),
        }
        for item in database.list_collections()
    }
