"""The sync job on a real change stream: what another application writes to the old readings arrives on both sides."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import SyncModeError, SyncStoppedError, UnavailableError
from chalicelib.domain.events.contracts import EnergyReadingsSynced
from chalicelib.domain.migration.sync.reconciliation import Selection, SyncProgress
from chalicelib.repositories import reconcile as twins
from chalicelib.repositories.control import SYNC_JOB
from chalicelib.repositories.difference import Difference
from chalicelib.repositories.transactions import MongoTransactions
from chalicelib.services.migration.sync.sync_job import SyncJobService
from tests.depth import depth
from tests.integration.deployment import GAS, POWER, Deployment, contents, equal_sides

START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    """A deployment whose sync job has run once."""
    deployment = Deployment(migrated)
    assert deployment.sync().full_difference
    return deployment


@pytest.fixture
def user() -> str:
    return uuid4().hex


@pytest.fixture
def never_at_rest(deployed: Deployment, user: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A person whose next write is under way whenever the meter has been read; it gives up where the meter is held.

    Returns the versions that were written.
    """
    compare = Difference.of
    impatient = MongoTransactions(deployed.database, timeout_seconds=0.3)
    written: list[int] = []

    def compared(*sides: Any) -> Difference:
        found = compare(*sides)
        with suppress(UnavailableError):
            written.append(impatient.run(user, lambda transaction: transaction.meters.mark_changed(POWER, 1, 1, 1)))
        return found

    monkeypatch.setattr(Difference, "of", compared)
    return written


def written_by_another(
    deployed: Deployment, user: str, hours: int, amount: float, kind: str = "power", **fields: Any
) -> ObjectId:
    """One reading as an old application writes it: amounts as doubles."""
    date = START + timedelta(hours=hours)
    document = {"userId": user, "type": kind, "date": date, "amount": amount, "createdAt": date, "updatedAt": date}
    found: ObjectId = deployed.database["energies"].insert_one(document | fields).inserted_id
    return found


class ForeignWriter(threading.Thread):
    """Another application, which writes straight to the old collection, for some seconds at a given rate."""

    def __init__(self, deployed: Deployment, per_second: int, seconds: int) -> None:
        super().__init__()
        self._deployed = deployed
        self._count = per_second * seconds
        self._per_second = per_second
        self._choice = random.Random(7)
        self._ids: list[ObjectId] = []
        self.users = [uuid4().hex for _ in range(5)]

    def run(self) -> None:
        began, pause = datetime.now(UTC), threading.Event()
        for number in range(self._count):
            due = began + timedelta(seconds=number / self._per_second)
            pause.wait(max(0.0, (due - datetime.now(UTC)).total_seconds()))
            self._write(number)

    def _write(self, number: int) -> None:
        energies = self._deployed.database["energies"]
        action = self._choice.random()
        if not self._ids or action < 0.6:
            user, kind = self._choice.choice(self.users), self._choice.choice(["power", "gas"])
            self._ids.append(written_by_another(self._deployed, user, number, number + 0.5, kind))
        elif action < 0.8:
            changed = {"amount": number + 0.25, "updatedAt": datetime.now(UTC)}
            energies.update_one({"_id": self._choice.choice(self._ids)}, {"$set": changed})
        else:
            energies.delete_one({"_id": self._ids.pop(self._choice.randrange(len(self._ids)))})


def test_a_foreign_writer_at_200_writes_a_second_is_followed_by_one_run(deployed: Deployment) -> None:
    seconds = depth(4, 10)
    writer = ForeignWriter(deployed, per_second=200, seconds=seconds)
    writer.start()
    writer.join(60)
    report = deployed.sync()
    assert (report.state, report.full_difference, report.changes) == ("synced", False, 200 * seconds)
    assert len({item[1:3] for item in equal_sides(deployed.database)}) == 10
    events = [event for event in deployed.publisher.events if isinstance(event, EnergyReadingsSynced)]
    assert {(event.user_id, event.meter.type.value) for event in events} == {
        (user, kind) for user in writer.users for kind in ("power", "gas")
    }
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify().differences == 0


def test_both_sides_are_equal_although_the_foreign_writer_goes_on_while_the_job_runs(deployed: Deployment) -> None:
    writer = ForeignWriter(deployed, per_second=200, seconds=2)
    writer.start()
    while writer.is_alive():
        assert deployed.sync().state == "synced"
    deployed.sync()
    equal_sides(deployed.database)


