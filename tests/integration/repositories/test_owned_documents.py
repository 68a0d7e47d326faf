"""Documents by their ids, whichever owner they name; and the two forms of the rule for a believable meter."""

from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.errors import ScopeError
from chalicelib.domain.meters.invariants import is_sound
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import Collections
from chalicelib.repositories.meters import SOUND
from chalicelib.repositories.owned import OwnedDocuments

METERS, SERIES = Collections.METERS, Collections.SERIES
FOREIGN = [
    "bob|power",
    "alice|bob|power",
    "alice",
    "alice|water",
    "alice|power|gas",
    "alice|power|gas|2024",
    "",
    "power",
]
EARLY, LATE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
MISSING = object()
VERSIONS = [MISSING, None, "x", True, -1, 0, 1, 2, 2.0, 1 << 52]
DATES = [MISSING, None, "x", EARLY, LATE]


@pytest.mark.parametrize("key", FOREIGN)
def test_an_id_of_another_user_is_refused(migrated: Database[Any], key: str) -> None:
    owned = OwnedDocuments(migrated, "alice")
    with pytest.raises(ScopeError):
        owned.find(METERS, key)
    with pytest.raises(ScopeError):
        owned.update(METERS, key, {}, {"$set": {"n": 1}})
    with pytest.raises(ScopeError):
        owned.upsert(METERS, key, {})
    with pytest.raises(ScopeError):
        owned.delete(METERS, [key])


def test_a_meters_documents_are_those_under_its_ids_and_no_other_users(migrated: Database[Any]) -> None:
    ids = ["a|power|2023", "a|power|2024", "a|power|power|2024", "a|power|x", "a|gas|2024", "b|power|2024"]
    migrated["meter_series"].insert_many([{"_id": key, "userId": "somebody"} for key in ids])
    found = OwnedDocuments(migrated, "a").of_meter(SERIES, EnergyType.POWER)
    assert [each["_id"] for each in found] == ["a|power|2023", "a|power|2024"]


def test_what_only_claims_to_be_of_a_meter_comes_where_it_is_asked_for(migrated: Database[Any]) -> None:
    claims: dict[str, Any] = {"userId": "a", "type": "power", "n": 1}
    ids: dict[str, dict[str, Any]] = {
        "garbled": claims,
        "b|power|2024": claims,
        "a|power|2023": {"n": 1},
        "a|gas|x": {**claims, "type": "gas"},
    }
    others: dict[str, dict[str, Any]] = {"none": {"userId": "a"}, "bobs": {**claims, "userId": "b"}}
    migrated["meter_series"].insert_many([{"_id": key, **fields} for key, fields in (ids | others).items()])
    owned = OwnedDocuments(migrated, "a")
    assert owned.of_meter(SERIES, EnergyType.POWER) == [{"_id": "a|power|2023", "n": 1}]
    assert owned.of_meter(SERIES, EnergyType.POWER, {"_id": 1}) == [{"_id": "a|power|2023"}]
    claimed = owned.of_meter(SERIES, EnergyType.POWER, claimed=True)
    assert [each["_id"] for each in claimed] == ["a|power|2023", "b|power|2024", "garbled"]


def test_an_id_that_only_begins_like_a_meters_is_a_claim_too(migrated: Database[Any]) -> None:
    claims = {"userId": "a", "type": "power"}
    migrated["meter_series"].insert_many([{"_id": key, **claims} for key in ("a|power|power|2024", "a|power|2024")])
    owned = OwnedDocuments(migrated, "a")
    assert [each["_id"] for each in owned.of_meter(SERIES, EnergyType.POWER)] == ["a|power|2024"]
    claimed = owned.of_meter(SERIES, EnergyType.POWER, claimed=True)
    assert [each["_id"] for each in claimed] == ["a|power|2024", "a|power|power|2024"]


def test_what_is_deleted_is_what_is_named(migrated: Database[Any]) -> None:
    migrated["meter_series"].insert_many([{"_id": f"alice|power|{year}"} for year in (2022, 2023, 2024)])
    owned = OwnedDocuments(migrated, "alice")
    owned.delete(SERIES, iter([]))
    owned.delete(SERIES, iter(["alice|power|2022", "alice|power|2024"]))
    assert [each["_id"] for each in migrated["meter_series"].find()] == ["alice|power|2023"]


def test_what_is_changed_is_what_is_named_and_stays_its_owners(migrated: Database[Any]) -> None:
    migrated["meters"].insert_one({"_id": "alice|power", "userId": "alice", "n": 1})
    owned = OwnedDocuments(migrated, "alice")
    assert owned.update(METERS, "alice|power", {"n": 1}, {"$inc": {"n": 1}})
    assert not owned.update(METERS, "alice|power", {"n": 1}, {"$inc": {"n": 1}})
    assert not owned.update(METERS, "alice|gas", {}, {"$inc": {"n": 1}})
    with pytest.raises(ScopeError):
        owned.update(METERS, "alice|power", {}, {"$set": {"userId": "bob"}})
    assert list(migrated["meters"].find()) == [{"_id": "alice|power", "userId": "alice", "n": 2}]


def test_what_is_written_is_the_users(migrated: Database[Any]) -> None:
    migrated["meters"].insert_one({"_id": "alice|power", "userId": "bob"})
    assert OwnedDocuments(migrated, "alice").upsert(METERS, "alice|power", {})["userId"] == "alice"


def test_a_write_and_a_reader_believe_the_same_meters(migrated: Database[Any]) -> None:
    meters = [
        {"_id": f"{uuid4().hex}|power", "type": "power", **_present(values)}
        for values in [
            *product(VERSIONS, VERSIONS, [MISSING], [MISSING], [MISSING]),
            *product([1, 2], [1, 2], DATES, DATES, DATES),
        ]
    ]
    for meter in meters:
        meter["userId"] = meter["_id"].partition("|")[0]
    migrated["meters"].insert_many(meters)
    believed = {meter["_id"] for meter in migrated["meters"].find({}) if is_sound(meter)}
    assert {meter["_id"] for meter in migrated["meters"].find(SOUND)} == believed
    assert len(believed) > 4


def _present(values: tuple[Any, ...]) -> dict[str, Any]:
    names = ("sourceVersion", "displayVersion", "dirtyFrom", "dirtyTo", "dirtySince")
    return {name: value for name, value in zip(names, values, strict=True) if value is not MISSING}
