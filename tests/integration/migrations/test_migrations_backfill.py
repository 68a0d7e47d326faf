"""The backfill in bad conditions: killed at random moments, beside writers and another application, in ranges."""

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from chalicelib.bootstrap.container import REQUEST_SECONDS, Container
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories import first_copies, reconcile
from chalicelib.repositories.database import open_database
from chalicelib.repositories.first_copies import MongoFirstCopies
from chalicelib.repositories.reconciliation import MongoReconciliationRepository
from chalicelib.repositories.transactions import WRITE_CONFLICT
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.local.demo import old_energies
from infra.local.waiting import wait_until
from migrations import runner
from migrations.backfill import THREADS, Backfill, again_when_unavailable, count_meters, now
from migrations.errors import MigrationError
from migrations.lock import holder
from migrations.scripts import QuietRun
from tests.integration.repositories.inherited_database import (
    assert_both_sides_equal,
    container_of,
    everything,
    set_mode,
)

POWER, GAS = EnergyType
DERIVED = ("source_energy_readings", "display_energy_data", "meters")
SECONDS = 60.0
BACKFILL = "002_backfill_display_data"


@pytest.fixture
def empty(mongodb_uri: str) -> Iterator[Database[Any]]:
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield database
    database.client.drop_database(database.name)
    database.client.close()


def inherited(database: Database[Any], users: int, readings: int) -> Database[Any]:
    """Old readings, 001 applied, ``dual_write``, drained."""
    old_energies.fill(database, users, readings, defective=1)
    runner.up(database)
    set_mode(database, SyncMode.DUAL_WRITE)
    return database


def holds_at_least(collection: Collection[Any], documents: float) -> bool:
    return collection.estimated_document_count() >= documents


@pytest.mark.long
def test_killed_at_random_moments_it_ends_right_and_rewrites_nothing(empty: Database[Any], mongodb_uri: str) -> None:
    users, readings = 60, 20
    database = inherited(empty, users, readings)
    total = 2 * users * readings
    source = database["source_energy_readings"]
    command = [sys.executable, "-m", "migrations", "up", "--uri", mongodb_uri, "--database", database.name]
    command += ["--execute", "--lock-seconds", "1"]
    for part in (0.1, 0.3, 0.6, 0.8):
        wanted = random.uniform(part, part + 0.1) * total
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        reached = wait_until(partial(holds_at_least, source, wanted), SECONDS)
        process.kill()
        process.wait()
        assert reached
        assert not database["migrations"].find_one({"_id": BACKFILL, "state": "applied"})
        # the server ends a dead client's transactions by itself, but only after their 30 s
        database.client.admin.command({"killAllSessions": []})
        assert wait_until(lambda: holder(database["migrations"]) is None, SECONDS)
    assert runner.up(database)[:1] == [BACKFILL]
    assert assert_both_sides_equal(database) == 2 * users
    assert source.count_documents({}) == total
    assert {meter["sourceVersion"] for meter in database["meters"].find()} == {1}
    begun = {twin["_id"]: twin["revision"] for twin in source.find()}
    old = {item["_id"]: item["updatedAt"].timestamp() * 1000 for item in database["energies"].find(CARRIED)}
    assert begun == {key: old[key] for key in begun}


CARRIED = {"updatedAt": {"$type": "date"}}


def test_run_again_it_writes_nothing(empty: Database[Any]) -> None:
    database = inherited(empty, 4, 20)
    assert Backfill(database).run() == 4 * 2 * 20
    before = everything(database, *DERIVED)
    assert Backfill(database).run() == 0
    assert everything(database, *DERIVED) == before


