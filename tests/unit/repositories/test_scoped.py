"""The session filter refuses what would reach beyond its user, before anything is sent."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DocumentTooLarge

from chalicelib.domain.errors import ScopeError
from chalicelib.monitoring.people import begin_call, hidden
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.scoped import REFUSED, ScopedCollection


class Recording:
    """A collection that only remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def find_one(self, filter: Any, **_: Any) -> None:
        self.asked.append(filter)

    def aggregate(self, pipeline: Any, **_: Any) -> None:
        self.asked.append(pipeline)

    def insert_one(self, document: Any, **_: Any) -> None:
        self.asked.append(document)

    def bulk_write(self, requests: Any, **_: Any) -> None:
        self.asked.append(requests)


def scoped() -> tuple[Recording, ScopedCollection]:
    collection = Recording()
    return collection, ScopedCollection(collection, "alice")  # type: ignore[arg-type]


@pytest.mark.parametrize("hostile", [{"userId": "bob"}, {"$or": [{"userId": "bob"}, {}]}, {}])
def test_no_filter_can_undo_the_users_own(hostile: dict[str, Any]) -> None:
    collection, alice = scoped()
    alice.find_one(hostile)
    assert collection.asked == [{"$and": [{"userId": "alice"}, hostile]}]


@pytest.mark.parametrize(
    "hostile",
    [
        {"$where": "true"},
        {"$or": [{"type": "power"}, {"$where": "true"}]},
        {"$expr": {"$function": {"body": "", "args": [], "lang": "js"}}},
        {"$or": ({"type": "power"}, ({"$where": "true"},))},
        {"$nor": [{"a": {"$elemMatch": {"$where": "true"}}}]},
    ],
)
def test_operators_that_run_code_are_refused_at_any_depth(hostile: dict[str, Any]) -> None:
    collection, alice = scoped()
    with pytest.raises(ScopeError):
        alice.find_one(hostile)
    assert not collection.asked


@pytest.mark.parametrize(
    "update",
    [
        {"$set": {"userId": "bob"}},
        {"$set": {"userId.x": 1}},
        {"$unset": {"userId": 1}},
        {"$setOnInsert": {"userId": "bob"}},
        {"$rename": {"type": "userId"}},
        {"$rename": {"userId": "type"}},
        [{"$set": {"userId": "bob"}}],
        [{"$unset": "userId"}],
        [{"$unset": ["type", "userId"]}],
        [{"$replaceWith": {"userId": "bob"}}],
        [{"$replaceRoot": {"newRoot": "$other"}}],
        [{"$project": {"type": 1}}],
        ({"$set": {"userId": "bob"}},),
        [{"$set": {"type": {"$function": {"body": "", "args": [], "lang": "js"}}}}],
    ],
)
def test_the_owner_cannot_be_changed(update: Any) -> None:
    _, alice = scoped()
    for write in (alice.update_one, alice.update_many, alice.find_one_and_update):
        with pytest.raises(ScopeError):
            write({}, update)
    with pytest.raises(ScopeError):
        alice.bulk_write([UpdateOne({}, update)])


@pytest.mark.parametrize(
    "stage",
    [
        {"$lookup": {"from": "meters", "pipeline": [], "as": "x"}},
        {"$unionWith": "meters"},
        {"$graphLookup": {"from": "meters"}},
        {"$out": "elsewhere"},
        {"$merge": "elsewhere"},
        {"$facet": {"all": [{"$unionWith": "meters"}]}},
        {"$facet": {"all": ({"$lookup": {"from": "meters"}},)}},
        {"$match": {"$where": "true"}},
        {"$group": {"_id": 1, "x": {"$accumulator": {}}}},
        {"$project": {"x": {"$function": {}}}},
        {"$collStats": {}},
        {"$changeStream": {}},
        {"$aStageOfTomorrow": {}},
    ],
)
def test_no_stage_of_a_pipeline_reaches_elsewhere(stage: dict[str, Any]) -> None:
    _, alice = scoped()
    with pytest.raises(ScopeError):
        alice.aggregate([{"$match": {}}, stage])


ALLOWED: list[dict[str, Any]] = [
    {"$addFields": {"a": 1}},
    {"$bucket": {"groupBy": "$a", "boundaries": [0, 1]}},
    {"$bucketAuto": {"groupBy": "$a", "buckets": 2}},
    {"$count": "n"},
    {"$densify": {"field": "a", "range": {"step": 1, "bounds": "full"}}},
    {"$facet": {"all": [{"$match": {}}]}},
    {"$fill": {"output": {"a": {"value": 0}}}},
    {"$group": {"_id": "$a"}},
    {"$limit": 5},
    {"$match": {"a": 1}},
    {"$project": {"a": 1}},
    {"$redact": "$$KEEP"},
    {"$replaceRoot": {"newRoot": "$a"}},
    {"$replaceWith": "$a"},
    {"$sample": {"size": 5}},
    {"$set": {"a": 1}},
    {"$setWindowFields": {"output": {"a": {"$sum": "$b"}}}},
    {"$skip": 5},
    {"$sort": {"a": 1}},
    {"$sortByCount": "$a"},
    {"$unset": "a"},
    {"$unwind": "$a"},
]


