"""Verify and repair on a real database: what is damaged is found, and mended from the side that is right."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import SyncModeError, UnavailableError
from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.readings import MeterKey
from chalicelib.services.recording.configuration import touch_all
from tests.depth import depth
from tests.integration.deployment import GAS, POWER, Deployment, contents, equal_sides
from tests.integration.infra.operator_shell import Shell
from tests.integration.refresh.shown import OURS

START = datetime(2015, 1, 1, tzinfo=UTC)
OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode

HOUSEHOLDS, READINGS_EACH = depth(12, 50), depth(400, 2_000)


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.fixture
def user() -> str:
    return uuid4().hex


def households(deployed: Deployment, count: int, readings: int) -> list[str]:
    """Users with a power meter each: ``readings`` readings on both sides, as doubles on the old one, and displayed."""
    users = sorted(f"{number:03}-{uuid4().hex[:8]}" for number in range(count))
    for user in users:
        twins(deployed, user, readings)
        deployed.ports.transactions.run(user, lambda transaction: touch_all(transaction, POWER, 1))
        assert deployed.container.calculation.refresh(user, POWER)
    return users


def twins(deployed: Deployment, user: str, readings: int) -> None:
    old = [
        {"_id": ObjectId(), "userId": user, "type": "power", "date": START + timedelta(days=day), "amount": day + 0.125}
        for day in range(readings)
    ]
    origin = {"source": "sync", "importBatchId": None, "revision": 1}
    deployed.database["energies"].insert_many(old)
    new = [reading | {"amount": Decimal(repr(reading["amount"])), **origin} for reading in old]
    deployed.database["source_energy_readings"].insert_many(new)


def damage(database: Database[Any], users: list[str]) -> set[str]:
    """Seven documents, each damaged in another way; their ids."""
    readings, display = database["source_energy_readings"], database["display_energy_data"]
    changed, missing, moved, owned = (readings.find({"userId": user}).skip(99).next() for user in users[:4])
    readings.update_one({"_id": changed["_id"]}, {"$set": {"amount": changed["amount"] + Decimal("0.001")}})
    readings.delete_one({"_id": missing["_id"]})
    readings.update_one({"_id": moved["_id"]}, {"$set": {"date": moved["date"] + timedelta(hours=1)}})
    readings.update_one({"_id": owned["_id"]}, {"$set": {"userId": users[-1], "date": START - timedelta(days=1)}})
    added = readings.insert_one({"userId": users[4], "type": "power", "date": START - timedelta(days=1), "amount": 1})
    shown = {"userId": users[5], "type": "power", "dataType": "monthly"}
    wrong, lost = list(display.find(shown, sort=[("year", 1)]))[:2]
    display.update_one({"_id": wrong["_id"]}, {"$set": {"data.months.3.meterReading": Decimal(1)}})
    display.delete_one({"_id": lost["_id"]})
    ids = (changed["_id"], missing["_id"], moved["_id"], owned["_id"], added.inserted_id, wrong["_id"], lost["_id"])
    return {str(key) for key in ids}


def test_seven_damaged_documents_of_many_are_found_and_mended(deployed: Deployment) -> None:
    users = households(deployed, HOUSEHOLDS, READINGS_EACH)
    damaged = damage(deployed.database, users)
    found, left = deployed.operations.consistency.repair()
    assert {finding.document for finding in found.findings} == damaged
    assert found.differences == 8, "a reading under another user is missing there and too much here"
    assert left == Verification(DUAL_WRITE, meters=7)
    assert len(equal_sides(deployed.database)) == HOUSEHOLDS * READINGS_EACH
    for user in users[:6]:
        assert deployed.operations.consistency.verify(user) == Verification(DUAL_WRITE, meters=1)


def test_a_difference_says_what_each_side_has(deployed: Deployment, user: str) -> None:
    reading = deployed.create(user, "2024-01-31T00:00Z", 5)
    deployed.operations.sweeper.run_at_once(60)
    deployed.database["source_energy_readings"].update_one({}, {"$set": {"amount": Decimal("5.5")}})
    finding = deployed.operations.consistency.verify(user).findings[0]
    assert (finding.user_id, finding.type, finding.document) == (user, POWER, reading)
    assert finding.problem == (
        "5 at 2024-01-31T00:00:00Z in energies, 5.5 at 2024-01-31T00:00:00Z in source_energy_readings"
    )


@pytest.mark.parametrize("amount", [float("nan"), "much", None, 1e40, {"kWh": 5}])
def test_an_amount_that_is_none_is_a_difference_and_is_mended(deployed: Deployment, user: str, amount: Any) -> None:
    deployed.create(user, "2024-01-31", 5)
    before = equal_sides(deployed.database)
    deployed.database["source_energy_readings"].update_one({}, {"$set": {"amount": amount}})
    found, left = deployed.operations.consistency.repair()
    assert (found.differences, left.differences) == (1, 0)
    assert equal_sides(deployed.database) == before


@pytest.mark.parametrize("amount", [0.1 + 0.2, 1 / 3, 12345.678901234567, 7, 999_999_999_999.999])
def test_inherited_doubles_of_any_precision_are_equal_to_their_exact_twins(
    deployed: Deployment, user: str, amount: float
) -> None:
    date = START + timedelta(days=1)
    deployed.database["energies"].insert_one({"userId": user, "type": "gas", "date": date, "amount": amount})
    deployed.sync()
    assert deployed.ports.twins.differences((user, GAS)) == []
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify(user).differences == 0


def test_the_smallest_difference_is_seen(deployed: Deployment, user: str) -> None:
    deployed.create(user, "2024-01-31", 5)
    amount = Decimal("5") + Decimal("1e-20")
    deployed.database["source_energy_readings"].update_one({}, {"$set": {"amount": amount}})
    assert deployed.operations.consistency.verify(user).differences == 1


def test_a_meter_that_lags_is_no_difference(deployed: Deployment, user: str) -> None:
    deployed.create(user, "2024-01-31", 5)
    assert deployed.operations.consistency.verify(user) == Verification(DUAL_WRITE, meters=1, lagging=1)


def test_a_display_document_of_a_year_without_readings_is_found_and_taken_away(deployed: Deployment, user: str) -> None:
    deployed.create(user, "2024-01-31", 5)
    deployed.operations.sweeper.run_at_once(60)
    display = deployed.database["display_energy_data"]
    extra = display.find_one({"dataType": "monthly"}) or {}
    data = extra["data"] | {"year": 1999}
    display.insert_one(extra | {"_id": f"{user}|power|monthly|1999{OURS}", "year": 1999, "data": data})
    findings = deployed.operations.consistency.verify(user).findings
    assert [(finding.document, finding.problem) for finding in findings] == [
        (f"{user}|power|monthly|1999{OURS}", "should not be there")
    ]
    assert deployed.operations.consistency.repair(user)[1].differences == 0
    assert display.count_documents({"year": 1999}) == 0


def test_in_new_only_the_new_side_is_right_and_only_the_display_is_compared(deployed: Deployment, user: str) -> None:
    deployed.to(NEW_ONLY)
    deployed.create(user, "2024-01-31", 5)
    deployed.operations.sweeper.run_at_once(60)
    deployed.database["display_energy_data"].update_one({"dataType": "monthly"}, {"$set": {"data.year": 0}})
    found, left = deployed.operations.consistency.repair()
    assert (found.differences, left.differences) == (1, 0)
    assert contents(deployed.database, "energies") == set()
    assert len(contents(deployed.database, "source_energy_readings")) == 1


def test_what_the_last_comparison_of_everybody_found_is_remembered(deployed: Deployment, user: str) -> None:
    deployed.create(user, "2024-01-31", 5)
    deployed.operations.sweeper.run_at_once(60)
    control, consistency = deployed.ports.sync_control, deployed.operations.consistency
    consistency.verify(user)
    assert control.verified() is None
    consistency.verify()
    good = control.verified()
    assert good is not None
    assert (good.since, good.meters, good.differences) == (control.state().since, 1, 0)
    deployed.database["source_energy_readings"].delete_many({})
    consistency.verify()
    bad = control.verified()
    assert bad is not None
    assert bad.differences == 1


def test_in_old_only_nothing_is_compared(deployed: Deployment, user: str) -> None:
    deployed.to(OLD_ONLY)
    deployed.create(user, "2024-01-31", 5)
    assert deployed.operations.consistency.verify().differences == 0


def test_nothing_is_compared_while_writes_of_the_mode_before_may_arrive(deployed: Deployment) -> None:
    deployed.operations.modes.set(OLD_ONLY, "test")
    deployed.operations.modes.set(DUAL_WRITE, "test")
    with pytest.raises(SyncModeError, match=r"wait \d+ s"):
        deployed.operations.consistency.verify()


def interrupted(deployed: Deployment) -> None:
    """Verify, and be interrupted after the first hundred meters."""

    def interrupt(_: Verification) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deployed.operations.consistency.verify(progress=interrupt)


@pytest.fixture
def damaged_at_both_ends(deployed: Deployment) -> list[MeterKey]:
    """120 meters, the first and the last of them without its twin."""
    users = sorted(uuid4().hex for _ in range(120))
    for user in users:
        twins(deployed, user, 1)
    deployed.database["source_energy_readings"].delete_many({"userId": {"$in": [users[0], users[-1]]}})
    deployed.sync()
    deployed.operations.sweeper.run_at_once(60)
    deployed.database["source_energy_readings"].delete_many({"userId": {"$in": [users[0], users[-1]]}})
    return [(user, POWER) for user in users]


def test_an_interrupted_comparison_goes_on_and_remembers_what_it_had_found(
    deployed: Deployment, damaged_at_both_ends: list[MeterKey]
) -> None:
    interrupted(deployed)
    seen = deployed.operations.consistency.verify()
    assert (seen.meters, seen.resumed) == (120, damaged_at_both_ends[99])
    missing = {(f.user_id, f.type) for f in seen.findings if f.collection == "source_energy_readings"}
    assert missing == {damaged_at_both_ends[0], damaged_at_both_ends[-1]}
    assert deployed.operations.consistency.verify().resumed is None


def test_an_interrupted_comparison_of_another_mode_or_time_counts_for_nothing(
    deployed: Deployment, damaged_at_both_ends: list[MeterKey]
) -> None:
    interrupted(deployed)
    assert deployed.operations.consistency.verify(restart=True).resumed is None
    interrupted(deployed)
    for _ in range(121):
        deployed.clock.drain()
    assert deployed.operations.consistency.verify().resumed is None
    interrupted(deployed)
    deployed.to(OLD_ONLY, DUAL_WRITE)
    assert deployed.operations.consistency.verify().resumed is None


def test_the_command_line_finds_lists_and_mends(deployed: Deployment, shell: Shell, user: str) -> None:
    deployed.create(user, "2024-01-31", 5)
    deployed.operations.sweeper.run_at_once(60)
    assert shell.run("verify")[0] == 0
    deployed.database["source_energy_readings"].delete_many({})
    code, seen = shell.run("verify", "--user", user)
    assert (code, seen["differences"]) == (1, len(seen["findings"]))
    assert shell.run("repair")[0] == 1
    assert contents(deployed.database, "source_energy_readings") == set()
    code, done = shell.run("repair", "--apply", "--yes")
    assert (code, done["left"]["differences"]) == (0, 0)
    assert len(equal_sides(deployed.database)) == 1
    assert shell.run("verify")[0] == 0


def test_the_command_line_shows_and_refuses_modes(deployed: Deployment, shell: Shell) -> None:
    code, shown = shell.run("mode", "show")
    assert (code, shown["mode"], shown["drainSeconds"], shown["authoritative"]) == (0, "dual_write", 0, "old")
    code, shown = shell.run("mode", "set", "old_only", "--reason", "the test")
    assert (code, shown["mode"], shown["changes"][0]["reason"]) == (0, "old_only", "the test")
    assert shell.run("mode", "set", "new_only", "--reason", "the test") == (1, None)
    assert "dual_write" in shell.errors
    assert shell.run("sync")[1]["state"] == "resting"


def test_the_command_line_carries_over_and_refreshes_without_a_bus(
    deployed: Deployment, shell: Shell, user: str
) -> None:
    document = {"userId": user, "type": "power", "date": START, "amount": 5.5}
    deployed.database["energies"].insert_one(document)
    code, done = shell.run("sync")
    assert (code, done["state"], done["inserted"]) == (0, "synced", 1)
    assert not deployed.ports.display.state(user, POWER).stale
    assert deployed.database["display_energy_data"].count_documents({"userId": user}) == 3


def test_a_database_that_is_not_there_is_said_and_nothing_else(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200")
    assert shell.run("verify") == (1, None)
    assert "database" in shell.errors
    assert UnavailableError.__name__ not in shell.errors
