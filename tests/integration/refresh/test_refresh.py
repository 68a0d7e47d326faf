"""The chain on a real MongoDB: write, refresh, read; two refreshes at once; time-outs; migrations."""

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database
from pymongo.errors import OperationFailure
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import open_database, ping, time_limit
from chalicelib.repositories.transactions import in_transaction
from chalicelib.services.display.view_data import monthly_data, series_of
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from migrations.scripts import QUIET, scripts

POWER = EnergyType.POWER
TIME_UP = 0.3  # seconds
HOUSEHOLD = Path(__file__).parents[3] / "infra" / "local" / "demo" / "household_power_daily.csv"


@pytest.fixture
def user() -> str:
    return uuid4().hex


def stored_equals_fresh(container: Container, database: Database[Any], user: str) -> None:
    """Every stored document equals a calculation from the present readings, and none is missing."""
    snapshot = container.queries.full_snapshot(user, POWER, Backend.NEW)
    series = series_of(snapshot)
    kept = database["display_energy_data"].find({"userId": user, "dataType": "monthly"})
    stored = {document["year"] for document in kept}
    for year in stored:
        view = container.display.monthly(user, POWER, year)
        assert view.data == monthly_data(snapshot, series, year)
        assert not view.state.stale
    assert bool(stored) == bool(snapshot.readings)


def test_a_real_household_is_imported_and_shown(container: Container, migrated: Database[Any], user: str) -> None:
    report = container.imports.bulk_create(user, HOUSEHOLD.read_bytes())
    assert (report.success, report.skipped) == (1441, 0)
    assert container.calculation.refresh(user, POWER, 1)
    years = sorted(
        document["year"] for document in migrated["display_energy_data"].find({"userId": user, "dataType": "monthly"})
    )
    assert years == [2006, 2007, 2008, 2009, 2010]
    stored_equals_fresh(container, migrated, user)
    assert container.imports.bulk_create(user, HOUSEHOLD.read_bytes()).success == 0


def test_single_changes_leave_no_document_stale(container: Container, migrated: Database[Any], user: str) -> None:
    container.imports.bulk_create(user, HOUSEHOLD.read_bytes())
    container.calculation.refresh(user, POWER)
    for date, amount in (("2012-03-01", "70000"), ("2005-01-15T12:00Z", "11000"), ("2008-06-15T06:30Z", "29000")):
        container.energy.create(user, ReadingDraft(POWER, date, Decimal(amount), confirm=True))
        assert container.calculation.refresh(user, POWER)
        stored_equals_fresh(container, migrated, user)


