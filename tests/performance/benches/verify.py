"""Speed of ``verify`` where nothing differs, the usual case; and the size of a meter's stored documents.

Client and server are measured by the processor time that each uses: it does not depend on what else the machine does.
``infra/SCALING.md`` multiplies the sizes.
"""

import gc
from collections.abc import Iterator

from chalicelib.bootstrap.operations import Operations, shell_operations
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import Collections, MongoDatabase
from infra.local.demo import old_energies
from migrations import runner
from migrations.backfill import Backfill
from tests.performance.form import Figure, Target
from tests.performance.setting import Spent, server, spent

TITLE = "Verify, and the bytes of a meter"
READINGS, USERS, ROUNDS = 100, 250, 3  # each user with two meters
METERS = 2 * USERS
RATE = f"meters of {READINGS} readings verified by a second of a core"
TARGETS = {
    RATE: Target(200, "both sides and the display of a meter are read and decoded, and calculated again", True),
}

OF_METERS = (
    Collections.ENERGIES,
    Collections.READINGS,
    Collections.METERS,
    Collections.DISPLAY,
    Collections.SERIES,
)


def measure() -> Iterator[Figure]:
    """Verify everything some times; the best counts. Then what each collection takes."""
    with server() as (_, database):
        fill(database, USERS)
        operations = shell_operations(database)
        operations.consistency.verify(restart=True)
        sizes = [of(database, name) for name in OF_METERS]
        seen = min((verified(database, operations) for _ in range(ROUNDS)), key=lambda each: each.client)
    yield Figure(RATE, METERS / seen.client, "/s", f"{METERS / seen.passed:.0f} /s as the machine was")
    yield Figure("processor time of a meter, client", 1000 * seen.client / METERS, "ms")
    yield Figure("processor time of a meter, server", 1000 * seen.server / METERS, "ms")
    yield from sizes


def fill(database: MongoDatabase, users: int) -> None:
    """Both sides of all meters, equal and displayed."""
    old_energies.fill(database, users, READINGS, defective=0)
    runner.up(database)
    database[Collections.CONTROL].replace_one({"_id": SYNC_MODE}, sync_document(SyncMode.DUAL_WRITE, 0))
    Backfill(database).run()


def verified(database: MongoDatabase, operations: Operations) -> Spent:
    """What a comparison of everything takes."""
    gc.collect()

    def verify() -> None:
        seen = operations.consistency.verify(restart=True)
        assert (seen.differences, seen.lagging) == (0, 0), "what differs takes another way"

    return spent(database, verify)


def of(database: MongoDatabase, name: Collections) -> Figure:
    """What the server says of a collection."""
    sizes = database.command({"collStats": name.value})
    documents, own, indexes = (sizes[key] / METERS for key in ("count", "size", "totalIndexSize"))
    note = f"{documents:.1f} documents of {own:,.0f} bytes; {sizes['nindexes']} indexes of {indexes:,.0f} bytes"
    return Figure(f"{name.value}, on disk", sizes["storageSize"] / METERS, "bytes", note)
