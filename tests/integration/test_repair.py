"""Repair on a real database: it never destroys the last good copy by mistake, and what it takes away can come back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from tests.integration.test_verify import Shell
from tests.integration.test_verify import shell as shell
from tests.integration.two_sides import Deployment, contents, equal_sides

START = datetime(2015, 1, 1, tzinfo=UTC)
OLD, NEW = "energies", "source_energy_readings"
TWINS, USERS = 3_200, 16


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    """A deployment whose sync job has run once."""
    deployment = Deployment(migrated)
    assert deployment.sync().full_difference
    return deployment


def twins(deployed: Deployment, count: int, users: int = USERS) -> set[tuple[Any, ...]]:
    """Equal twins that have been compared and are displayed; returns what each side says."""
    names = [uuid4().hex for _ in range(users)]
    old = [
        {
            "_id": ObjectId(),
            "userId": names[number % users],
            "type": "power",
            "date": START + timedelta(days=number // users),
            "amount": Decimal(100 + number // users),
        }
        for number in range(count)
    ]
    deployed.database[OLD].insert_many(old)
    assert deployed.sync().state == "synced"
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify().differences == 0
    return equal_sides(deployed.database)


def test_a_dropped_collection_costs_nothing_whatever_is_repaired_and_all_of_it_comes_back(
    deployed: Deployment, shell: Shell
) -> None:
    before = twins(deployed, TWINS)
    deployed.database[OLD].rename("elsewhere")
    assert shell.run("sync") == (1, None)
    deployed.database["elsewhere"].rename(OLD)
    deployed.database[OLD].drop()
    assert shell.run("repair")[0] == 1
    for refused in (("repair", "--apply", "--yes"), ("sync",), ("mode", "set", "old_only", "--reason", "the test")):
        assert shell.run(*refused) == (1, None), refused
        assert contents(deployed.database, NEW) == before, refused
    assert "--from new" in shell.errors
    code, done = shell.run("repair", "--from", "new", "--apply", "--yes")
    assert (code, done["left"]["differences"]) == (0, 0)
    assert equal_sides(deployed.database) == before
    assert shell.run("sync")[1]["state"] == "synced"
    assert shell.run("verify")[0] == 0
    assert equal_sides(deployed.database) == before


def test_without_the_jobs_stop_a_repair_still_refuses_to_delete_so_much(deployed: Deployment, shell: Shell) -> None:
    before = twins(deployed, 320)
    deployed.database[OLD].delete_many({})
    assert shell.run("repair", "--apply", "--yes") == (1, None)
    assert "--allow-deletes 320" in shell.errors
    assert shell.run("repair", "--apply", "--yes", "--allow-deletes", "319") == (1, None)
    assert contents(deployed.database, NEW) == before


@pytest.mark.parametrize("lost", ["by the stream", "by a full difference"])
def test_the_job_deletes_no_crowd_of_twins_by_itself_and_says_so(deployed: Deployment, shell: Shell, lost: str) -> None:
    before = twins(deployed, 320)
    deployed.database[OLD].delete_many({"userId": {"$gt": min(item[1] for item in before)}})
    if lost == "by a full difference":
        deployed.database["control"].delete_one({"_id": "sync_job"})
    for _ in range(2):
        assert shell.run("sync") == (1, None)
        assert "infra repair" in shell.errors
    assert len(before) - len(contents(deployed.database, NEW)) <= 10
    assert "delete" in shell.run("mode", "show")[1]["stopped"]
    code, seen = shell.run("verify")
    assert (code, "delete" in seen["stopped"]) == (1, True)
