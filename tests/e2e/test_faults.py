"""Something breaks under the deployed system: every acknowledged write is there, and the display catches up."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.repositories.database import open_database
from infra.deployment.packaging import package
from infra.local.cloud import EmulatedCloud
from infra.local.processes import mongod
from infra.local.processes.emulators import localstack
from infra.local.processes.pieces import Processes
from tests.e2e.conftest import Deployed, eventually

pytestmark = pytest.mark.long

WRITERS = 6
PAUSE_SECONDS = 0.2  # between an answer and the next write, as people make
AWAY_SECONDS = 10.0
SWEPT_SECONDS = 150.0  # the grace period and two runs of the schedule
FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(fragile: Deployed) -> Iterator[Any]:
    """The stack's own database."""
    with MongoClient[Any](fragile.layout.mongodb_uri, tz_aware=True) as client:
        yield client[fragile.layout.database]


@dataclass
class Writer:
    """Somebody who records day after day, the same day again until it is stored; keeps what was acknowledged (201)."""

    deployed: Deployed
    user: str = field(default_factory=lambda: f"writer-{uuid4().hex}")
    acknowledged: dict[datetime, int] = field(default_factory=dict)
    refused: int = 0
    unexpected: list[str] = field(default_factory=list)

    def write(self, enough: threading.Event) -> None:
        number = 0
        while not enough.wait(PAUSE_SECONDS):
            number += self._is_stored(FIRST_DAY + timedelta(days=number), 1000 + number)

    def _is_stored(self, day: datetime, amount: int) -> bool:
        answer = self.deployed.record(self.user, day.isoformat(), amount)
        if answer.status == 201:
            self.acknowledged[day] = amount
        elif answer.status == 503:
            self.refused += 1
        elif answer.status != 409 or not self.refused:
            self.unexpected.append(f"{answer.status} {answer.body!r}")
        return answer.status in {201, 409}


@contextmanager
def writing(deployed: Deployed) -> Iterator[list[Writer]]:
    """Writers who write all the while."""
    writers = [Writer(deployed) for _ in range(WRITERS)]
    enough = threading.Event()
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        try:
            running = [pool.submit(writer.write, enough) for writer in writers]
            yield writers
        finally:
            enough.set()
    for done in running:
        done.result()


def each_wrote(writers: list[Writer], more: int) -> None:
    """Wait until each writer has got ``more`` more writes acknowledged."""
    before = [len(writer.acknowledged) for writer in writers]
    eventually(
        lambda: [len(writer.acknowledged) - count for writer, count in zip(writers, before, strict=True)],
        lambda written: min(written) >= more,
        60,
    )


def start_database(deployed: Deployed) -> None:
    piece = mongod.piece(deployed.layout.folder / "mongod", deployed.layout.ports.mongodb)
    Processes(deployed.layout).supervisor.start(piece)


def start_localstack(deployed: Deployed) -> None:
    """What ``make up`` does, without its catching up."""
    Processes(deployed.layout).supervisor.start(localstack(deployed.layout))
    cloud = EmulatedCloud(deployed.layout)
    cloud.put_secrets()
    cloud.deploy_application(package())


def stored(collection: Any, user: str) -> dict[datetime, int]:
    return {reading["date"]: int(reading["amount"].to_decimal()) for reading in collection.find({"userId": user})}


def lagging(database: Any) -> int:
    behind = {"$expr": {"$lt": ["$displayVersion", "$sourceVersion"]}}
    return int(database.meters.count_documents({"$or": [behind, {"dirtySince": {"$exists": True}}]}))


def assert_no_differences(deployed: Deployed) -> None:
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    with database.client:
        seen = shell_operations(database).consistency.verify(restart=True)
    assert (seen.differences, seen.lagging) == (0, 0), seen.findings


def test_ten_seconds_without_a_database_cost_no_acknowledged_write(fragile: Deployed, database: Any) -> None:
    with writing(fragile) as writers:
        each_wrote(writers, 5)
        fragile.kill("mongod")
        killed = time.monotonic()
        eventually(lambda: time.monotonic() - killed, lambda away: away >= AWAY_SECONDS)
        start_database(fragile)
        each_wrote(writers, 5)
    assert [writer.unexpected for writer in writers] == [[]] * WRITERS
    assert sum(writer.refused for writer in writers) > 0, "nobody noticed"
    for writer in writers:
        in_energies = stored(database.energies, writer.user)
        assert writer.acknowledged.items() <= in_energies.items()
        assert stored(database.source_energy_readings, writer.user) == in_energies
    eventually(lambda: lagging(database), lambda meters: meters == 0, SWEPT_SECONDS)
    assert_no_differences(fragile)


@contextmanager
def held(database: Any, meter: str) -> Iterator[None]:
    """Nobody else can write to the meter meanwhile: their transactions begin again until this one ends."""
    with database.client.start_session() as session, session.start_transaction():
        database.meters.update_one({"_id": meter}, {"$set": {"held": True}}, session=session)
        yield
        session.abort_transaction()


def aborted(database: Any) -> int:
    return int(database.command("serverStatus")["transactions"]["totalAborted"])


def test_the_sweeper_catches_up_a_write_whose_event_died_with_localstack(fragile: Deployed, database: Any) -> None:
    """LocalStack is stopped from before the commit until it is killed after it: the event cannot have got out."""
    user = f"person-{uuid4().hex}"
    meter = f"{user}|power"

    def versions() -> tuple[int, int]:
        found = database.meters.find_one({"_id": meter})
        return found["sourceVersion"], found["displayVersion"]

    assert fragile.record(user, "2023-01-31", 1000).status == 201
    eventually(versions, lambda now: now == (1, 1), SWEPT_SECONDS)
    bus = fragile.process("localstack")
    with ThreadPoolExecutor(max_workers=1) as pool:
        with held(database, meter):
            before = aborted(database)
            request = pool.submit(fragile.record, user, "2023-02-28", 1100)
            eventually(lambda: aborted(database), lambda attempts: attempts > before)
            bus.suspend()
        try:
            eventually(versions, lambda now: now == (2, 1))
        finally:
            fragile.kill("localstack")
        assert isinstance(request.exception(), OSError)
    start_localstack(fragile)
    assert versions() == (2, 1)
    eventually(versions, lambda now: now == (2, 2), SWEPT_SECONDS)
    shown = fragile.display(user, 2023)
    assert (shown["meta"]["stale"], shown["data"]["months"][1]["consumption"]) == (False, 100)
    assert_no_differences(fragile)
