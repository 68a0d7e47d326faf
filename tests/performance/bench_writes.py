"""Speed of writing both sides, as medians and ratios of one run against bare driver calls on the same server.

Run: ``make bench``, or ``python -m tests.performance.bench_writes``.
"""

import gc
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Any, TypeVar, cast
from uuid import uuid4

from bson import ObjectId
from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.backends import Backend
from chalicelib.domain.imports.options import ImportOptions
from chalicelib.domain.ports import NewReading, PageRequest, ReadingFilter
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.repositories.database import open_database
from chalicelib.repositories.documents import new_document, with_origin
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner

POWER = EnergyType.POWER
ROUNDS = 200
BULK_ROUNDS = 7
IMPORTED = 10_000
MOST = 50_000
HOUR = 3_600_000
START = 1_500_000_000_000
Figure = tuple[str, float, str, float]
T = TypeVar("T")


def main() -> None:
    """Start a server of its own, measure, print the table."""
    with mongod() as uri:
        database = open_database(uri, "bench")
        runner.up(database)
        container = compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)
        table = Table("figure", "median", "bound", "holds")
        for name, value, unit, bound in (*single(container, uri), *largest(container), *bulk(container, uri)):
            table.add_row(name, f"{value:.2f} {unit}", f"< {bound:g} {unit}", "yes" if value < bound else "NO")
        Console().print(table)
        database.client.close()


def single(container: Container, uri: str) -> list[Figure]:
    """One create, update and page of 50, beside a bare ``insert_one`` in a transaction."""
    user, hours = uuid4().hex, count()
    client: MongoClient[Any] = MongoClient(uri)
    ids: list[str] = []

    def create() -> None:
        date = to_datetime(START + next(hours) * HOUR).isoformat()
        ids.append(container.energy.create(user, ReadingDraft(POWER, date, Decimal(5), confirm=True)).reading.id)

    def bare() -> None:
        with client.start_session() as session:
            session.with_transaction(lambda s: client["bare"]["one"].insert_one(plain(user, next(hours)), session=s))

    def update() -> None:
        container.energy.update(user, ids[-1], ReadingCorrection(amount=Decimal(6), confirm=True))

    def page() -> None:
        container.queries.page(user, PageRequest(ReadingFilter(POWER), descending=True, limit=50), Backend.NEW)

    created, alone, updated, listed = in_turn(create, bare, update, page)
    client.close()
    return [
        ("create, both sides and meter", created, "ms", 10),
        ("update, both sides and meter", updated, "ms", 10),
        ("page of 50", listed, "ms", 10),
        ("create / bare insert_one in a transaction", created / alone, "x", 4),
    ]


def bulk(container: Container, uri: str) -> list[Figure]:
    """An import through the service beside two bare ``insert_many`` of the same documents."""
    client: MongoClient[Any] = MongoClient(uri)
    content = file_of(IMPORTED)

    def through_service() -> None:
        container.imports.bulk_create(uuid4().hex, content)

    def preview() -> None:
        container.imports.bulk_create(uuid4().hex, content, ImportOptions(preview=True))

    prepared = iter([[plain(uuid4().hex, hour) for hour in range(IMPORTED)] for _ in range(BULK_ROUNDS + 1)])

    gc.freeze()  # what is prepared for the bare calls must not make the others' garbage collection slower

    def bare() -> None:
        documents = next(prepared)
        client["bare"]["many"].insert_many(documents)
        client["bare"]["twins"].insert_many(documents)

    taken, alone, previewed = in_turn(through_service, bare, preview, rounds=BULK_ROUNDS)
    client.close()
    return [
        (f"import of {IMPORTED:,} readings", taken, "ms", 10_000),
        ("import / two bare insert_many", taken / alone, "x", 3),
        ("preview / import", previewed / taken, "x", 0.5),
    ]


def largest(container: Container) -> list[Figure]:
    """The largest file: imported, corrected from end to end, undone; and how much memory the import takes."""
    user, options = uuid4().hex, ImportOptions(on_conflict="replace")
    before = peak_megabytes()
    imported, _ = timed(lambda: container.imports.bulk_create(user, file_of(MOST)))
    grown = peak_megabytes() - before
    corrected, report = timed(lambda: container.imports.bulk_create(user, file_of(MOST, 1), options))
    undone, _ = timed(lambda: container.import_history.undo(user, report.import_id or ""))
    return [
        (f"import of {MOST:,} readings", imported, "ms", 5_000),
        (f"memory for it, above {before:.0f} MB", grown, "MB", 200),
        (f"{MOST:,} corrections", corrected, "ms", 20_000),
        (f"undoing {MOST:,} corrections", undone, "ms", 20_000),
    ]


def file_of(rows: int, more: int = 0) -> bytes:
    """A file of hourly readings; ``more``: by how much each is above what the same file says otherwise."""
    hours = range(rows)
    lines = "".join(f"{to_datetime(START + hour * HOUR).isoformat()},power,{1000 + hour + more}\n" for hour in hours)
    return f"date,type,amount\n{lines}".encode()


def timed(call: Callable[[], T]) -> tuple[float, T]:
    """How many milliseconds a call takes, and what it returns."""
    started = time.perf_counter()
    found = call()
    return (time.perf_counter() - started) * 1000, found


def peak_megabytes() -> float:
    """The most that this process has ever taken."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def plain(user: str, hour: int) -> dict[str, Any]:
    """A document like those that the service writes."""
    date = to_datetime(START + hour * HOUR)
    reading = NewReading(POWER, START + hour * HOUR, Decimal(1000 + hour), "csv")
    return {"userId": user, **with_origin(new_document(ObjectId(), reading, date), reading)}


def in_turn(*calls: Callable[[], None], rounds: int = ROUNDS) -> list[float]:
    """Median milliseconds of calls made in turn, so that all meet the same machine; the first round is a warm-up."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds + 1):
        for call, taken in zip(calls, times, strict=True):
            started = time.perf_counter()
            call()
            taken.append((time.perf_counter() - started) * 1000)
    return [median(taken[1:]) for taken in times]


if __name__ == "__main__":
    main()
