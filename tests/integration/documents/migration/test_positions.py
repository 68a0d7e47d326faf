"""Positions of jobs after somebody has left: where each goes on, and what stays as it was."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.repositories.checkpoints import leave_out

DATE = datetime(2023, 1, 1, tzinfo=UTC)
BACKFILL = {"_id": "backfill", "since": None, "userId": "berta", "type": "gas", "at": DATE}
JOB = {"_id": "sync_job", "position": {"_data": "8A"}, "difference": {"since": DATE, "after": ["berta", "gas"], "n": 3}}


def control(database: Database[Any], *documents: dict[str, Any], erased: str = "berta") -> dict[str, dict[str, Any]]:
    """What is left of these documents when somebody goes."""
    ids = [document["_id"] for document in documents]
    database["control"].insert_many(documents)
    leave_out(database, lambda text: text == erased)
    return {found["_id"]: found for found in database["control"].find({"_id": {"$in": ids}})}


@pytest.mark.parametrize("name", ["energies", "source_energy_readings", "display_energy_data"])
def test_a_position_moves_to_the_last_one_before(migrated: Database[Any], name: str) -> None:
    migrated[name].insert_many(
        {"userId": user, "type": "gas", "date": DATE.replace(day=number + 1), "year": number}
        for number, user in enumerate(["anna", "abel", ["b"], "", "berta", "carla", "berta0"])
    )
    left = control(migrated, BACKFILL, JOB)
    assert left["backfill"] == BACKFILL | {"userId": "anna", "type": "power"}
    assert left["sync_job"] == JOB | {"difference": {"since": DATE, "after": ["anna", "power"], "n": 3}}


def test_the_last_one_before_is_that_of_all_places(migrated: Database[Any]) -> None:
    for name, user in (("energies", "abel"), ("source_energy_readings", "anna"), ("display_energy_data", "adam")):
        migrated[name].insert_one({"userId": user, "type": "gas", "date": DATE})
    assert control(migrated, BACKFILL)["backfill"]["userId"] == "anna"


def test_where_nobody_is_before_it_begins_again(migrated: Database[Any]) -> None:
    assert control(migrated, BACKFILL, JOB) == {
        "sync_job": JOB | {"difference": {"since": DATE, "after": None, "n": 3}}
    }


@pytest.mark.parametrize("difference", [None, "x", {"after": None}, {"after": ["carla", "gas"]}, {}])
def test_what_names_somebody_else_or_nobody_stays(migrated: Database[Any], difference: Any) -> None:
    documents: list[dict[str, Any]] = [
        BACKFILL | {"userId": "carla"},
        {"_id": "sync_job", "difference": difference},
        {"_id": "verify", "after": ["carla", "gas"], "findings": []},
        {"_id": "fan_out:7:1", "after": ["carla", "gas"]},
    ]
    assert control(migrated, *documents) == {document["_id"]: document for document in documents}
