"""Checkpoints of jobs after somebody has left: where each goes on, and what stays as it was."""

from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.repositories.checkpoints import leave_out, leave_out_of_failures


def control(database: Database[Any], *documents: dict[str, Any], erased: str = "berta") -> dict[str, dict[str, Any]]:
    """What is left of these documents when somebody goes."""
    ids = [document["_id"] for document in documents]
    database["control"].insert_many(documents)
    leave_out(database, lambda text: text == erased)
    return {found["_id"]: found for found in database["control"].find({"_id": {"$in": ids}})}


def test_what_names_somebody_else_stays(migrated: Database[Any]) -> None:
    documents: list[dict[str, Any]] = [
        {"_id": "verify", "after": ["carla", "gas"], "findings": []},
        {"_id": "fan_out:7:1", "after": ["carla", "gas"]},
    ]
    assert control(migrated, *documents) == {document["_id"]: document for document in documents}


def test_without_any_job_nothing_happens(migrated: Database[Any]) -> None:
    before = [*migrated["control"].find()]
    leave_out(migrated, lambda _: True)
    assert [*migrated["control"].find()] == before


@pytest.mark.parametrize("walk", ["verify", "rebuild", "rebuild_check", "sweep"])
@pytest.mark.parametrize("said", [{"after": ["berta", "gas"]}, {"findings": [{"user_id": "berta|gas"}]}])
def test_a_walk_that_names_them_begins_again(migrated: Database[Any], walk: str, said: dict[str, Any]) -> None:
    assert control(migrated, {"_id": walk, "note": 1, **said}) == {}


def test_ranges_of_a_walk_that_end_at_them_go_with_all_of_that_walk(migrated: Database[Any]) -> None:
    ids = ("fan_out:ab", "fan_out:ab:1", "fan_out:ab:2", "fan_out:abc", "fan_out:abc:1")
    ranges = [{"_id": key, "end": ["berta", "power"] if key == "fan_out:ab:1" else None} for key in ids]
    assert control(migrated, *ranges).keys() == {"fan_out:abc", "fan_out:abc:1"}


def test_what_a_script_said_of_a_failure_names_them_no_more(migrated: Database[Any]) -> None:
    said = {"berta": "of berta|gas", "others": "of carla|gas", "none": None}
    migrated["migrations"].insert_many([{"_id": key, "error": text, "n": 1} for key, text in said.items()])
    leave_out_of_failures(migrated, "berta")
    found = {each["_id"]: each["error"] for each in migrated["migrations"].find({"n": 1})}
    assert found == {"berta": "of [erased]|gas", "others": "of carla|gas", "none": None}
