"""Shared parts of the benches: servers, households, the application on them, and measuring calls in turn."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from random import Random
from statistics import median
from typing import TypeVar, cast
from uuid import uuid4

import psutil
from pymongo.monitoring import CommandListener

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.repositories.database import MongoDatabase, open_database
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.performance.form import Figure

POWER = EnergyType.POWER
START, SPAN_MS = 1_577_836_800_000, 4 * 365 * 86_400_000  # four years from 2020 on
WARM_UP = 10
T = TypeVar("T")
Call = Callable[[], object]
Calls = Mapping[str, Call]


@contextmanager
def server(*listeners: CommandListener) -> Iterator[tuple[str, MongoDatabase]]:
    """A MongoDB of its own with a migrated database; lines of log and metrics go nowhere meanwhile."""
    with mongod() as uri, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
        database = open_database(uri, "bench", *listeners)
        runner.up(database)
        yield uri, database
        database.client.close()


def use_cases(database: MongoDatabase) -> Container:
    """The application without anybody's token; events go nowhere."""
    return compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)


def household(container: Container, size: int, *kinds: str) -> str:
    """A user with ``size`` readings of each of these meters, evenly over four years, shown."""
    user = uuid4().hex
    for kind in kinds or ("power",):
        container.imports.bulk_create(user, file_of(size, kind))
        container.calculation.refresh(user, EnergyType(kind))
    return user


def file_of(size: int, kind: str = "power", more: int = 0) -> bytes:
    """A CSV file of ``size`` readings over four years, each by ``more`` above what it says otherwise."""
    rows = (
        f"{to_datetime(START + n * SPAN_MS // size).isoformat()},{kind},{1000 + more + n}.{n % 1000:03}\n"
        for n in range(size)
    )
    return f"date,type,amount\n{''.join(rows)}".encode()


@dataclass
class Taken:
    """Milliseconds of each call, round by round: passed, and of this thread's processor time."""

    passed: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    worked: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def ms(self, name: str) -> float:
        """The median that passed."""
        return median(self.passed[name])

    def figure(self, name: str) -> Figure:
        """How long a call takes."""
        return Figure(name, self.ms(name), "ms", f"processor time {median(self.worked[name]):.2f} ms")

    def work(self, name: str) -> Figure:
        """The processor time of a call that asks nobody else, whatever else the machine does."""
        return Figure(name, median(self.worked[name]), "ms", f"passed {self.ms(name):.2f} ms")

    def ratio(self, one: str, other: str, name: str = "") -> Figure:
        """The median of one call's time over the other's of the same round."""
        passed, worked = (_paired(times[one], times[other]) for times in (self.passed, self.worked))
        note = f"{self.ms(one):.2f} ms / {self.ms(other):.2f} ms; by processor time {worked:.2f} x"
        return Figure(name or f"{one} / {other}", passed, "x", note)


def in_turn(calls: Calls, rounds: int, warm_up: int = WARM_UP, *, mixed: bool = False) -> Taken:
    """Make calls in turn, so that all meet the same machine; the first rounds do not count.

    ``mixed``: each round in another order, so that none always meets what the same other one has left in caches.
    """
    taken, names, order = Taken(), [*calls], Random(1)
    for number in range(warm_up + rounds):
        if mixed:
            order.shuffle(names)
        for name, call in ((name, calls[name]) for name in names):
            passed, worked = time.perf_counter(), time.thread_time()
            call()
            worked, passed = time.thread_time() - worked, time.perf_counter() - passed
            if number >= warm_up:
                taken.passed[name].append(passed * 1000)
                taken.worked[name].append(worked * 1000)
    return taken


def timed(call: Callable[[], T]) -> tuple[float, T]:
    """How many seconds a call takes, and what it returns."""
    started = time.perf_counter()
    found = call()
    return time.perf_counter() - started, found


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds: passed, and of processor time of this process and of the database."""

    passed: float
    client: float
    server: float


def spent(database: MongoDatabase, call: Call) -> Spent:
    """What a call takes. Processor time does not depend on what else the machine does."""
    processes = psutil.Process(os.getpid()), psutil.Process(database.command("serverStatus")["pid"])
    before = [processor_seconds(process) for process in processes]
    passed, _ = timed(call)
    client, of_server = (processor_seconds(process) - was for process, was in zip(processes, before, strict=True))
    return Spent(passed, client, of_server)


def processor_seconds(process: psutil.Process) -> float:
    """What a process has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _paired(ones: list[float], others: list[float]) -> float:
    return median(one / other for one, other in zip(ones, others, strict=True))