def test_two_jobs_at_once_do_no_harm(deployed: Deployment) -> None:
    writer = ForeignWriter(deployed, per_second=200, seconds=1)
    writer.start()
    writer.join(30)
    reports: list[Any] = []
    jobs = [threading.Thread(target=lambda: reports.append(deployed.sync())) for _ in range(2)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    assert [report.state for report in reports] == ["synced", "synced"]
    stored = equal_sides(deployed.database)
    assert sum(report.inserted for report in reports) >= len(stored)


def test_echoes_of_our_own_writes_are_seen_and_nothing_is_written(deployed: Deployment, user: str) -> None:
    reading = deployed.create(user, "2024-01-31", 1)
    deployed.change(user, reading, amount=2)
    report = deployed.sync()
    assert (report.changes, report.inserted, report.replaced, report.deleted) == (2, 0, 0, 0)
    assert not [event for event in deployed.publisher.events if isinstance(event, EnergyReadingsSynced)]


def test_a_change_is_carried_over_with_its_meters_version_and_range(deployed: Deployment, user: str) -> None:
    written_by_another(deployed, user, 1, 1.5)
    written_by_another(deployed, user, 3, 2.5)
    deployed.sync()
    event = deployed.publisher.events[-1]
    assert isinstance(event, EnergyReadingsSynced)
    assert (event.user_id, event.meter.type, event.meter.source_version) == (user, POWER, 1)
    assert (event.meter.first, event.meter.last) == (START + timedelta(hours=1), START + timedelta(hours=3))


def test_a_delete_that_names_nothing_but_an_id_takes_the_twin_away(deployed: Deployment, user: str) -> None:
    gone, kept = written_by_another(deployed, user, 1, 1.5), written_by_another(deployed, user, 2, 2.5)
    deployed.sync()
    deployed.database["energies"].delete_one({"_id": gone})
    assert deployed.sync().deleted == 1
    assert {item[0] for item in equal_sides(deployed.database)} == {kept}


def test_an_instant_freed_by_another_application_can_be_used_before_the_job_runs(
    deployed: Deployment, user: str
) -> None:
    gone = written_by_another(deployed, user, 0, 1.5)
    deployed.sync()
    deployed.database["energies"].delete_one({"_id": gone})
    ours = deployed.create(user, START.isoformat(), 2)
    deployed.sync()
    assert {str(item[0]) for item in equal_sides(deployed.database)} == {ours}


def test_readings_that_change_their_types_with_each_other_arrive(deployed: Deployment, user: str) -> None:
    one, other = (written_by_another(deployed, user, 0, 1.5, kind) for kind in ("power", "gas"))
    deployed.sync()
    deployed.database["energies"].update_one({"_id": one}, {"$set": {"type": "gas"}})
    deployed.database["energies"].update_one({"_id": other}, {"$set": {"type": "power"}})
    deployed.sync()
    assert {(item[0], item[2]) for item in equal_sides(deployed.database)} == {(one, "gas"), (other, "power")}
    for kind in (POWER, GAS):
        assert deployed.container.calculation.refresh(user, kind)


def test_what_cannot_be_a_reading_is_passed_over_and_its_twin_stays(deployed: Deployment, user: str) -> None:
    reading = written_by_another(deployed, user, 1, 1.5)
    deployed.sync()
    written_by_another(deployed, user, 2, 0)
    written_by_another(deployed, user, 3, 1, "water")
    deployed.database["energies"].insert_one({"nothing": "known"})
    deployed.database["energies"].update_one({"_id": reading}, {"$set": {"amount": 0}})
    assert deployed.sync().state == "synced"
    assert {item[0] for item in contents(deployed.database, "source_energy_readings")} == {reading}
    assert deployed.database["quarantined_readings"].count_documents({}) == 4
    assert deployed.database["quarantined_readings"].count_documents({"twin._id": reading}) == 1


def unknown(deployed: Deployment) -> None:
    deployed.ports.sync_control.save_sync_progress(SyncProgress({"_data": "826500000000000001"}))


def malformed(deployed: Deployment) -> None:
    deployed.ports.sync_control.save_sync_progress(SyncProgress({"_data": "no token"}))


def missing(deployed: Deployment) -> None:
    deployed.database["control"].delete_one({"_id": "sync_job"})


@pytest.mark.parametrize("lose", [unknown, malformed, missing])
def test_without_its_position_the_job_compares_everything(
    deployed: Deployment, user: str, lose: Callable[[Deployment], None]
) -> None:
    gone, kept = written_by_another(deployed, user, 1, 1.5), written_by_another(deployed, user, 2, 2.5)
    deployed.sync()
    deployed.database["energies"].delete_one({"_id": gone})
    lose(deployed)
    report = deployed.sync()
    assert (report.state, report.full_difference, report.meters, report.deleted) == ("synced", True, 1, 1)
    assert {item[0] for item in equal_sides(deployed.database)} == {kept}
    assert not deployed.sync().full_difference


def test_a_run_ends_with_its_time_and_the_next_one_goes_on(deployed: Deployment) -> None:
    users = sorted(uuid4().hex for _ in range(250))
    for user in users:
        written_by_another(deployed, user, 1, 1.5)
    missing(deployed)
    ticks = iter(range(0, 10**9, 1000))
    ports = deployed.ports
    job = SyncJobService(
        ports.sync_control, ports.twins, ports.changes, deployed.publisher, lambda: next(ticks), ports.fan_outs
    )
    reports = [job.run(100 + 100)]  # an event asks for the time as well: 100 meters are 100 ticks and a few
    while reports[-1].state == "unfinished" and len(reports) < 10:
        reports.append(job.run(100 + 100))
    assert [report.meters for report in reports][:2] == [200, 50]
    assert reports[-1].state == "synced"
    assert sum(report.meters for report in reports) == len(users)
    assert len(equal_sides(deployed.database)) == len(users)


def test_in_new_only_the_job_is_refused_and_in_old_only_it_rests(deployed: Deployment, user: str) -> None:
    deployed.to(SyncMode.NEW_ONLY)
    with pytest.raises(SyncModeError, match="new_only"):
        deployed.sync()
    deployed.to(SyncMode.DUAL_WRITE, SyncMode.OLD_ONLY)
    written_by_another(deployed, user, 1, 1.5)
    assert deployed.sync().state == "resting"
    assert contents(deployed.database, "source_energy_readings") == set()


def test_a_dropped_collection_empties_nothing_until_somebody_has_looked_at_it(deployed: Deployment, user: str) -> None:
    written_by_another(deployed, user, 1, 1.5)
    deployed.sync()
    deployed.database["energies"].drop()
    for _ in range(2):
        with pytest.raises(SyncModeError, match="infra sync --full"):
            deployed.sync()
    assert len(contents(deployed.database, "source_energy_readings")) == 1
    deployed.operations.sync.run(60, full=True)
    assert equal_sides(deployed.database) == set()


def with_small_meters(database: Database[Any], sizes: list[int]) -> None:
    """Meters with these numbers of readings, in the order in which the job compares them, and all is equal."""
    deployment = Deployment(database)
    for number, size in enumerate(sizes):
        user = f"{number:02}-{uuid4().hex}"
        for hours in range(size):
            written_by_another(deployment, user, hours, hours + 1.5)
    assert deployment.sync().inserted == sum(sizes)


def test_before_its_first_run_a_renamed_collection_costs_small_meters_nothing(migrated: Database[Any]) -> None:
    with_small_meters(migrated, [3, 9])
    migrated["control"].delete_one({"_id": SYNC_JOB})
    migrated["energies"].rename("elsewhere")
    with pytest.raises(SyncStoppedError, match=r"has 0 documents, the other one 12: most of it is gone"):
        Deployment(migrated).sync()
    assert migrated["source_energy_readings"].count_documents({}) == 12
    assert migrated["repaired_readings"].count_documents({}) == 0


def test_a_stop_in_the_middle_says_how_what_went_before_comes_back(migrated: Database[Any]) -> None:
    with_small_meters(migrated, [1] * 6 + [6, 20])
    migrated["control"].delete_one({"_id": SYNC_JOB})
    migrated["energies"].delete_many({"userId": {"$regex": "^0[0-6]-"}})
    with pytest.raises(SyncStoppedError, match=r"Before that it deleted 6; first bring them back: .* undo sync-\S+$"):
        Deployment(migrated).sync()
    stop = Deployment(migrated).ports.sync_control.stop()
    assert stop is not None
    Deployment(migrated).operations.undo.undo(stop.reason.rsplit(" ", 1)[1])
    assert migrated["source_energy_readings"].count_documents({}) == 32


def test_what_was_damaged_on_the_other_side_is_mended_by_a_full_difference(deployed: Deployment, user: str) -> None:
    reading = written_by_another(deployed, user, 1, 1.5)
    deployed.sync()
    readings = deployed.database["source_energy_readings"]
    readings.update_one({"_id": reading}, {"$set": {"userId": uuid4().hex}})
    deployed.operations.sync.run(60, full=True)
    assert [item[1] for item in equal_sides(deployed.database)] == [user]
    assert deployed.ports.sync_control.state().authoritative is Side.OLD


@pytest.mark.usefixtures("never_at_rest")
def test_a_meter_that_is_written_without_a_pause_is_mended_nonetheless(deployed: Deployment, user: str) -> None:
    written_by_another(deployed, user, 1, 100)
    done = twins.reconcile(deployed.database, user, POWER, Selection(), now=0, timeout_seconds=5)
    assert done.inserted == 1
    assert len(equal_sides(deployed.database)) == 1


def test_a_meter_that_is_equal_by_then_is_left_as_it_is(
    deployed: Deployment, user: str, never_at_rest: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = written_by_another(deployed, user, 1, 100)
    reading_it = Difference.of

    def taken_away(*sides: Any) -> Difference:
        found = reading_it(*sides)
        deployed.database["energies"].delete_one({"_id": identifier})
        return found

    monkeypatch.setattr(Difference, "of", taken_away)
    assert twins.reconcile(deployed.database, user, POWER, Selection(), now=0, timeout_seconds=5).written == 0
    (meter,) = deployed.database["meters"].find({"userId": user})
    assert meter["sourceVersion"] == len(never_at_rest) == 1, "the other person's write and nothing more"
