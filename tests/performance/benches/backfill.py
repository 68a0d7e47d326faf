"""Speed and memory of the backfill: meters a minute, and what grows with the number of users.

Client and server are measured together on the processor time that both use, so that the figure for one core does not
depend on what else the machine does.
"""

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import psutil

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import Collections, MongoDatabase, open_database
from infra.local.demo import old_energies
from migrations import runner
from migrations.backfill import Backfill
from tests.performance.form import Figure, Target
from tests.performance.setting import Spent, server, spent

TITLE = "Backfill"
READINGS = 100
FEW, MANY = 100, 1_000  # users, each with two meters
MEGABYTE = 1024**2
RATE = f"meters of {READINGS} readings in a minute of a core, client and server"
MEMORY = f"memory, {MANY:,} users beyond {FEW}"
TARGETS = {
    RATE: Target(
        4_000,
        "3.5 commands a meter, two meters in one transaction. Six tenths is the client: of that two fifths calculates "
        "months and summary, a fifth encodes and seals views, a quarter makes twins; of the server half is the insert "
        "of readings and the commit",
        True,
    ),
    MEMORY: Target(10, "a batch of users is in memory at once"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One backfill: what it took, and the bytes of memory that it added to this process."""

    meters: int
    spent: Spent
    grown: float


def measure() -> Iterator[Figure]:
    """Few users, then ten times as many, then a run that has nothing to write."""
    with server() as (uri, _):
        backfill(uri, 5)
        few, (many, again) = backfill(uri, FEW)[0], backfill(uri, MANY)
    took = many.spent
    yield Figure(RATE, 60 * many.meters / (took.client + took.server), "/min")
    yield Figure("meters in a minute of this machine as it was", 60 * many.meters / took.passed, "/min")
    yield Figure("processor time of a meter, client", 1000 * took.client / many.meters, "ms")
    yield Figure("processor time of a meter, server", 1000 * took.server / many.meters, "ms")
    yield Figure("meters in a minute, with nothing to write", 60 * again.meters / again.spent.passed, "/min")
    yield Figure(MEMORY, (many.grown - few.grown) / MEGABYTE, "MB")


def backfill(uri: str, users: int) -> tuple[Measured, Measured]:
    """A backfill of a database of its own, and the same again."""
    database = open_database(uri, f"bench_{uuid4().hex[:8]}")
    old_energies.fill(database, users, READINGS, defective=0)
    runner.up(database)
    database[Collections.CONTROL].replace_one({"_id": SYNC_MODE}, sync_document(SyncMode.DUAL_WRITE, 0))
    measured = once(database, 2 * users), once(database, 2 * users)
    database.client.drop_database(database.name)
    database.client.close()
    return measured


def once(database: MongoDatabase, meters: int) -> Measured:
    """Run a backfill and look at both processes before and after."""
    client = psutil.Process(os.getpid())
    gc.collect()
    before = client.memory_info().rss
    taken = spent(database, Backfill(database).run)
    gc.collect()
    return Measured(meters, taken, client.memory_info().rss - before)
