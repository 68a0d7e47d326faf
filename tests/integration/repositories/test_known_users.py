"""Everybody who has a meter, from the index on the meters' ids alone."""

from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.repositories import register
from chalicelib.repositories.register import MongoKnownUsers
from tests.integration.repositories.sent_commands import looks_at, sent_commands
from tests.integration.undecodable import with_bytes


def store(database: Database[Any], *keys: str) -> None:
    database["meters"].insert_many([{"_id": key} for key in keys])


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_everybody_is_known_once_whoever_lies_between_their_meters(
    migrated: Database[Any], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(register, "USERS_AT_ONCE", at_once)
    store(migrated, "a|gas", "a|power", "a|h|gas", "a|h|power", "a|h|i|gas", "ab|power", "b|gas", "b|power")
    known = [*MongoKnownUsers(migrated).known_users()]
    assert sorted(known) == ["a", "ab", "a|h", "a|h|i", "b"]


def test_a_meter_whose_id_cannot_be_read_is_nobodys(migrated: Database[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "USERS_AT_ONCE", 1)
    store(migrated, "a|gas", "b|gas")
    migrated["meters"].insert_one(with_bytes({"_id": "aQQ|gas"}))
    assert [*MongoKnownUsers(migrated).known_users()] == ["a", "b"]


def test_they_are_read_from_the_index_two_thousand_meters_at_once(migrated: Database[Any], mongodb_uri: str) -> None:
    store(migrated, "alice|power")
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        assert [*MongoKnownUsers(database).known_users()] == ["alice"]
    looks = [(look["projection"], look["sort"], look["limit"]) for look in looks_at(sent, "meters")]
    assert looks == [({"_id": 1}, {"_id": 1}, 2000)] * 2
