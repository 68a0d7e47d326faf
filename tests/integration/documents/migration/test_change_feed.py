"""The changes of the old readings: which positions are ours, and what the server says of one that it has lost."""

from contextlib import contextmanager
from typing import Any, cast

import pytest
from bson import Timestamp
from pymongo.database import Database
from pymongo.errors import OperationFailure

from chalicelib.domain.errors import SyncStoppedError
from chalicelib.domain.migration.sync.change_feed import Changes
from chalicelib.repositories.change_feed import MongoChangeFeed

LOST = [9, 14, 15, 136, 260, 280, 286, 40647, 40648, 40649, 50795, 50796, 50811, 50855]
# sha256 of "a.energies|8265000000000001"
POSITION = {
    "_data": "8265000000000001",
    "digest": "5e20171d65fd9f52065f0b42c11a6913aeecba48e137bcac5b2a5ad3e2c94d05",
}


class Failing:
    """A collection whose stream ends with an error."""

    full_name = "a.energies"

    def __init__(self, code: int) -> None:
        self._code = code

    @contextmanager
    def watch(self, *_: Any, **__: Any) -> Any:
        raise OperationFailure("x", self._code)
        yield


def failing(code: int) -> MongoChangeFeed:
    return MongoChangeFeed(cast(Any, {"energies": Failing(code)}), 5)


@pytest.fixture
def feed(migrated: Database[Any]) -> MongoChangeFeed:
    return MongoChangeFeed(migrated, 20)


@pytest.mark.parametrize("code", LOST)
def test_a_position_that_the_server_has_lost_is_none(code: int) -> None:
    assert failing(code).read(POSITION, 9, Timestamp(0x65000000, 1)) is None


@pytest.mark.parametrize("code", [1, 13, 100, 287])
def test_any_other_failure_is_seen(code: int) -> None:
    with pytest.raises(OperationFailure):
        failing(code).read(POSITION, 9, Timestamp(0x65000000, 1))


@pytest.mark.parametrize(
    "position", [None, "x", {}, {"_data": 5}, {"_data": POSITION["_data"]}, POSITION | {"digest": "x"}]
)
def test_a_position_that_is_not_ours_is_none(position: Any) -> None:
    assert failing(13).read(position, 9, Timestamp(0x65000000, 1)) is None


def test_a_position_ahead_of_the_present_is_none() -> None:
    assert failing(13).read(POSITION, 9, Timestamp(0x64FFFFFF, 9)) is None


def test_a_position_of_another_collection_is_none(feed: MongoChangeFeed) -> None:
    position, until = feed.position(), feed.moment()
    assert feed.read(position, 9, until) is not None
    assert failing(13).read(position, 9, until) is None


def test_changes_come_in_their_order_up_to_a_limit(feed: MongoChangeFeed, migrated: Database[Any]) -> None:
    position = feed.position()
    migrated["energies"].insert_many([{"_id": number} for number in range(4)])
    migrated["energies"].update_one({"_id": 1}, {"$set": {"n": 1}})
    migrated["energies"].delete_one({"_id": 2})
    migrated["meters"].insert_one({"_id": "another"})
    until = feed.moment()
    first = feed.read(position, 3, until)
    assert isinstance(first, Changes)
    assert (first.ids, first.complete) == ([0, 1, 2], False)
    second = feed.read(first.position, 9, until)
    assert isinstance(second, Changes)
    assert (second.ids, second.complete) == ([3, 1, 2], True)
    assert second.at is not None
    assert abs(second.at - until.time * 1000) <= 60_000
    third = feed.read(second.position, 9, until)
    assert third is not None
    assert (third.ids, third.at, third.complete) == ([], None, True)


def test_what_happened_after_the_moment_ends_it(feed: MongoChangeFeed, migrated: Database[Any]) -> None:
    position = feed.position()
    migrated["energies"].insert_one({"_id": 1})
    until = feed.moment()
    migrated["energies"].insert_many([{"_id": 2}, {"_id": 3}])
    found = feed.read(position, 9, until)
    assert found is not None
    assert (found.ids, found.complete) == ([1, 2], True)


def test_a_collection_that_went_as_a_whole_stops_the_job(feed: MongoChangeFeed, migrated: Database[Any]) -> None:
    position = feed.position()
    migrated["energies"].drop()
    with pytest.raises(SyncStoppedError) as stopped:
        feed.read(position, 9, feed.moment())
    assert str(stopped.value) == (
        "the collection energies met 'drop'; nothing is carried over from it until you have looked at it (python -m "
        "infra repair) and said which side is right: python -m infra repair --from old --apply, or python -m infra "
        "repair --from new --apply; python -m infra sync --full begins again with energies where few twins would go"
    )
