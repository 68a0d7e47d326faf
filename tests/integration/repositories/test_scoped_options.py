"""What a caller asks of the session filter beside a filter reaches the server, and what is no verb is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import bson
import pytest
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database

from chalicelib.domain.errors import ScopeError
from chalicelib.domain.ports.values import UserSettings
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.settings import MongoSettingsRepository, MongoSettingsWriter, own_settings

SECOND: dict[str, Any] = {"projection": ["n"], "sort": [("n", -1)], "skip": 1, "limit": 1, "batch_size": 1}
Document = dict[str, Any]


@pytest.fixture
def alices(migrated: Database[Any]) -> ScopedCollection:
    """Three of alice's documents, and one of bob's."""
    documents: list[Document] = [{"_id": number, "userId": "alice", "n": number, "more": "x"} for number in (1, 2, 3)]
    migrated["scoped"].insert_many([*documents, {"_id": 4, "userId": "bob", "n": 4}])
    return ScopedCollection(migrated["scoped"], "alice")


def test_a_read_is_as_its_options_say(alices: ScopedCollection) -> None:
    batches = alices.find_raw_batches({}, **SECOND)
    assert [each for batch in batches for each in bson.decode_all(batch)] == [{"_id": 2, "n": 2}]
    assert [*alices.find({}, **SECOND)] == [{"_id": 2, "n": 2}]
    assert alices.find_one({}, projection=["n"], sort=[("n", -1)]) == {"_id": 3, "n": 3}
    assert alices.find_one({"n": 4}) is None


def test_a_write_that_answers_is_as_its_options_say(alices: ScopedCollection) -> None:
    latest: dict[str, Any] = {"projection": ["n"], "sort": [("n", -1)]}
    after = {"return_document": ReturnDocument.AFTER}
    assert alices.find_one_and_update({}, {"$inc": {"n": 10}}, **latest, **after) == {"_id": 3, "n": 13}
    assert alices.find_one_and_replace({}, {"n": 20}, **latest, **after) == {"_id": 3, "n": 20}
    assert alices.find_one_and_delete({}, **latest) == {"_id": 3, "n": 20}
    made = alices.find_one_and_update({"_id": 9}, {"$set": {"n": 1}}, upsert=True, **after)
    assert made == {"_id": 9, "userId": "alice", "n": 1}


def test_only_an_upsert_makes_a_document(alices: ScopedCollection) -> None:
    assert alices.update_one({"_id": 9}, {"$set": {"n": 1}}) == 0
    assert alices.replace_one({"_id": 9}, {"n": 1}) == 0
    assert alices.count_documents({}) == 3
    assert alices.replace_one({"_id": 9}, {"n": 1}, upsert=True) == 0
    assert alices.count_documents({}) == 4


def test_amounts_and_dates_are_inserted_as_they_are(alices: ScopedCollection) -> None:
    exact = {"n": Decimal("0.10"), "at": datetime(2024, 3, 1, tzinfo=UTC)}
    alices.insert_many([{"_id": 9, **exact}])
    assert alices.find_one({"_id": 9}) == {"_id": 9, **exact, "userId": "alice"}
    assert str((alices.find_one({"_id": 9}) or {})["n"]) == "0.10"


def test_whatever_else_the_driver_offers_is_refused(alices: ScopedCollection) -> None:
    offered = {name for name in dir(Collection) if not name.startswith("_") and callable(getattr(Collection, name))}
    for name in offered - vars(ScopedCollection).keys():
        with pytest.raises(ScopeError, match=f"^{name} reaches beyond one user's documents$"):
            getattr(alices, name)


def test_settings_are_one_document_of_a_person(migrated: Database[Any]) -> None:
    bobs = {"_id": "bob", "userId": "bob", "zone": "Asia/Tokyo"}
    migrated["user_settings"].insert_one(bobs)
    writer = MongoSettingsWriter(migrated, "alice", None, [{"_id": "alice", "userId": "alice", "zone": "UTC"}])
    assert writer.get() == UserSettings(ZoneInfo("UTC")), "what is known already is not read"
    for zone in ("Europe/Paris", "America/New_York"):
        writer.save(UserSettings(ZoneInfo(zone)), 1_709_251_200_000)
        stored = {"_id": "alice", "zone": zone, "updatedAt": datetime(2024, 3, 1, tzinfo=UTC), "userId": "alice"}
        assert [*migrated["user_settings"].find(sort=[("_id", 1)])] == [stored, bobs]
        assert writer.get() == UserSettings(ZoneInfo(zone)), "what was known is over"
    settings = MongoSettingsRepository(migrated)
    assert settings.find("bob") == UserSettings(ZoneInfo("Asia/Tokyo"))
    migrated["user_settings"].update_one({"_id": "bob"}, {"$unset": {"zone": 1}})
    assert settings.find("bob") == settings.find("nobody") == UserSettings(ZoneInfo("Europe/Berlin"))


def test_settings_that_were_found_by_their_id_are_those_of_the_person_alone() -> None:
    def zone(owner: Any) -> str:
        return own_settings([{"_id": "alice", "userId": owner, "zone": "Asia/Tokyo"}], "alice").zone.key

    assert [zone("alice"), zone("bob"), zone(None)] == ["Asia/Tokyo", "Europe/Berlin", "Europe/Berlin"]
    assert own_settings([], "alice").zone.key == "Europe/Berlin"
