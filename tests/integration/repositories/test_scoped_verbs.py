"""Every verb of the session filter on a real MongoDB: hostile or not, it sees and changes the user's documents only."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson import ObjectId
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

from chalicelib.domain.errors import ScopeError
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.alike import Values
from chalicelib.repositories.database import halves_of
from chalicelib.repositories.scoped import ScopedCollection
from tests.integration.repositories.sent_commands import sent_commands

BOBS = {"_id": "b", "userId": "bob", "type": "power", "amount": 7}
ALICES = {"_id": "a", "userId": "alice", "type": "power", "amount": 1}
DAY = 86_400_000
CHANGE = {"$set": {"amount": 99}}
HOSTILE = [{}, {"_id": "b"}, {"userId": "bob"}, {"$or": [{"userId": "bob"}, {"userId": "alice"}]}]


def decoded(batches: Iterable[bytes]) -> list[dict[str, Any]]:
    return [document for batch in batches for document in bson.decode_all(batch)]


READS: dict[str, Callable[[ScopedCollection, Any], Any]] = {
    "find": lambda scoped, wanted: list(scoped.find(wanted)),
    "find_raw_batches": lambda scoped, wanted: decoded(scoped.find_raw_batches(wanted)),
    "find_one": lambda scoped, wanted: scoped.find_one(wanted, sort=[("_id", -1)]),
    "count_documents": lambda scoped, wanted: scoped.count_documents(wanted),
    "distinct": lambda scoped, wanted: scoped.distinct("amount", wanted),
    "aggregate": lambda scoped, wanted: list(scoped.aggregate([{"$match": wanted}])),
}
WRITES: dict[str, Callable[[ScopedCollection, Any], Any]] = {
    "update_one": lambda scoped, wanted: scoped.update_one(wanted, CHANGE),
    "update_many": lambda scoped, wanted: scoped.update_many(wanted, CHANGE),
    "replace_one": lambda scoped, wanted: scoped.replace_one(wanted, {"amount": 99}),
    "delete_one": lambda scoped, wanted: scoped.delete_one(wanted),
    "delete_many": lambda scoped, wanted: scoped.delete_many(wanted),
    "find_one_and_update": lambda scoped, wanted: scoped.find_one_and_update(wanted, CHANGE),
    "find_one_and_replace": lambda scoped, wanted: scoped.find_one_and_replace(wanted, {"amount": 99}),
    "find_one_and_delete": lambda scoped, wanted: scoped.find_one_and_delete(wanted),
    "bulk_write": lambda scoped, wanted: scoped.bulk_write(
        [UpdateOne(wanted, CHANGE), UpdateMany(wanted, CHANGE), ReplaceOne(wanted, {"amount": 99})]
    ),
    "bulk_write deletes": lambda scoped, wanted: scoped.bulk_write([DeleteOne(wanted), DeleteMany(wanted)]),
}
INSERTS: dict[str, Callable[[ScopedCollection, Any], Any]] = {
    "insert_one": lambda scoped, document: scoped.insert_one(document),
    "insert_many": lambda scoped, document: scoped.insert_many([document]),
    "bulk_write": lambda scoped, document: scoped.bulk_write([InsertOne(document)]),
    "replace_one": lambda scoped, document: scoped.replace_one({"_id": document["_id"]}, document, upsert=True),
}


@pytest.fixture
def documents(migrated: Database[Any]) -> Collection[Any]:
    collection = migrated["scoped"]
    collection.insert_many([dict(ALICES), dict(BOBS)])
    return collection


def test_every_verb_is_among_the_cases() -> None:
    cases = {name.split()[0] for name in (*READS, *WRITES, *INSERTS, "insert_alike")}
    assert cases == {name for name in vars(ScopedCollection) if not name.startswith("_")}


@pytest.mark.parametrize("wanted", HOSTILE, ids=str)
@pytest.mark.parametrize("verb", READS)
def test_a_read_shows_nothing_of_another_user(documents: Collection[Any], verb: str, wanted: Any) -> None:
    shown = READS[verb](ScopedCollection(documents, "alice"), wanted)
    assert "bob" not in str(shown)
    assert "7" not in str(shown)
    assert shown != 2


@pytest.mark.parametrize("wanted", HOSTILE, ids=str)
@pytest.mark.parametrize("verb", WRITES)
def test_a_write_changes_nothing_of_another_user(documents: Collection[Any], verb: str, wanted: Any) -> None:
    WRITES[verb](ScopedCollection(documents, "alice"), wanted)
    assert documents.find_one({"_id": "b"}) == BOBS
    assert documents.count_documents({"userId": "bob"}) == 1


@pytest.mark.parametrize("verb", [*READS, *WRITES])
def test_the_users_own_document_is_reached(documents: Collection[Any], verb: str) -> None:
    outcome = (READS | WRITES)[verb](ScopedCollection(documents, "alice"), {"type": "power"})
    assert outcome or documents.find_one({"_id": "a"}) != ALICES


def test_a_verb_answers_what_the_driver_would(migrated: Database[Any]) -> None:
    lists = {name: [ALICES] for name in ("find", "find_raw_batches", "aggregate")}
    read = {"find_one": ALICES, "count_documents": 1, "distinct": [1]}
    counted = dict.fromkeys(("update_one", "update_many", "replace_one", "delete_one", "delete_many"), 1)
    before = dict.fromkeys(("find_one_and_update", "find_one_and_replace", "find_one_and_delete"), ALICES)
    nothing = dict.fromkeys(("bulk_write", "bulk_write deletes"))
    said = {}
    for name, verb in (READS | WRITES).items():
        migrated["scoped"].replace_one({"_id": "a"}, dict(ALICES), upsert=True)
        said[name] = verb(ScopedCollection(migrated["scoped"], "alice"), {"type": "power"})
    assert said == {**lists, **read, **counted, **before, **nothing}


@pytest.mark.parametrize("verb", INSERTS)
def test_what_is_inserted_is_the_users(documents: Collection[Any], verb: str) -> None:
    INSERTS[verb](ScopedCollection(documents, "alice"), {"_id": "new", "amount": 5})
    assert documents.find_one({"_id": "new"}) == {"_id": "new", "amount": 5, "userId": "alice"}


def insert_alike(scoped: ScopedCollection, *keys: ObjectId, **said: Any) -> None:
    example = {"_id": ObjectId(), "date": to_datetime(0), "amount": Decimal(0), **said}
    scoped.insert_alike(example, [Values(key.binary, DAY, *halves_of(Decimal("1.50"))) for key in keys])


def test_what_is_inserted_like_an_example_is_the_users(documents: Collection[Any]) -> None:
    one, other = ObjectId(), ObjectId()
    insert_alike(ScopedCollection(documents, "alice"), one, other, n=5)
    said = {"date": to_datetime(DAY), "amount": Decimal("1.50"), "n": 5, "userId": "alice"}
    assert list(documents.find({"n": 5})) == [{"_id": key, **said} for key in (one, other)]


def test_nothing_is_inserted_like_an_example_of_another_user(documents: Collection[Any]) -> None:
    with pytest.raises(ScopeError):
        insert_alike(ScopedCollection(documents, "alice"), ObjectId(), userId="bob")
    assert documents.count_documents({}) == 2


def test_an_upsert_becomes_the_users(documents: Collection[Any]) -> None:
    ScopedCollection(documents, "alice").update_one({"_id": "new"}, CHANGE, upsert=True)
    assert documents.find_one({"_id": "new"}) == {"_id": "new", "amount": 99, "userId": "alice"}


def test_an_upsert_with_the_id_of_another_users_document_is_refused(documents: Collection[Any]) -> None:
    with pytest.raises(PyMongoError):
        ScopedCollection(documents, "alice").replace_one({"_id": "b"}, {"amount": 99}, upsert=True)
    assert documents.find_one({"_id": "b"}) == BOBS


def test_every_verb_goes_through_the_session_that_there_is(documents: Collection[Any], mongodb_uri: str) -> None:
    name = documents.database.name
    with sent_commands(mongodb_uri, name) as (database, sent), database.client.start_session() as session:
        scoped = ScopedCollection(database[documents.name], "alice", session)
        for verb in (READS | WRITES).values():
            verb(scoped, {"type": "power"})
        for number, insert in enumerate(INSERTS.values()):
            insert(scoped, {"_id": number})
        insert_alike(scoped, ObjectId())
        assert {command["lsid"]["id"] for command in sent} == {session.session_id["id"]}
    assert len(sent) >= len(READS | WRITES | INSERTS)
