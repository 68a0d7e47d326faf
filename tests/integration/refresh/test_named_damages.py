"""Whatever is damaged, verify names the document, the field and the kind of its value, and no name of our own code."""

from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.meters.walks import Finding
from tests.integration.deployment import POWER, Deployment

METERS, DISPLAY, SERIES, SETTINGS = "meters", "display_energy_data", "meter_series", "user_settings"
DAMAGES: list[tuple[str, dict[str, Any], str]] = [
    (METERS, {"sourceVersion": "x"}, "sourceVersion is a string, not a whole number"),
    (METERS, {"displayVersion": None}, "displayVersion is null, not a whole number"),
    (METERS, {"dirtySince": "today"}, "dirtySince is a string, not a date"),
    (METERS, {"exchanges": {"no": "list"}}, "exchanges is an object, not an array"),
    (DISPLAY, {"data": None}, "data is null, not an object"),
    (DISPLAY, {"calculatedAt": 5}, "calculatedAt is 5, not a date"),
    (DISPLAY, {"sourceVersion": True}, "sourceVersion is a truth value, not a whole number"),
    (SERIES, {"amounts": [1, 2]}, "amounts is an array, not binary data"),
    (SETTINGS, {"zone": 5}, "zone is 5, not a string"),
    (SETTINGS, {"zone": "nowhere"}, "zone is a string that names no time zone"),
]


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.fixture
def user(deployed: Deployment) -> str:
    """A user with one reading, displayed."""
    name = uuid4().hex
    deployed.database[SETTINGS].insert_one({"_id": name, "userId": name, "zone": "UTC"})
    deployed.create(name, "2024-01-31T00:00Z", 55)
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.ports.meters.damages((name, POWER)) == []
    return name


@pytest.mark.parametrize(("collection", "damage", "problem"), DAMAGES)
def test_a_value_of_a_wrong_kind_is_named(
    deployed: Deployment, user: str, collection: str, damage: dict[str, Any], problem: str
) -> None:
    damaged = deployed.database[collection].find_one_and_update({"userId": user}, {"$set": damage})
    assert damaged is not None
    found = Finding(user, POWER, collection, str(damaged["_id"]), problem)
    assert deployed.ports.meters.damages((user, POWER)) == [found]


@pytest.mark.parametrize(("collection", "damage"), [(DISPLAY, {"calculatedAt": 5}), (SETTINGS, {"zone": "nowhere"})])
def test_verify_names_a_document_that_fails_it(
    deployed: Deployment, user: str, collection: str, damage: dict[str, Any]
) -> None:
    deployed.database[collection].update_many({"userId": user}, {"$set": damage})
    findings = deployed.operations.consistency.verify().findings
    assert {finding.collection for finding in findings} == {collection}
    assert all(next(iter(damage)) in finding.problem for finding in findings)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"date": None}, "55 with the date null"),
        ({"date": "x"}, "55 with the date a string"),
        ({"amount": "much"}, "the amount a string at 2024-01-31T00:00:00Z"),
        ({"amount": {"kWh": 5}}, "the amount an object at 2024-01-31T00:00:00Z"),
    ],
)
def test_a_damaged_reading_is_told_by_the_kinds_of_its_values(
    deployed: Deployment, user: str, damage: dict[str, Any], told: str
) -> None:
    deployed.database["source_energy_readings"].update_one({"userId": user}, {"$set": damage})
    [finding] = deployed.operations.consistency.verify().findings
    assert finding.problem == f"55 at 2024-01-31T00:00:00Z in energies, {told} in source_energy_readings"