class Stopping(QuietRun):
    """Loses its lock after some people, as a runner does that was stopped for too long."""

    def __init__(self, after: int) -> None:
        self._left = after

    def check(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise MigrationError("stopped")


@pytest.mark.parametrize(("module", "step"), [(first_copies, "stored_view"), (reconcile, "keep")])
def test_a_transaction_that_is_tried_again_counts_one_version(
    module: ModuleType, step: str, empty: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, failures, done = inherited(empty, 1, 5), [WRITE_CONFLICT, WRITE_CONFLICT], getattr(module, step)

    def interrupted(*arguments: Any) -> Any:
        if failures:
            raise OperationFailure("again", failures.pop(), {"errorLabels": ["TransientTransactionError"]})
        return done(*arguments)

    monkeypatch.setattr(module, step, interrupted)
    if module is reconcile:
        monkeypatch.setattr(MongoFirstCopies, "copy", lambda *_: None)
    assert Backfill(database).run() == 2 * 5
    assert not failures
    assert {meter["sourceVersion"] for meter in database["meters"].find()} == {1}


def test_it_goes_on_behind_its_checkpoint(empty: Database[Any]) -> None:
    database = inherited(empty, 10, 5)
    with pytest.raises(MigrationError, match="stopped"):
        Backfill(database, Stopping(after=6)).run(meters_at_once=THREADS)
    checkpoint = database["control"].find_one({"_id": "backfill"})
    assert checkpoint is not None
    seen = Meters()
    Backfill(database, seen).run()
    assert 8 <= seen.total <= 14
    assert "checkpoint" not in seen.said
    assert_both_sides_equal(database)
    assert database["control"].find_one({"_id": "backfill"}) is None


class Meters(QuietRun):
    """Remembers how many meters were announced, and what was said."""

    total, said = 0, ""

    def say(self, text: str) -> None:
        self.said += text

    def progress(self, unit: str, total: int) -> Any:
        assert unit == "meters"
        self.total = total
        return super().progress(unit, total)


def test_after_another_mode_in_between_it_begins_anew(empty: Database[Any]) -> None:
    database = inherited(empty, 6, 5)
    with pytest.raises(MigrationError, match="stopped"):
        Backfill(database, Stopping(after=5)).run(meters_at_once=THREADS)
    set_mode(database, SyncMode.DUAL_WRITE, since=1_000)
    database["energies"].update_one({"userId": old_energies.user_name(0), "type": "gas"}, {"$set": {"amount": 5.5}})
    seen = Meters()
    Backfill(database, seen).run()
    assert seen.said.startswith("the checkpoint is of another period of the mode")
    assert_both_sides_equal(database)


def test_a_large_meter_is_written_in_ranges(empty: Database[Any]) -> None:
    database = inherited(empty, 2, 95)
    assert Backfill(database, at_once=10).run() == 2 * 2 * 95
    assert assert_both_sides_equal(database) == 4
    assert {meter["sourceVersion"] for meter in database["meters"].find()} == {10}


def test_more_doubles_of_one_instant_than_a_range_holds_stay_together(empty: Database[Any]) -> None:
    for number in range(7):
        date = old_energies.FIRST
        document = old_energies.reading("u", "power", date, 10.0 + number, date + timedelta(days=number))
        empty["energies"].insert_one(document)
    empty["energies"].insert_one(old_energies.reading("u", "power", old_energies.FIRST + timedelta(days=1), 20.0))
    runner.up(empty)
    set_mode(empty, SyncMode.DUAL_WRITE)
    Backfill(empty, at_once=3).run()
    assert_both_sides_equal(empty)
    assert [twin["amount"] for twin in empty["source_energy_readings"].find(sort=[("date", 1)])] == [16, 20]


def test_where_a_range_would_end_at_an_array_of_dates_it_ends_at_a_date(empty: Database[Any]) -> None:
    dates = [old_energies.FIRST + timedelta(days=day) for day in range(8)]
    empty["energies"].insert_many(
        old_energies.reading("u", "power", date, 10.0 + number) for number, date in enumerate(dates)
    )
    empty["energies"].update_one({"date": dates[3]}, {"$set": {"date": [dates[3], dates[7]]}})
    runner.up(empty)
    set_mode(empty, SyncMode.DUAL_WRITE)
    assert Backfill(empty, at_once=3).run() == 7
    assert_both_sides_equal(empty)
    assert [twin["amount"] for twin in empty["source_energy_readings"].find(sort=[("date", 1)])] == [
        *(10, 11, 12),
        *(14, 15, 16, 17),
    ]


@pytest.mark.parametrize("change", [{"type": "power"}, {"date": old_energies.FIRST + timedelta(days=3000)}])
def test_a_reading_that_a_foreign_hand_moved_has_its_twin_moved(empty: Database[Any], change: dict[str, Any]) -> None:
    database = inherited(empty, 2, 20)
    Backfill(database).run()
    moved = database["energies"].find_one({"userId": old_energies.user_name(1), "type": "gas"}, sort=[("date", 1)])
    assert moved is not None
    apart = {"date": moved["date"] + timedelta(hours=1)}
    database["energies"].update_one({"_id": moved["_id"]}, {"$set": apart | change})
    Backfill(database, at_once=5).run()
    assert_both_sides_equal(database)


def test_twins_without_an_old_reading_and_meters_without_readings_are_brought_up_to_date(
    empty: Database[Any],
) -> None:
    database = inherited(empty, 2, 5)
    Backfill(database).run()
    database["energies"].delete_many({"userId": old_energies.user_name(0)})
    Backfill(database).run()
    assert_both_sides_equal(database)
    assert database["source_energy_readings"].distinct("userId") == [old_energies.user_name(1)]
    dirty = {"_id": "x|gas", "userId": "x", "type": "gas", "sourceVersion": 4, "displayVersion": 3}
    database["meters"].insert_one(dirty | dict.fromkeys(("dirtySince", "dirtyFrom", "dirtyTo"), old_energies.FIRST))
    Backfill(database).run()
    assert database["meters"].find_one({"_id": "x|gas"})["displayVersion"] == 4  # type: ignore[index]


def test_a_database_that_is_away_for_a_moment_is_asked_again() -> None:
    answers = [False, False, True]

    def work() -> str:
        if not answers.pop(0):
            raise UnavailableError("a failover")
        return "done"

    assert again_when_unavailable(work) == "done"
    answers[:] = [False] * 20
    with pytest.raises(UnavailableError):
        again_when_unavailable(work)
    assert len(answers) == 15, "it is asked five times"


def test_meters_are_counted_from_the_beginning_or_behind_one(empty: Database[Any]) -> None:
    runner.up(empty)
    assert count_meters(empty) == 0
    for user, kind in (("a", "power"), ("b", "power"), ("b", "gas"), ("c", "gas"), ("c", "water")):
        empty["energies"].insert_one({"userId": user, "type": kind, "date": datetime(2024, 1, 1, tzinfo=UTC)})
    assert count_meters(empty) == 4
    assert count_meters(empty, ("b", EnergyType.GAS)) == 3, "of the one where it stopped, all"


class Writer(threading.Thread):
    """A household that goes on living: records, corrects and removes until it is stopped."""

    def __init__(self, container: Container, database: Database[Any], number: int, users: int) -> None:
        super().__init__(name=f"writer-{number}")
        self._container = container
        self._energies = database["energies"]
        self._random = random.Random(number)
        self._users = [old_energies.user_name(user) for user in range(number, users, WRITERS)]
        self.stop = threading.Event()
        self.deleted: list[ObjectId] = []
        self.recorded: dict[ObjectId, Decimal] = {}
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self._change(self._random.choice(self._users))
        except Exception as error:  # noqa: BLE001 the test looks at it
            self.error = error

    def _change(self, user: str) -> None:
        found = list(self._energies.aggregate([{"$match": {"userId": user}}, {"$sample": {"size": 1}}]))
        kind = self._random.choice(["create", "correct", "remove"]) if found else "create"
        amount = Decimal(self._random.randint(1000, 9999))
        if kind == "create":
            second = self._random.randint(0, 10**8)
            date = f"{old_energies.FIRST + timedelta(seconds=second, milliseconds=1):%Y-%m-%dT%H:%M:%SZ}"
            draft = ReadingDraft(self._random.choice([POWER, GAS]), date, amount, confirm=True)
            self.recorded[ObjectId(self._container.energy.create(user, draft).reading.id)] = amount
        elif kind == "correct":
            reading = found[0]["_id"]
            self._container.energy.update(user, str(reading), ReadingCorrection(amount=amount, confirm=True))
            self.recorded[reading] = amount
        else:
            self._container.energy.delete(user, str(found[0]["_id"]))
            self.deleted.append(found[0]["_id"])


WRITERS = 3


def test_writes_and_deletes_made_meanwhile_win(empty: Database[Any]) -> None:
    users = 15
    old_energies.fill(empty, users, 40, defective=0)
    runner.up(empty)
    set_mode(empty, SyncMode.DUAL_WRITE)
    writers = [Writer(container_of(empty), empty, number, users) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    assert wait_until(lambda: sum(len(writer.deleted) for writer in writers) >= WRITERS, SECONDS)
    at_start = [len(writer.deleted) + len(writer.recorded) for writer in writers]
    Backfill(empty).run()
    for writer in writers:
        writer.stop.set()
        writer.join(60)
    assert [writer.error for writer in writers] == [None] * WRITERS
    at_end = [len(writer.deleted) + len(writer.recorded) for writer in writers]
    assert all(after > before for before, after in zip(at_start, at_end, strict=True))
    for user_id, energy_type in MongoReconciliationRepository(empty, REQUEST_SECONDS, now).meters():
        container_of(empty).calculation.refresh(user_id, energy_type)
    assert_both_sides_equal(empty)
    for writer in writers:
        gone = set(writer.deleted)
        assert empty["source_energy_readings"].count_documents({"_id": {"$in": list(gone)}}) == 0
        kept = {key: amount for key, amount in writer.recorded.items() if key not in gone}
        twins = empty["source_energy_readings"].find({"_id": {"$in": list(kept)}})
        assert {twin["_id"]: twin["amount"] for twin in twins} == kept


def test_progress_advances_once_for_each_meter(empty: Database[Any]) -> None:
    database = inherited(empty, 3, 5)

    class Counting(QuietRun):
        """Counts the messages that it gets."""

        done = 0

        def progress(self, unit: str, total: int) -> Any:
            assert (unit, total) == ("meters", 6)
            return nullcontext(self.advance)

        def advance(self, done: int) -> None:
            self.done += done

    counting = Counting()
    Backfill(database, counting).run()
    assert counting.done == 6
