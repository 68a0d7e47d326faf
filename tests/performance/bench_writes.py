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
from typing import TypeVar, cast
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.backends import Backend
from chalicelib.domain.imports.options import ImportOptions
from chalicelib.domain.ports import NewReading, PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.repositories.database import MongoDatabase, open_database
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.performance.bare_writes import BareWrites

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
        for name, value, unit, bound in (
            *single(container, uri, database),
            *largest(container),
            *bulk(container, uri, database),
        ):
            table.add_row(name, f"{value:.2f} {unit}", f"< {bound:g} {unit}", "yes" if value < bound else "NO")
        Console().print(table)
        database.client.close()


def single(container: Container, uri: str, database: MongoDatabase) -> list[Figure]:
    """Create, update and delete of a meter with 10,000 readings, beside bare transactions; and a page of 50."""
    user, hours, more = uuid4().hex, count(IMPORTED), count()
    container.imports.bulk_create(user, file_of(IMPORTED))
    container.calculation.refresh(user, POWER)
    bare = BareWrites(uri, database, user, lambda: reading_of_hour(next(hours)))
    bare.insert_both([bare.document(reading_of_hour(hour)) for hour in range(IMPORTED)])
    created: list[StoredReading] = []

    def create() -> None:
        reading = reading_of_hour(next(hours))
        draft = ReadingDraft(POWER, to_datetime(reading.instant).isoformat(), reading.amount)
        created.append(container.energy.create(user, draft).reading)

    def update() -> None:
        amount = created[-1].amount + 1 + Decimal(next(more) % 9) / 10
        container.energy.update(user, created[-1].id, ReadingCorrection(amount=amount))

    def delete() -> None:
        container.energy.delete(user, created.pop().id)

    def page() -> None:
        container.queries.page(user, PageRequest(ReadingFilter(POWER), descending=True, limit=50), Backend.NEW)

    calls = (create, bare.create, update, bare.update, delete, bare.delete, page)
    new, bare_new, updated, bare_updated, deleted, bare_deleted, listed = in_turn(*calls)
    bare.close()
    return [
        ("create, both sides and meter, with its questions", new, "ms", 10),
        ("page of 50", listed, "ms", 10),
        ("create / bare transaction of three documents", new / bare_new, "x", 1.5),
        ("update / the same", updated / bare_updated, "x", 1.5),
        ("delete / the same", deleted / bare_deleted, "x", 1.5),
    ]


def bulk(container: Container, uri: str, database: MongoDatabase) -> list[Figure]:
    """An import through the service beside two bare ``insert_many`` of the same documents in one transaction."""
    bare = BareWrites(uri, database, uuid4().hex, lambda: reading_of_hour(0))
    content = file_of(IMPORTED)

    def through_service() -> None:
        container.imports.bulk_create(uuid4().hex, content)

    def preview() -> None:
        container.imports.bulk_create(uuid4().hex, content, ImportOptions(preview=True))

    readings = [reading_of_hour(hour) for hour in range(IMPORTED)]
    prepared = iter(
        [[{**bare.document(each), "userId": user} for each in readings] for user in map(str, range(BULK_ROUNDS + 1))]
    )
    gc.freeze()  # what is prepared for the bare calls must not make the others' garbage collection slower
    taken, alone, previewed = in_turn(
        through_service, lambda: bare.insert_both(next(prepared)), preview, rounds=BULK_ROUNDS
    )
    bare.close()
    return [
        (f"import of {IMPORTED:,} readings", taken, "ms", 10_000),
        ("import / two bare insert_many in a transaction", taken / alone, "x", 1.5),
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


def reading_of_hour(hour: int) -> NewReading:
    """A reading of an hour: 24 kWh a day, about which nobody is asked."""
    return NewReading(POWER, START + hour * HOUR, Decimal(1000 + hour), "csv")


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
