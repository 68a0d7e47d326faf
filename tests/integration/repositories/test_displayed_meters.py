"""The walk over all meters passes over none, however many documents one of them has."""

from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.readings import EnergyType, MeterKey, to_datetime
from chalicelib.repositories import displayed_meters
from chalicelib.repositories.displayed_meters import MongoDisplayedMeters

PAGE = 5
SIZES = {"a": (3 * PAGE, 2), "b": (1, 3 * PAGE), "c": (PAGE, PAGE), "d": (0, 1)}  # readings of gas and power
METERS = [
    (user, kind) for user, sizes in SIZES.items() for kind, size in zip(sorted(EnergyType), sizes, strict=True) if size
]


@pytest.fixture
def meters(migrated: Database[Any], monkeypatch: pytest.MonkeyPatch) -> MongoDisplayedMeters:
    monkeypatch.setattr(displayed_meters, "DOCUMENTS_AT_ONCE", PAGE)
    migrated["source_energy_readings"].insert_many(
        {"userId": user, "type": kind.value, "date": to_datetime(number)}
        for user, sizes in SIZES.items()
        for kind, size in zip(sorted(EnergyType), sizes, strict=True)
        for number in range(size)
    )
    return MongoDisplayedMeters(migrated, 20)


def test_meters_are_counted_by_their_own_collection(meters: MongoDisplayedMeters, migrated: Database[Any]) -> None:
    assert meters.count_meters() == 0
    migrated["meters"].insert_many({"_id": f"{user}|{kind}", "userId": user} for user, kind in METERS)
    assert meters.count_meters() == len(METERS)


def test_all_meters_come_in_order(meters: MongoDisplayedMeters) -> None:
    assert list(meters.meters()) == METERS


@pytest.mark.parametrize("after", [(user, kind) for user in SIZES for kind in ("", *sorted(EnergyType))])
def test_behind_any_place_come_all_the_others(meters: MongoDisplayedMeters, after: MeterKey) -> None:
    assert list(meters.meters(after)) == [meter for meter in METERS if meter > after]


@pytest.mark.parametrize(
    "damage", [{"userId": ["g"]}, {"type": ["gas"]}, {"type": ["power"]}, {"userId": ["e"]}], ids=str
)
def test_whole_pages_of_damaged_documents_hide_no_meter(
    meters: MongoDisplayedMeters, migrated: Database[Any], damage: dict[str, Any]
) -> None:
    """The server matches a list where one of its members would match."""
    others = [("g", EnergyType.GAS), ("g", EnergyType.POWER), ("h", EnergyType.GAS)]
    damaged = [{"userId": "g", "type": "power", "date": to_datetime(number), **damage} for number in range(3 * PAGE)]
    readings = [{"userId": user, "type": kind, "date": to_datetime(99)} for user, kind in others]
    migrated["source_energy_readings"].insert_many([*damaged, *readings])
    assert list(meters.meters()) == [*METERS, *others]
    assert list(meters.meters(others[0])) == others[1:]
