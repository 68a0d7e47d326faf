"""How large what is stored of a meter is: documents and indexes of each collection, measured on a filled database.

Run: ``python -m tests.performance.sizes``. ``infra/SCALING.md`` multiplies these figures.
"""

from rich.console import Console
from rich.table import Table

from chalicelib.repositories.database import Collections, MongoDatabase
from infra.local.throwaway import mongod
from tests.performance.bench_verify import READINGS, USERS, filled

OF_METERS = (
    Collections.ENERGIES,
    Collections.READINGS,
    Collections.METERS,
    Collections.DISPLAY,
    Collections.SERIES,
)


def main() -> None:
    """Fill a server of its own, and print what each collection takes of a meter."""
    with mongod() as uri:
        database = filled(uri)
        meters = 2 * USERS
        table = Table("collection", "documents", "bytes", "bytes on disk", "indexes", "bytes of indexes")
        sums = [0.0] * 3
        for name in OF_METERS:
            database.client.admin.command("fsync")
            sizes = of(database, name)
            row = [sizes["size"] / meters, sizes["storageSize"] / meters, sizes["totalIndexSize"] / meters]
            sums = [each + more for each, more in zip(sums, row, strict=True)]
            counts = f"{sizes['count'] / meters:.1f}", str(sizes["nindexes"])
            table.add_row(name, counts[0], f"{row[0]:,.0f}", f"{row[1]:,.0f}", counts[1], f"{row[2]:,.0f}")
        table.add_row("all of them", "", *(f"{sums[0]:,.0f}", f"{sums[1]:,.0f}", "", f"{sums[2]:,.0f}"))
        database.client.close()
    Console().print(f"of one meter with {READINGS} readings in two and a half years, by {meters} of them")
    Console().print(table)


def of(database: MongoDatabase, name: Collections) -> dict[str, float]:
    """What the server says of a collection."""
    sizes: dict[str, float] = database.command({"collStats": name.value})
    return sizes


if __name__ == "__main__":
    main()
