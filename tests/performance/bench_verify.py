"""Speed of ``verify``: meters a second of processor time, where nothing differs, as it is on nearly every day.

Run: ``make bench``, or ``python -m tests.performance.bench_verify``. Client and server are measured by the processor
time that each uses, so that the figures do not depend on what else the machine does.
"""

import gc
import os
import time
from dataclasses import dataclass
from uuid import uuid4

import psutil
from rich.console import Console
from rich.table import Table

from chalicelib.bootstrap.operations import Operations, shell_operations
from chalicelib.domain.sides import SyncMode
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import Collections, MongoDatabase, open_database
from infra.local.demo import old_energies
from infra.local.throwaway import mongod
from migrations import runner
from migrations.backfill import Backfill
from tests.performance.bench_backfill import holds, processor_seconds

READINGS = 100
USERS = 250  # each with two meters
ROUNDS = 3
WANTED = 200.0


@dataclass(frozen=True, slots=True)
class Verified:
    """One comparison of everything: the meters, and what it took."""

    meters: int
    seconds: float
    client_seconds: float
    server_seconds: float


def main() -> None:
    """Fill a server of its own, verify it some times, print the best."""
    with mongod() as uri:
        database = filled(uri)
        operations = shell_operations(database)
        operations.consistency.verify(restart=True)
        seen = min((measured(database, operations) for _ in range(ROUNDS)), key=lambda each: each.client_seconds)
        database.client.close()
    table = Table("figure", "value", "bound", "holds")
    rate = seen.meters / seen.client_seconds
    table.add_row(
        f"meters of {READINGS} readings, by a core", f"{rate:,.0f} /s", f"> {WANTED:.0f} /s", holds(rate > WANTED)
    )
    table.add_row("processor time of a meter, client", f"{1000 * seen.client_seconds / seen.meters:.2f} ms", "", "")
    table.add_row("processor time of a meter, server", f"{1000 * seen.server_seconds / seen.meters:.2f} ms", "", "")
    table.add_row("meters a second as the machine was", f"{seen.meters / seen.seconds:,.0f} /s", "", "")
    Console().print(table)


def filled(uri: str) -> MongoDatabase:
    """Both sides of all meters, equal and displayed."""
    database = open_database(uri, f"bench_{uuid4().hex[:8]}")
    old_energies.fill(database, USERS, READINGS, defective=0)
    runner.up(database)
    database[Collections.CONTROL].replace_one({"_id": SYNC_MODE}, sync_document(SyncMode.DUAL_WRITE, 0))
    Backfill(database).run()
    return database


def measured(database: MongoDatabase, operations: Operations) -> Verified:
    """Verify everything from the start, and look at both processes before and after."""
    server = psutil.Process(database.command("serverStatus")["pid"])
    client = psutil.Process(os.getpid())
    gc.collect()
    started = time.perf_counter()
    before = processor_seconds(client), processor_seconds(server)
    seen = operations.consistency.verify(restart=True)
    assert (seen.differences, seen.lagging) == (0, 0), "what differs takes another way"
    return Verified(
        seen.meters,
        time.perf_counter() - started,
        processor_seconds(client) - before[0],
        processor_seconds(server) - before[1],
    )


if __name__ == "__main__":
    main()
