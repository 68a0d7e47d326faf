"""The session filter refuses what would reach beyond its user, before anything is sent."""

from typing import Any

import pytest

from chalicelib.domain.errors import ScopeError
from chalicelib.repositories.scoped import ScopedCollection


class Recording:
    """A collection that only remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def find_one(self, filter: Any, **_: Any) -> None:
        self.asked.append(filter)

    def insert_one(self, document: Any, **_: Any) -> None:
        self.asked.append(document)


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
    ],
)
def test_operators_that_run_code_are_refused_at_any_depth(hostile: dict[str, Any]) -> None:
    collection, alice = scoped()
    with pytest.raises(ScopeError):
        alice.find_one(hostile)
    assert not collection.asked


@pytest.mark.parametrize(
    "update", [{"$set": {"userId": "bob"}}, [{"$set": {"userId": "bob"}}], {"$unset": {"userId": 1}}]
)
def test_the_owner_cannot_be_changed(update: Any) -> None:
    _, alice = scoped()
    with pytest.raises(ScopeError):
        alice.update_one({}, update)
    with pytest.raises(ScopeError):
        alice.find_one_and_update({}, update)


def test_a_document_becomes_the_users_and_never_anothers() -> None:
    collection, alice = scoped()
    alice.insert_one({"_id": 1})
    assert collection.asked == [{"_id": 1, "userId": "alice"}]
    with pytest.raises(ScopeError):
        alice.insert_one({"_id": 1, "userId": "bob"})
