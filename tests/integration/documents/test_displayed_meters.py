"""The ranges that a walk over all meters is done in, and which documents name a meter at all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.displayed_meters import MongoDisplayedMeters

POWER, GAS = EnergyType.POWER, EnergyType.GAS
DATE = datetime(2023, 1, 1, tzinfo=UTC)
PLACES = ("energies", "source_energy_readings", "display_energy_data")


@pytest.fixture
def meters(migrated: Database[Any]) -> MongoDisplayedMeters:
    return MongoDisplayedMeters(migrated, 20)


@pytest.mark.parametrize("name", PLACES)
def test_ranges_end_where_equal_parts_of_a_sample_do(
    meters: MongoDisplayedMeters, migrated: Database[Any], name: str
) -> None:
    damaged: list[dict[str, Any]] = [{"userId": ""}, {"userId": 5}, {}]
    documents = [{"userId": f"user-{number}", "type": "gas", "year": number} for number in range(8)]
    for number, document in enumerate(documents + damaged):
        migrated[name].insert_one({"_id": f"{number}", "date": DATE, **document})
    assert meters.bounds(4) == [("user-2", POWER), ("user-4", POWER), ("user-6", POWER)]
    assert meters.bounds(3) == [("user-2", POWER), ("user-5", POWER)]
    assert meters.bounds(1) == []


def test_a_person_is_in_one_range_alone(meters: MongoDisplayedMeters, migrated: Database[Any]) -> None:
    migrated["energies"].insert_many({"userId": "anna", "type": "gas", "date": DATE} for _ in range(9))
    assert meters.bounds(3) == [("anna", POWER)]


def test_without_documents_there_is_no_end(meters: MongoDisplayedMeters) -> None:
    assert meters.bounds(4) == []


@pytest.mark.parametrize("name", PLACES)
def test_a_meter_is_known_by_any_of_its_documents(
    meters: MongoDisplayedMeters, migrated: Database[Any], name: str
) -> None:
    good = [("anna", "gas"), ("anna", "power"), ("berta", "power")]
    damaged: list[dict[str, Any]] = [
        {"userId": ["anna"], "type": "gas"},
        {"userId": "", "type": "gas"},
        {"userId": 5, "type": "gas"},
        {"userId": "carla", "type": ["gas"]},
        {"userId": "carla", "type": "water"},
    ]
    documents = [{"userId": user, "type": kind} for user, kind in good] + damaged
    migrated[name].insert_many({"date": DATE.replace(day=n + 1), "year": n, **each} for n, each in enumerate(documents))
    assert [*meters.meters()] == [("anna", GAS), ("anna", POWER), ("berta", POWER)]
    assert [*meters.meters(("anna", GAS))] == [("anna", POWER), ("berta", POWER)]


def test_a_meter_of_several_places_comes_once(meters: MongoDisplayedMeters, migrated: Database[Any]) -> None:
    for name in PLACES:
        migrated[name].insert_one({"userId": "anna", "type": "gas", "date": DATE})
    assert [*meters.meters()] == [("anna", GAS)]
    assert meters.count_meters() == 0


def test_who_is_erased_is_known_by_the_fence(meters: MongoDisplayedMeters, migrated: Database[Any]) -> None:
    fence = "erasure|20c2d1b7e0d3a0d3"
    migrated["control"].insert_one({"_id": fence})
    assert meters.erased_among(["anna", "berta"]) == set()
    assert meters.erased_among([]) == set()