@pytest.mark.parametrize("stage", ALLOWED, ids=lambda stage: next(iter(stage)))
def test_a_stage_that_sees_nothing_but_the_documents_before_it_is_allowed(stage: dict[str, Any]) -> None:
    collection, alice = scoped()
    alice.aggregate([stage])
    [[only_hers, asked]] = collection.asked
    assert (str(only_hers).count("alice"), asked) == (1, stage)


def test_a_bulk_write_stays_in_its_collection() -> None:
    _, alice = scoped()
    with pytest.raises(ScopeError):
        alice.bulk_write([UpdateOne({}, {"$set": {"a": 1}}, namespace="other.collection")])


def test_each_method_of_the_driver_is_scoped_or_refused() -> None:
    """A method that a new driver brings belongs to neither until somebody has decided."""
    offered = {name for name in dir(Collection) if not name.startswith("_") and callable(getattr(Collection, name))}
    scoped_verbs = {name for name in vars(ScopedCollection) if not name.startswith("_")}
    assert offered | {"insert_alike"} == scoped_verbs | REFUSED
    assert not scoped_verbs & REFUSED


@pytest.mark.parametrize("documents", [ScopedCollection, OwnedDocuments])
def test_nobody_whose_documents_are_asked_for_is_named_in_a_log_line(documents: Callable[[Any, str], Any]) -> None:
    begin_call()
    assert hidden("somebody's reading") == "somebody's reading"
    documents(Recording(), "somebody")
    assert "somebody" not in hidden("somebody's reading")
    begin_call()


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_method_says_so(name: str) -> None:
    _, alice = scoped()
    with pytest.raises(ScopeError, match=name):
        getattr(alice, name)


@pytest.mark.parametrize("name", ["database", "with_session", "userId"])
def test_nothing_else_of_the_driver_is_there(name: str) -> None:
    _, alice = scoped()
    with pytest.raises(AttributeError):
        getattr(alice, name)


def test_a_document_becomes_the_users_and_never_anothers() -> None:
    collection, alice = scoped()
    alice.insert_one({"_id": 1})
    assert collection.asked == [{"_id": 1, "userId": "alice"}]
    with pytest.raises(ScopeError):
        alice.insert_one({"_id": 1, "userId": "bob"})


class Narrow:
    """A collection and its database, which takes no command of more than three documents, and refuses a name twice."""

    def __init__(self) -> None:
        self.name, self.codec_options, self.database = "names", None, self
        self.stored: list[Any] = []

    def command(self, command: Any, **_: Any) -> Any:
        if len(command["documents"]) > 3:
            raise DocumentTooLarge("a command of more than 16 MB")
        for document in command["documents"]:
            if document in self.stored:
                return {"ok": 1, "writeErrors": [{"index": 0, "code": 11000, "errmsg": "twice"}]}
            self.stored.append(document)
        return {"ok": 1}


def test_what_is_too_large_for_a_command_is_inserted_by_several_in_order() -> None:
    narrow = Narrow()
    ScopedCollection(narrow, "alice").insert_many({"_id": number} for number in range(8))  # type: ignore[arg-type]
    assert narrow.stored == [{"_id": number, "userId": "alice"} for number in range(8)]


def test_a_document_that_the_server_refuses_is_an_error_and_ends_the_insert() -> None:
    narrow = Narrow()
    with pytest.raises(BulkWriteError) as caught:
        ScopedCollection(narrow, "alice").insert_many({"_id": number} for number in (1, 2, 1, 3))  # type: ignore[arg-type]
    assert caught.value.details["writeErrors"][0]["code"] == 11000
    assert [each["_id"] for each in narrow.stored] == [1, 2]


def test_a_document_that_no_command_takes_is_an_error() -> None:
    class Full:
        """Takes nothing at all."""

        name, database, codec_options = "full", property(lambda self: self), None

        def command(self, command: Any, **_: Any) -> Any:
            raise DocumentTooLarge(f"{len(command['documents'])} of more than 16 MB")

    with pytest.raises(DocumentTooLarge, match="1 of more"):
        ScopedCollection(Full(), "alice").insert_many({"_id": number} for number in range(3))  # type: ignore[arg-type]


LET_THROUGH = """
$addFields $bucket $bucketAuto $count $densify $facet $fill $group $limit $match $project $redact $replaceRoot
$replaceWith $sample $set $setWindowFields $skip $sort $sortByCount $unset $unwind
"""


@pytest.mark.parametrize("stage", LET_THROUGH.split())
def test_a_stage_that_works_on_the_documents_before_it_is_let_through(stage: str) -> None:
    collection, alice = scoped()
    alice.aggregate([{stage: {}}])
    assert collection.asked == [[{"$match": {"$and": [{"userId": "alice"}, {}]}}, {stage: {}}]]
