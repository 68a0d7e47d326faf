"""How large what is stored of a meter is: documents and indexes of each collection, measured on a filled database.

``infra/SCALING.md`` multiplies these figures.
"""

from collections.abc import Iterator, Mapping

from chalicelib.repositories.database import Collections, MongoDatabase
from tests.performance.benches.verify import READINGS, fill
from tests.performance.form import Figure, Target
from tests.performance.setting import server

TITLE = f"Bytes of one meter with {READINGS} readings in two and a half years"
USERS = 250  # each with two meters
METERS = 2 * USERS
TARGETS: Mapping[str, Target] = {}
OF_METERS = (
    Collections.ENERGIES,
    Collections.READINGS,
    Collections.METERS,
    Collections.DISPLAY,
    Collections.SERIES,
)


def measure() -> Iterator[Figure]:
    """What each collection takes of a meter on disk; its documents and indexes beside it."""
    with server() as (_, database):
        fill(database, USERS)
        database.client.admin.command("fsync")
        for name in OF_METERS:
            yield of(database, name)


def of(database: MongoDatabase, name: Collections) -> Figure:
    """What the server says of a collection."""
    sizes = database.command({"collStats": name.value})
    documents, own, indexes = (sizes[key] / METERS for key in ("count", "size", "totalIndexSize"))
    note = f"{documents:.1f} documents of {own:,.0f} bytes; {sizes['nindexes']} indexes of {indexes:,.0f} bytes"
    return Figure(f"{name.value}, on disk", sizes["storageSize"] / METERS, "bytes", note)
