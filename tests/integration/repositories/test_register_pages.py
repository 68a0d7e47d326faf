"""All meters, from ``meters`` as it is stored: page by page, without what is large of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.meters.register import RegisteredMeter
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories import register
from chalicelib.repositories.register import MongoMeterRegister
from tests.integration.repositories.sent_commands import looks_at, sent_commands

POWER, GAS = EnergyType.POWER, EnergyType.GAS
MARCH, MAY = (datetime(2024, month, 1, tzinfo=UTC) for month in (3, 5))
SINCE = 1_711_929_600_000  # April begins


def meter(key: str, **more: Any) -> dict[str, Any]:
    user, _, kind = key.rpartition("|")
    return {"_id": key, "userId": user, "type": kind, "sourceVersion": 2, "displayVersion": 2, **more}


def summary(key: str, at: datetime, kind: str = "summary") -> dict[str, Any]:
    user, _, energy_type = key.rpartition("|")
    return {"_id": f"{key}|{kind}|-", "userId": user, "type": energy_type, "dataType": kind, "calculatedAt": at}


def test_each_meter_comes_with_its_version(migrated: Database[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "AT_ONCE", 2)
    damaged: list[Any] = ["x", -1, None, True, 0, 1 << 52]
    migrated["meters"].insert_many(
        [
            meter("bob|gas", sourceVersion=7),
            *(meter(f"carol{number}|power", sourceVersion=value) for number, value in enumerate(damaged)),
            meter("alice|power", sourceVersion=5),
            meter("alice|gas", sourceVersion=6),
            meter("alice|water"),
            meter("nobody"),
        ]
    )
    found = MongoMeterRegister(migrated, 20)
    alices = [RegisteredMeter("alice", GAS, 6), RegisteredMeter("alice", POWER, 5)]
    others = [RegisteredMeter("bob", GAS, 7), *(RegisteredMeter(f"carol{number}", POWER, 1) for number in range(6))]
    assert [*found.meters()] == [*alices, *others]
    assert [*found.meters("alice")] == alices
    assert [*found.meters("dora")] == []


def test_a_page_is_read_without_what_may_be_large_of_a_meter(migrated: Database[Any], mongodb_uri: str) -> None:
    migrated["meters"].insert_one(meter("alice|power"))
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        assert len([*MongoMeterRegister(database, 20).meters()]) == 1
    looks = looks_at(sent, "meters")
    large = {"modulus": 0, "runsBackwards": 0, "exchanges": 0, "series": 0, "sweep": 0, "packing": 0}
    said = [(look["projection"], look["sort"], look["limit"]) for look in looks]
    assert said == [(large, {"_id": 1}, 500)] * 2


def test_written_since_are_those_that_are_dirty_damaged_or_refreshed_since(migrated: Database[Any]) -> None:
    dirty = {"displayVersion": 1, "dirtyFrom": MARCH, "dirtyTo": MARCH, "dirtySince": MARCH}
    migrated["meters"].insert_many(
        [
            meter("dirty|power", **dirty),
            meter("damaged|power", displayVersion=9),
            meter("refreshed|power"),
            meter("refreshed|gas"),
            meter("at|power"),
            meter("before|power"),
            meter("other|power"),
        ]
    )
    migrated["display_energy_data"].insert_many(
        [
            summary("refreshed|power", MAY),
            summary("refreshed|gas", MARCH),
            summary("at|power", datetime(2024, 4, 1, tzinfo=UTC)),
            summary("before|power", MARCH),
            summary("before|gas", MAY),
            summary("other|power", MAY, "histogram"),
        ]
    )
    found = MongoMeterRegister(migrated, 20)
    written = ["at", "damaged", "dirty", "refreshed"]
    assert [*found.meters(None, SINCE)] == [RegisteredMeter(user, POWER, 2) for user in written]
    assert [each.user_id for each in found.meters("before", SINCE)] == []
    assert [each.user_id for each in found.meters("dirty", SINCE)] == ["dirty"]
