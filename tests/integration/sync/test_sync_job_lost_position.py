"""The sync job whose position the server has really forgotten: its oplog has gone on, as after a weekend of rest."""

from collections.abc import Iterator
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import OperationFailure
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.domain.events.contracts import EnergyReadingsSynced
from chalicelib.domain.migration.sync.change_feed import Position
from chalicelib.repositories.database import open_database
from infra.local.throwaway import mongod
from infra.local.waiting import wait_until
from migrations import runner
from tests.integration.deployment import Deployment, equal_sides

START = datetime(2020, 1, 1, tzinfo=UTC)
HISTORY_LOST = 286
# An oplog of 1 MB; what is before the last checkpoint (one a second) may be cut off.
FORGETFUL = ("--oplogSize", "1", "--syncdelay", "1")
MEGABYTE = "x" * 1_000_000


@pytest.fixture(scope="module")
def forgetful() -> Iterator[str]:
    """A server that forgets soon."""
    with mongod(*FORGETFUL) as uri:
        yield uri


@pytest.fixture
def deployed(forgetful: str) -> Iterator[Deployment]:
    database = open_database(forgetful, f"test_{uuid4().hex[:12]}")
    runner.up(database)
    yield Deployment(database)
    database.client.close()


def foreign(database: Database[Any], user: str, hours: int, amount: float) -> ObjectId:
    """A reading that another application writes to the old side alone."""
    date = START + timedelta(hours=hours)
    document = {"userId": user, "type": "power", "date": date, "amount": amount, "createdAt": date, "updatedAt": date}
    written: ObjectId = database["energies"].insert_one(document).inserted_id
    return written


def knows(database: Database[Any], position: Position) -> bool:
    """Whether the server can go on behind a position; asked by nothing of the code under test."""
    try:
        with database["energies"].watch(resume_after=position, max_await_time_ms=1) as stream:
            stream.try_next()
    except OperationFailure as error:
        if error.code != HISTORY_LOST:
            raise
        return False
    return True


def forgotten(database: Database[Any], position: Position) -> bool:
    """One more megabyte of something else, and whether that was enough."""
    database["ballast"].replace_one({"_id": 1}, {"text": MEGABYTE}, upsert=True)
    return not knows(database, position)


def test_changes_that_have_left_the_oplog_are_found_by_a_full_difference(deployed: Deployment) -> None:
    database, user = deployed.database, uuid4().hex
    gone, changed = (foreign(database, user, hour, 1.5 + hour) for hour in (1, 2))
    assert deployed.sync().full_difference
    before = deployed.ports.sync_control.sync_progress().position
    assert knows(database, before)

    database["energies"].delete_one({"_id": gone})
    database["energies"].update_one({"_id": changed}, {"$set": {"amount": 7.5}})
    new = foreign(database, user, 3, 9.25)
    assert wait_until(lambda: forgotten(database, before), 60)

    report = deployed.sync()
    assert (report.state, report.full_difference) == ("synced", True)
    assert (report.inserted, report.replaced, report.deleted) == (1, 1, 1)
    assert {(item[0], float(str(item[4]))) for item in equal_sides(database)} == {(changed, 7.5), (new, 9.25)}
    event = deployed.publisher.events[-1]
    assert isinstance(event, EnergyReadingsSynced)
    assert (event.meter.first, event.meter.last) == (START + timedelta(hours=1), START + timedelta(hours=3))


class Overtaken(CommandListener):
    """Lets the server forget everything up to now, once, while somebody reads on."""

    def __init__(self, database: Database[Any]) -> None:
        self._database = database
        self.happened = False

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "getMore" and not self.happened:
            self.happened = Context().run(self._forget)  # outside the reader's time limit

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...

    def _forget(self) -> bool:
        with self._database["energies"].watch(max_await_time_ms=1) as stream:
            position = stream.resume_token
        return wait_until(lambda: forgotten(self._database, position), 60)


def test_an_oplog_that_overtakes_the_job_while_it_reads_means_a_full_difference_too(
    forgetful: str, deployed: Deployment
) -> None:
    database, user = deployed.database, uuid4().hex
    deployed.sync()
    written = {foreign(database, user, hour, 1.5 + hour) for hour in range(1, 20)}
    overtaken = Overtaken(database)
    watched = open_database(forgetful, database.name, overtaken)
    report = Deployment(watched).sync()
    watched.client.close()
    assert overtaken.happened
    assert (report.state, report.full_difference, report.inserted) == ("synced", True, len(written))
    assert {item[0] for item in equal_sides(database)} == written


def test_afterwards_the_job_follows_the_stream_again(deployed: Deployment) -> None:
    database, user = deployed.database, uuid4().hex
    deployed.sync()
    position = deployed.ports.sync_control.sync_progress().position
    foreign(database, user, 1, 1.5)
    assert wait_until(lambda: forgotten(database, position), 60)
    assert deployed.sync().full_difference
    later = foreign(database, user, 2, 2.5)
    report = deployed.sync()
    assert (report.full_difference, report.changes, report.inserted) == (False, 1, 1)
    assert later in {item[0] for item in equal_sides(database)}
