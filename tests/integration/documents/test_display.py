"""What is displayed: a view's document field by field, what an update leaves of others, and what is not believed."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import bson
import pytest
from bson.decimal128 import Decimal128
from pymongo.database import Database

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import AccountErasedError, DamagedMeterError
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument, DisplayUpdate
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.fence import fence_id

POWER, GAS = EnergyType.POWER, EnergyType.GAS
T, AT = 1_700_000_000_001, datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC)
DATE = datetime(2023, 1, 1, tzinfo=UTC)
NOW = CALCULATION_VERSION
METER = {
    "_id": "anna|power",
    "userId": "anna",
    "type": "power",
    "sourceVersion": 3,
    "displayVersion": 0,
    "dirtyFrom": DATE,
    "dirtyTo": DATE,
    "dirtySince": DATE,
}
SHOWN = {"_id": "anna|power", "userId": "anna", "type": "power", "sourceVersion": 3, "displayVersion": 3}
SHOWN |= {"series": {"version": 3, "calculation": NOW}}


@pytest.fixture
def display(migrated: Database[Any]) -> MongoDisplayDataRepository:
    return MongoDisplayDataRepository(migrated, 20)


def view(year: int | None = None, version: int = 3) -> DisplayDocument:
    data_type: DataType = "summary" if year is None else "monthly"
    return DisplayDocument(data_type, year, {"n": year}, version, NOW, T)


def views(database: Database[Any]) -> dict[int | None, dict[str, Any]]:
    return {found["year"]: found for found in database["display_energy_data"].find()}


def test_a_view_is_this_document(display: MongoDisplayDataRepository, migrated: Database[Any]) -> None:
    migrated["meters"].insert_one(METER)
    assert display.publish("anna", POWER, DisplayUpdate(3, [view(), view(2023)], range(2023, 2024), as_of=T))
    found = views(migrated)
    for year, kind in ((None, "summary"), (2023, "monthly")):
        document = found[year]
        assert document.keys() - {"seal", "text"} == {
            "_id",
            "userId",
            "type",
            "dataType",
            "year",
            "data",
            "sourceVersion",
            "calculationVersion",
            "calculatedAt",
        }
        assert document["_id"].startswith(f"anna|power|{kind}")
        said = [document[name] for name in ("userId", "type", "dataType", "data", "sourceVersion", "calculatedAt")]
        assert said == ["anna", "power", kind, {"n": year}, 3, AT]
        assert document["calculationVersion"] == NOW
    assert migrated["meters"].find_one() == SHOWN
    assert display.find("anna", POWER, "monthly", 2023)[1] == MeterState(3, 3, None, calculation_version=NOW)
    assert display.state("anna", POWER) == MeterState(3, 3, None, calculation_version=NOW)
    assert display.state("anna", GAS) == MeterState()


def test_what_a_check_compares_is_what_would_be_stored(display: MongoDisplayDataRepository) -> None:
    figures = {"months": [{"consumption": Decimal("1.50"), "flags": ["reset"], "reading": None}]}
    assert bson.decode(display.encoded(figures)) == {
        "months": [{"consumption": Decimal128("1.50"), "flags": ["reset"], "reading": None}]
    }


def test_what_was_written_after_it_was_read_leaves_the_meter_dirty_since_then(
    display: MongoDisplayDataRepository, migrated: Database[Any]
) -> None:
    migrated["meters"].insert_one(METER)
    assert display.publish("anna", POWER, DisplayUpdate(2, [view(version=2)], range(0), as_of=T))
    assert migrated["meters"].find_one() == METER | {
        "displayVersion": 2,
        "series": {"version": 2, "calculation": NOW},
        "dirtySince": AT,
    }


def test_an_update_replaces_years_and_takes_away_those_that_are_not_stored(
    display: MongoDisplayDataRepository, migrated: Database[Any]
) -> None:
    migrated["meters"].insert_one(METER)
    years = [view(year, 1) for year in (2019, 2020, 2021, 2022, 2023)]
    assert display.publish("anna", POWER, DisplayUpdate(1, [view(None, 1), *years], range(2019, 2024), as_of=T))
    other = {"_id": "anna|gas|monthly|2019", "userId": "anna", "type": "gas", "dataType": "monthly", "year": 2019}
    migrated["display_energy_data"].insert_one(other | {"_id": "of another"})
    assert display.publish("anna", POWER, DisplayUpdate(2, [view(2021, 2)], range(2020, 2023), as_of=T))
    found = {each["year"]: each["sourceVersion"] for each in migrated["display_energy_data"].find({"type": "power"})}
    assert found == {None: 1, 2020: 1, 2021: 2, 2022: 1}
    assert migrated["display_energy_data"].count_documents({"type": "gas"}) == 1
    assert display.publish("anna", POWER, DisplayUpdate(3, [view(None, 3)], range(0), as_of=T))
    assert [*views(migrated)] == [None, 2019]
    assert migrated["display_energy_data"].count_documents({"type": "power"}) == 1


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_not_newer_than_what_is_shown_changes_nothing(
    display: MongoDisplayDataRepository, migrated: Database[Any], version: int
) -> None:
    meter = METER | {"displayVersion": 2, "series": {"version": 2, "calculation": NOW}}
    migrated["meters"].insert_one(meter)
    assert not display.publish("anna", POWER, DisplayUpdate(version, [view(None, version)], range(0), as_of=T))
    assert migrated["meters"].find_one() == meter
    assert views(migrated) == {}


def test_a_view_that_is_newer_than_its_meter_is_in_the_way(
    display: MongoDisplayDataRepository, migrated: Database[Any]
) -> None:
    migrated["meters"].insert_one(METER)
    assert display.publish("anna", POWER, DisplayUpdate(1, [view(None, 1)], range(0), as_of=T))
    migrated["display_energy_data"].update_one({}, {"$set": {"sourceVersion": 2}})
    with pytest.raises(DamagedMeterError, match=r"a display document of anna\|power is in the way"):
        display.publish("anna", POWER, DisplayUpdate(3, [view()], range(0), as_of=T))
    assert (migrated["meters"].find_one() or {})["displayVersion"] == 1


def test_a_meter_that_begins_again_shows_nothing(display: MongoDisplayDataRepository, migrated: Database[Any]) -> None:
    mine = [{"_id": "anna|power|summary|9", "userId": "x"}, {"_id": "a", "userId": "anna", "type": "power"}]
    others = [{"_id": "anna|gas|summary|9", "userId": "anna", "type": "gas"}, {"_id": "b", "userId": "b", "year": 3}]
    series = [{"_id": "anna|power|2023", "userId": "anna"}, {"_id": "anna|gas|2023", "userId": "anna", "year": 1}]
    migrated["meters"].insert_one(SHOWN)
    migrated["display_energy_data"].insert_many(mine + others)
    migrated["meter_series"].insert_many(series)
    display.begin_again("anna", POWER)
    assert [*migrated["display_energy_data"].find()] == others
    assert [*migrated["meter_series"].find()] == series[1:]
    meter = migrated["meters"].find_one() or {}
    assert (meter["displayVersion"], meter["sourceVersion"] > 1_000_000, "series" in meter) == (0, True, False)


def test_of_whoever_is_erased_nothing_begins_again(
    display: MongoDisplayDataRepository, migrated: Database[Any]
) -> None:
    migrated["meters"].insert_one(SHOWN)
    migrated["control"].insert_one({"_id": fence_id("anna"), "opensAt": AT, "erasedAt": None})
    with pytest.raises(AccountErasedError):
        display.begin_again("anna", POWER)
    assert migrated["meters"].find_one() == SHOWN


@pytest.mark.parametrize(
    ("settings", "zone"),
    [(None, "Europe/Berlin"), ({"zone": "UTC"}, "UTC"), ({"zone": 5}, None), ({"zone": "nowhere"}, None)],
)
def test_the_zone_comes_beside_the_view(
    display: MongoDisplayDataRepository, migrated: Database[Any], settings: dict[str, Any] | None, zone: str | None
) -> None:
    migrated["user_settings"].insert_one({"_id": "berta", "userId": "berta", "zone": "Asia/Tokyo"})
    if settings:
        migrated["user_settings"].insert_one({"_id": "anna", "userId": "anna", **settings})
    assert display.look_up("anna", POWER, "summary", zoned=True)[:3] == (None, MeterState(), None)
    migrated["meters"].insert_one(METER)
    assert display.publish("anna", POWER, DisplayUpdate(3, [view()], range(0), as_of=T))
    found, state, read, nothing = display.look_up("anna", POWER, "summary", zoned=True)
    assert found is not None
    assert (found.data_type, found.year, found.source_version, found.calculation_version, found.calculated_at) == (
        "summary",
        None,
        3,
        NOW,
        T,
    )
    assert (state.display_version, read, nothing) == (3, zone and ZoneInfo(zone), None)
    assert display.look_up("anna", POWER, "summary").zone is None


@pytest.mark.parametrize(
    "damage",
    [{"userId": "berta"}, {"type": "gas"}, {"calculationVersion": NOW + 1}, {"sourceVersion": "x"}, {"dataType": "x"}],
)
def test_a_damaged_view_is_not_shown(
    display: MongoDisplayDataRepository, migrated: Database[Any], damage: dict[str, Any]
) -> None:
    migrated["meters"].insert_one(METER)
    assert display.publish("anna", POWER, DisplayUpdate(3, [view()], range(0), as_of=T))
    assert display.find("anna", POWER, "summary", None)[0] is not None
    migrated["display_energy_data"].update_one({}, {"$set": damage})
    assert display.find("anna", POWER, "summary", None)[0] is None
    assert display.summaries("anna")[POWER][0] is None


def test_a_view_that_is_ahead_of_its_meter_makes_it_a_damaged_one(
    display: MongoDisplayDataRepository, migrated: Database[Any]
) -> None:
    migrated["meters"].insert_one(METER)
    assert display.publish("anna", POWER, DisplayUpdate(3, [view()], range(0), as_of=T))
    migrated["display_energy_data"].update_one({}, {"$set": {"sourceVersion": 4}})
    assert display.find("anna", POWER, "summary", None) == (None, MeterState(damaged=True))
    found = display.summaries("anna")
    assert {kind: shown[:2] for kind, shown in found.items()} == {
        POWER: (None, MeterState(damaged=True)),
        GAS: (None, MeterState()),
    }


def test_a_view_beside_a_meter_that_another_calculation_shows_is_left_over(
    display: MongoDisplayDataRepository, migrated: Database[Any]
) -> None:
    migrated["meters"].insert_one(METER)
    assert display.publish("anna", POWER, DisplayUpdate(3, [view()], range(0), as_of=T))
    migrated["meters"].update_one({}, {"$set": {"series.calculation": NOW + 1}})
    assert display.find("anna", POWER, "summary", None) == (None, MeterState(3, 3, None, calculation_version=NOW + 1))


def test_all_meters_come_in_one_answer(display: MongoDisplayDataRepository, migrated: Database[Any]) -> None:
    for user in ("anna", "berta"):
        for kind in EnergyType:
            key = {"_id": f"{user}|{kind}", "userId": user, "type": kind.value}
            migrated["meters"].insert_one(METER | key)
            assert display.publish(user, kind, DisplayUpdate(3, [view()], range(0), as_of=T))
    found = display.summaries("anna")
    assert found.keys() == {POWER, GAS}
    assert all(document and document.source_version == 3 for document, *_ in found.values())
