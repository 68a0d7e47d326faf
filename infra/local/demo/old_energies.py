"""Makes a collection ``energies`` as the old application left it, to try the migration on.

Mongoose's shape: ids of type ObjectId, amounts as doubles, ``__v``. Among good readings are the defects that such a
collection has in life: doubles of one instant, zeros, types that nobody knows, amounts and dates that are none.

Run: ``python -m infra.local.demo.old_energies --uri mongodb://... --database trial --users 50``.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import click
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database

Document = dict[str, Any]
FIRST = datetime(2022, 1, 1, 17, 30, tzinfo=UTC)
STEP = timedelta(days=9, hours=1)
TYPES = ("power", "gas")
BATCH = 5_000
DEFECTS = 7  # defective documents of a user who has any: see ``defects``


def user_name(number: int) -> str:
    """The id of a user: ``household-00007``."""
    return f"household-{number:05}"


def fill(database: Database[Any], users: int, readings: int = 100, defective: int = 5) -> int:
    """Insert ``readings`` per meter of each user, and defects for the first ``defective`` users; returns how many."""
    documents = _documents(users, readings, defective)
    inserted = 0
    while batch := list(islice(documents, BATCH)):
        database["energies"].insert_many(batch)
        inserted += len(batch)
    return inserted


def reading(user_id: str, kind: Any, date: Any, amount: Any, updated: datetime | None = None) -> Document:
    """One document as Mongoose writes it with time stamps."""
    created = date if isinstance(date, datetime) else FIRST
    return {
        "_id": ObjectId(),
        "userId": user_id,
        "type": kind,
        "date": date,
        "amount": amount,
        "createdAt": created,
        "updatedAt": updated or created,
        "__v": 0,
    }


def meter(user_id: str, kind: str, readings: int, start: float = 1000.0) -> Iterator[Document]:
    """A register that counts up, faster in winter, with a tenth behind the point as doubles carry it."""
    amount = start
    for number in range(readings):
        date = FIRST + number * STEP
        amount = round(amount + (8.3 if date.month in (1, 2, 11, 12) else 5.1) + number % 4 * 0.7, 1)
        yield reading(user_id, kind, date, amount)


def defects(user_id: str) -> list[Document]:
    """What the old application let through; the two doubles are at the instant of the user's first reading."""
    later = FIRST + timedelta(days=1)
    return [
        reading(user_id, "power", FIRST, 999.5, updated=FIRST - timedelta(hours=1)),
        reading(user_id, "power", FIRST, 1001.5, updated=later),
        reading(user_id, "gas", FIRST + timedelta(hours=5), 0),
        reading(user_id, "water", FIRST, 12.5),
        reading(user_id, "power", FIRST + timedelta(hours=6), "1012,5"),
        reading(user_id, "gas", "2022-01-05", 1009.0),
        reading(user_id, "gas", datetime(204, 11, 1, tzinfo=UTC), 1010.0),
    ]


def _documents(users: int, readings: int, defective: int) -> Iterator[Document]:
    for number in range(users):
        user_id = user_name(number)
        for kind in TYPES:
            yield from meter(user_id, kind, readings, start=1000.0 + number)
        if number < defective:
            yield from defects(user_id)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--uri", envvar="MONGODB_URI", show_envvar=True, required=True, help="connection string")
@click.option("--database", envvar="MONGODB_DATABASE", show_envvar=True, required=True, help="name of the database")
@click.option("--users", default=50, show_default=True, help="how many users, each with a power and a gas meter")
@click.option("--readings", default=100, show_default=True, help="readings of a meter")
@click.option("--defective", default=5, show_default=True, help="how many users have defective documents as well")
def main(uri: str, database: str, users: int, readings: int, defective: int) -> None:
    """Fill a database's 'energies' like the old application. Refused when the collection holds documents."""
    with MongoClient[Document](uri) as client:
        if client[database]["energies"].find_one():
            raise click.ClickException(f"'energies' of the database {database} holds documents; name another database")
        click.echo(f"{fill(client[database], users, readings, defective)} documents in 'energies' of {database}")


if __name__ == "__main__":
    main()
