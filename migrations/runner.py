"""Finds the scripts, applies those that are missing, and remembers it in the collection ``migrations``."""

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from pymongo.database import Database

COLLECTION = "migrations"


def scripts() -> list[str]:
    """The names of all scripts, in order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[0-9][0-9][0-9]_*.py"))


def pending(database: Database[Any]) -> list[str]:
    """The scripts that this database has not seen, in order."""
    applied = {document["_id"] for document in database[COLLECTION].find({}, projection={"_id": 1})}
    return [name for name in scripts() if name not in applied]


def up(database: Database[Any]) -> list[str]:
    """Apply what is pending; returns the names. A script is remembered only after it has succeeded."""
    names = pending(database)
    for name in names:
        import_module(f"migrations.{name}").up(database)
        database[COLLECTION].insert_one({"_id": name, "appliedAt": datetime.now(UTC)})
    return names
