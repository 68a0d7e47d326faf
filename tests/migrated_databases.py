"""Migrated databases for tests: one that a test has left in its first shape is emptied and used again.

Creating collections and indexes costs far more than most tests do; emptying them costs a few milliseconds, because few
questions are asked: one for the shape, one for what holds anything. Migrations run once; later databases are copies.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from pymongo.database import Database
from pymongo.errors import PyMongoError

from chalicelib.repositories.database import CODEC_OPTIONS, open_database
from migrations import runner

SECONDS = 2.0  # a transaction that a test has left open may hold documents: another database is made then
Shape = Mapping[str, Mapping[str, Any]]
Contents = Mapping[str, list[dict[str, Any]]]


class MigratedDatabases:
    """The databases of one server; each serves one test at a time."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._client = open_database(uri, "admin").client
        self._free: list[str] = []
        self._shape: Shape = {}
        self._contents: Contents = {}

    def close(self) -> None:
        """The databases go with their server."""
        self._client.close()

    @contextmanager
    def one(self, *, unused: bool = False) -> Iterator[Database[Any]]:
        """A database as the migrations leave it, with a client of its own.

        ``unused``: no test has had it. An index that has met an array in a damaged document finds less by it for ever.
        """
        name = self._free.pop() if self._free and not unused else self._made()
        database = open_database(self._uri, name)
        yield database
        database.client.close()
        if self._restored(self._database(name)):
            self._free.append(name)

    def _database(self, name: str) -> Database[Any]:
        return self._client.get_database(name, codec_options=CODEC_OPTIONS)

    def _made(self) -> str:
        database = self._database(f"test_{uuid4().hex[:12]}")
        if self._shape:
            self._make(database, self._shape)
            for collection, documents in self._contents.items():
                _refill(database, collection, documents)
        else:
            runner.up(database)
            self._shape = _shape(database)
            self._contents = {name: list(database[name].find()) for name in self._shape}
        return database.name

    def _make(self, database: Database[Any], collections: Collection[str]) -> None:
        for collection in collections:
            expected = self._shape[collection]
            database.command("create", collection, **expected["options"])
            indexes = [{**index, "key": dict(index["key"])} for index in expected["indexes"].values()]
            if own := [index for index in indexes if index["name"] != "_id_"]:
                database.command("createIndexes", collection, indexes=own)

    def _restored(self, database: Database[Any]) -> bool:
        """Whether the database has its first shape, and then its first contents again."""
        try:
            left = _shape(database)
            changed = [name for name, expected in self._shape.items() if left.get(name) != expected]
            for collection in [*(left.keys() - self._shape.keys()), *changed]:
                database[collection].drop()
            self._make(database, changed)
            holding = filled(database, self._shape)
            for collection, documents in self._contents.items():
                if documents or collection in holding:
                    _refill(database, collection, documents)
        except PyMongoError:
            return False
        return True


def _refill(database: Database[Any], collection: str, documents: list[dict[str, Any]]) -> None:
    if documents and list(database[collection].find()) == documents:
        return
    database.command("delete", collection, deletes=[{"q": {}, "limit": 0}], maxTimeMS=int(SECONDS * 1000))
    if documents:
        database[collection].insert_many(documents)


def filled(database: Database[Any], collections: Collection[str]) -> set[str]:
    """Those of the collections that hold a document: one question, where most are empty."""
    asked: dict[str, list[Mapping[str, Any]]] = {
        name: [{"$limit": 1}, {"$project": {"_id": {"$literal": name}}}] for name in collections
    }
    (first, pipeline), *others = asked.items()
    united = ({"$unionWith": {"coll": name, "pipeline": same}} for name, same in others)
    return {found["_id"] for found in database[first].aggregate([*pipeline, *united])}


def _shape(database: Database[Any]) -> Shape:
    """The collections with their options and indexes."""
    catalog = database.client.admin.aggregate([{"$listCatalog": {}}, {"$match": {"db": database.name}}])
    return {
        item["name"]: {
            "type": item["type"],
            "options": {key: value for key, value in item["md"]["options"].items() if key != "uuid"},
            "indexes": {index["spec"]["name"]: _ordered(index["spec"]) for index in item["md"]["indexes"]},
        }
        for item in catalog
    }


def _ordered(index: Mapping[str, Any]) -> Mapping[str, Any]:
    """The order of an index's fields counts; that of a mapping's members does not."""
    return {**index, "key": list(index["key"].items())}
