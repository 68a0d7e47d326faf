"""Speed and memory of the backfill: meters per minute, and what grows with the number of users.

Run: ``make bench``, or ``python -m tests.performance.bench_backfill``. Client and server are measured together on the
processor time that both use, so that the figure for one core does not depend on what else the machine does.
"""

import gc
import os
import time
from dataclasses import dataclass
from uuid import uuid4

import psutil
from rich.console import Console
from rich.table import Table

from chalicelib.domain.sides import SyncMode
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import Collections, MongoDatabase, open_database
from infra.local.demo import old_energies
from infra.local.throwaway import mongod
from migrations import runner
from migrations.backfill import Backfill

READINGS = 100
FEW, MANY = 100, 1_000  # users, each with two meters
MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Measured:
    """One backfill: how long it took, the processor seconds of both processes, and what memory it added."""

    meters: int
    seconds: float
    client_seconds: float
    server_seconds: float
    grown: float

    @property
    def per_minute(self) -> float:
        """Meters in a minute of this machine as it was."""
        return 60 * self.meters / self.seconds

    @property
    def per_core_minute(self) -> float:
        """Meters in a minute of one core that does the work of client and server."""
        return 60 * self.meters / (self.client_seconds + self.server_seconds)


def main() -> None:
    """Measure few users, then ten times as many, then a run that has nothing to write."""
    with mongod() as uri:
        backfill(uri, 5)
        few, (many, again) = backfill(uri, FEW)[0], backfill(uri, MANY)
    table = Table("figure", "value", "bound", "holds")
    rate = many.per_minute
    table.add_row(f"meters of {READINGS} readings", f"{rate:,.0f} /min", "> 2,000 /min", holds(rate > 2_000))
    table.add_row("the same, on one core for client and server", f"{many.per_core_minute:,.0f} /min", "", "")
    table.add_row("processor time of a meter, client", f"{1000 * many.client_seconds / many.meters:.1f} ms", "", "")
    table.add_row("processor time of a meter, server", f"{1000 * many.server_seconds / many.meters:.1f} ms", "", "")
    table.add_row("a run with nothing to write", f"{again.per_minute:,.0f} /min", "", "")
    growth = many.grown - few.grown
    table.add_row(
        f"memory, {MANY:,} users beyond {FEW}", f"{growth / MEGABYTE:+.1f} MB", "< 10 MB", holds(growth < 10 * MEGABYTE)
    )
    Console().print(table)


def backfill(uri: str, users: int) -> tuple[Measured, Measured]:
    """A backfill of a database of its own, and the same once more."""
    database = open_database(uri, f"bench_{uuid4().hex[:8]}")
    old_energies.fill(database, users, READINGS, defective=0)
    runner.up(database)
    database[Collections.CONTROL].replace_one({"_id": SYNC_MODE}, sync_document(SyncMode.DUAL_WRITE, 0))
    measured = measure(database, 2 * users), measure(database, 2 * users)
    database.client.drop_database(database.name)
    database.client.close()
    return measured


def measure(database: MongoDatabase, meters: int) -> Measured:
    """Run a backfill and look at both processes before and after."""
    server = psutil.Process(database.command("serverStatus")["pid"])
    client = psutil.Process(os.getpid())
    gc.collect()
    memory, started = client.memory_info().rss, time.perf_counter()
    before = processor_seconds(client), processor_seconds(server)
    Backfill(database).run()
    seconds = time.perf_counter() - started
    gc.collect()
    return Measured(
        meters,
        seconds,
        processor_seconds(client) - before[0],
        processor_seconds(server) - before[1],
        client.memory_info().rss - memory,
    )


def processor_seconds(process: psutil.Process) -> float:
    """What a process has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def holds(patched: bool) -> str:
    """How the table says it."""
    return "yes" if patched else "NO"


if __name__ == "__main__":
    main()