def test_writers_and_refreshes_at_once_end_with_right_documents(
    container: Container, migrated: Database[Any], user: str
) -> None:
    def write(first: int) -> None:
        for day in range(first, 28, 4):
            draft = ReadingDraft(POWER, f"2023-0{1 + day % 9}-{day:02}", Decimal(day), confirm=True)
            container.energy.create(user, draft)
            container.calculation.refresh(user, POWER)

    threads = [threading.Thread(target=write, args=(first,)) for first in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    container.calculation.refresh(user, POWER)
    snapshot = container.queries.snapshot(user, POWER, Backend.NEW)
    assert len(snapshot.readings) == 27
    assert snapshot.state.source_version == snapshot.state.display_version == 27
    stored_equals_fresh(container, migrated, user)


def test_out_of_time_nothing_is_written(migrated: Database[Any]) -> None:
    def work(session: Any) -> None:
        migrated["meters"].insert_one({"_id": "x", "userId": "x"}, session=session)
        migrated["meters"].find_one({"$where": "sleep(2000) || true"}, session=session)

    with pytest.raises(UnavailableError, match="did not answer in time"):
        in_transaction(migrated, 0.5, work)
    assert migrated["meters"].find_one({"_id": "x"}) is None


def test_out_of_time_because_of_other_writes_says_so(migrated: Database[Any]) -> None:
    meters, version = migrated["meters"], {"$inc": {"sourceVersion": 1}}
    meters.insert_one({"_id": "x", "userId": "x", "sourceVersion": 1})

    def work(session: Any) -> None:
        meters.find_one({"_id": "x"}, session=session)
        meters.update_one({"_id": "x"}, version)
        meters.update_one({"_id": "x"}, version, session=session)

    with pytest.raises(UnavailableError, match="other writes came in between"):
        in_transaction(migrated, 2, work)


@pytest.fixture
def elsewhere(mongodb_uri: str, migrated: Database[Any]) -> Iterator[Database[Any]]:
    """The database as another process has it: with sessions of its own."""
    database = open_database(mongodb_uri, migrated.name)
    yield database
    database.client.close()


def until_out_of_time() -> None:
    """What takes long between two commands."""
    ended = time.monotonic() + TIME_UP
    while time.monotonic() < ended:
        pass


def test_out_of_time_the_meter_is_free_for_other_processes_at_once(
    migrated: Database[Any], elsewhere: Database[Any]
) -> None:
    """In the same one the next transaction would use the same session, and so end the one before by itself."""
    change = {"$inc": {"sourceVersion": 1}}
    migrated["meters"].insert_one({"_id": "x", "userId": "x", "sourceVersion": 1})

    def work(session: Any) -> None:
        migrated["meters"].update_one({"_id": "x"}, change, session=session)
        until_out_of_time()
        migrated["meters"].find_one({"_id": "x"}, session=session)

    with pytest.raises(UnavailableError):
        in_transaction(migrated, TIME_UP, work)
    in_transaction(elsewhere, 10, lambda session: elsewhere["meters"].update_one({"_id": "x"}, change, session=session))
    assert (migrated["meters"].find_one({"_id": "x"}) or {})["sourceVersion"] == 2


def test_out_of_time_before_the_commit_it_is_committed_nonetheless(
    migrated: Database[Any], elsewhere: Database[Any]
) -> None:
    change = {"$inc": {"sourceVersion": 1}}
    migrated["meters"].insert_one({"_id": "x", "userId": "x", "sourceVersion": 1})

    def work(session: Any) -> str:
        migrated["meters"].update_one({"_id": "x"}, change, session=session)
        until_out_of_time()
        return "done"

    assert in_transaction(migrated, TIME_UP, work) == "done"
    in_transaction(elsewhere, 10, lambda session: elsewhere["meters"].update_one({"_id": "x"}, change, session=session))
    assert (migrated["meters"].find_one({"_id": "x"}) or {})["sourceVersion"] == 3


def test_out_of_time_before_a_commit_that_the_server_refuses_nothing_is_written(migrated: Database[Any]) -> None:
    migrated["meters"].insert_one({"_id": "x", "userId": "x", "sourceVersion": 1})

    def work(session: Any) -> None:
        migrated["meters"].update_one({"_id": "x"}, {"$inc": {"sourceVersion": 1}}, session=session)
        migrated.client.admin.command("killSessions", [session.session_id])
        until_out_of_time()

    with pytest.raises(UnavailableError, match="did not answer in time"):
        in_transaction(migrated, TIME_UP, work)
    assert (migrated["meters"].find_one({"_id": "x"}) or {})["sourceVersion"] == 1


def test_what_the_server_refuses_is_a_defect_and_not_called_unavailable(migrated: Database[Any]) -> None:
    with pytest.raises(OperationFailure), time_limit(5.0):
        migrated["meters"].find_one({"$nonsense": 1})


def test_a_server_that_is_not_there_is_unavailable_within_seconds() -> None:
    database = open_database("mongodb://127.0.0.1:1/?replicaSet=none&serverSelectionTimeoutMS=200", "none")
    with pytest.raises(UnavailableError):
        ping(database)
    database.client.close()


def test_migrations_run_once_and_can_be_repeated(migrated: Database[Any]) -> None:
    assert runner.pending(migrated) == []
    before = {name: migrated[name].index_information() for name in migrated.list_collection_names()}
    assert runner.up(migrated) == []
    for script in scripts():
        script.load().up(migrated, QUIET)
    assert {name: migrated[name].index_information() for name in migrated.list_collection_names()} == before


class Commands(CommandListener):
    """Remembers the name of every command that is sent."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def test_a_stored_view_is_read_with_one_command(mongodb_uri: str, migrated: Database[Any], user: str) -> None:
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    container = compose(mongo_ports(watched, FakePublisher()), cast(TokenVerifier, None), now)
    container.imports.bulk_create(user, HOUSEHOLD.read_bytes())
    container.calculation.refresh(user, POWER)
    commands.names.clear()
    assert container.display.monthly(user, POWER, 2009).data["year"] == 2009
    assert commands.names == ["aggregate"]
    watched.client.close()
