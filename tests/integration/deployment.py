"""A deployment for tests on a real database, with a clock that can be moved, and writers."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, Operations, compose, now
from chalicelib.domain.backends.sync_mode import (
    DRAIN_SECONDS,
    SyncMode,
    SyncState,
)
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.repositories.walk_control import MongoWalkControl
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from chalicelib.services.refresh.fan_out import RangeState
from infra.local.waiting import wait_until
from infra.simulation.memory.fan_out import FakeRangeQueue
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.database_time import timed_ports

POWER, GAS = EnergyType.POWER, EnergyType.GAS
SIDES = (
    "energies",
    "source_energy_readings",
)


class Clock:
    """A machine's clock: the wall clock, as much later as a test says, and wrong by ``skew_ms``.

    The clock of the database goes with it, and is right.
    """

    def __init__(self, skew_ms: int = 0) -> None:
        self._ahead = 0
        self._skew = skew_ms

    def __call__(self) -> int:
        return self.database_time(now()) + self._skew

    def database_time(self, instant: int) -> int:
        """What the database's clock shows."""
        return instant + self._ahead

    def drain(self) -> None:
        """Let the time of a drain pass; what was under way must have ended."""
        self._ahead += DRAIN_SECONDS * 1000 + 1


class LaterWalks(MongoWalkControl):
    """Reads the mode as if a test's time had passed."""

    def __init__(self, database: Database[Any], clock: Clock) -> None:
        super().__init__(database)
        self._clock = clock

    def state(self) -> SyncState:
        state = super().state()
        return replace(state, read_at=self._clock.database_time(state.read_at))


class LaterControl(LaterWalks, MongoSyncControl):
    """The same for writing."""

    @property
    def _now(self) -> dict[str, Any]:
        return {"$add": ["$$NOW", self._clock.database_time(0)]}


@dataclass
class Deployment:
    """The use cases on a real database."""

    database: Database[Any]
    clock: Clock = field(default_factory=Clock)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    queue: FakeRangeQueue = field(default_factory=FakeRangeQueue)

    def __post_init__(self) -> None:
        self.ports = timed_ports(self.database, self.publisher, self.clock.database_time)
        self.ports = replace(self.ports, walks=LaterWalks(self.database, self.clock), range_queue=self.queue)
        self.ports = replace(self.ports, sync_control=LaterControl(self.database, self.clock))
        self.container: Container = compose(self.ports, cast(TokenVerifier, None), self.clock)
        self.operations: Operations = self.container.operations

    def to(self, *modes: SyncMode) -> None:
        """Go through modes as an operator does, each drained and both sides brought together."""
        for mode in modes:
            self.operations.modes.set(mode, "test")
            self.clock.drain()
            if mode is SyncMode.DUAL_WRITE:
                assert self.sync().state == "synced"

    def sync(self) -> Any:
        return self.operations.sync.run(60)

    def work(self, claim_seconds: float = 60) -> list[RangeState]:
        """Deliver every message about a range to a worker, and those that are sent meanwhile."""
        states = []
        while self.queue.sent:
            states.append(self.operations.fan_out.work(self.queue.sent.pop(0), 60, claim_seconds))
        return states

    def create(self, user: str, date: str, amount: int, kind: EnergyType = POWER) -> str:
        return self.container.energy.create(user, ReadingDraft(kind, date, Decimal(amount), True)).reading.id

    def change(self, user: str, reading_id: str, date: str | None = None, amount: int | None = None) -> None:
        value = None if amount is None else Decimal(amount)
        self.container.energy.update(user, reading_id, ReadingCorrection(date, value, confirm=True))


def contents(database: Database[Any], side: str) -> set[tuple[Any, ...]]:
    """What a side says, by nothing of the code under test."""
    fields = ("_id", "userId", "type", "date", "amount")
    return {tuple(document[name] for name in fields) for document in database[side].find()}


def equal_sides(database: Database[Any]) -> set[tuple[Any, ...]]:
    """What every side says."""
    said = [contents(database, side) for side in SIDES]
    assert all(each == said[0] for each in said)
    return said[0]


class Writer(threading.Thread):
    """Creates, corrects and deletes readings of one user, and remembers what was acknowledged.

    It deletes few: a sync job that finds more deletions than other changes stops and asks a person.
    """

    def __init__(self, deployment: Deployment, stop: threading.Event) -> None:
        super().__init__()
        self._deployment = deployment
        self._stop_asked = stop
        self._choice = random.Random(uuid4().hex)
        self.user = uuid4().hex
        self.known: dict[str, int] = {}
        self.writes = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        while not self._stop_asked.is_set() and self.failure is None:
            try:
                self._write()
                self.writes += 1
            except Exception as error:  # noqa: BLE001 - raised in the test's thread
                self.failure = error

    def _write(self) -> None:
        action = self._choice.random()
        amount = self._choice.randrange(1, 10_000)
        if not self.known or action < 0.5:
            date = f"{2000 + self.writes % 25}-{self._choice.randrange(1, 13):02}-{1 + self.writes // 25 % 28:02}"
            time = f"{self.writes // 700 % 24:02}:{self._choice.randrange(60):02}"
            self.known[self._deployment.create(self.user, f"{date}T{time}Z", amount)] = amount
        elif action < 0.9:
            chosen = self._choice.choice(list(self.known))
            self._deployment.change(self.user, chosen, amount=amount)
            self.known[chosen] = amount
        else:
            chosen = self._choice.choice(list(self.known))
            self._deployment.container.energy.delete(self.user, chosen)
            del self.known[chosen]


@contextmanager
def held(database: Database[Any], user: str) -> Iterator[None]:
    """A function was killed in the middle of a write of the user's power meter: the transaction stays open."""
    with database.client.start_session() as session, session.start_transaction():
        database["meters"].update_one({"_id": f"{user}|power"}, {"$set": {"held": True}}, session=session)
        yield
        session.abort_transaction()


@contextmanager
def writers(deployment: Deployment, count: int = 3) -> Iterator[list[Writer]]:
    """Writers at work for as long as the block runs; none may have met a failure."""
    stop = threading.Event()
    working = [Writer(deployment, stop) for _ in range(count)]
    for writer in working:
        writer.start()
    try:
        one_more_write_each(working)
        yield working
        one_more_write_each(working)
    finally:
        stop.set()
        for writer in working:
            writer.join(60)
    assert [repr(writer.failure) for writer in working if writer.failure] == []


def one_more_write_each(working: list[Writer]) -> None:
    """Wait until what every writer had under way has ended, and something after it."""
    before = [writer.writes for writer in working]
    ended = [
        lambda w=writer, n=n: w.failure is not None or w.writes >= n + 2
        for writer, n in zip(working, before, strict=True)
    ]
    assert all(wait_until(condition, 60) for condition in ended)
