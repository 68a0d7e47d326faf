"""Creates the collections of the new backend, the indexes that both backends' queries use, and the sync mode.

Before it changes anything it reports what of an inherited ``energies`` cannot be carried over; then it copies that
into ``quarantined_readings``, each with its reasons. ``down`` takes the new backend's documents away and leaves
``energies``, ``meters``, ``user_settings``, the quarantine, and every index that version 1 reads by.
"""

from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.control import SYNC_MODE, sync_state
from chalicelib.repositories.database import Collections
from migrations import (
    display_documents,
    inherited,
)
from migrations.last_copies import keep_last_copies
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
FORMER = (
    "a580be900a33a3dfae85e431180f880c7625c79f0d17a1d3364e11b87a37326c",
    "f5ce21c8e63fe1ebe7c21ed395d301ce2264962319d2872be63a988c310c8b94",
    "68d915550a69c36bbecead1f941ea12fa2a0b2d5b2309720a9c073a8cb7da31b",
    "9fef655e2cffd8f7b3c563c744336efb5a76a6716835ad083f763b05a45e674d",
)
Keys = list[tuple[str, int]]
INDEXES: dict[str, list[tuple[Keys, dict[str, Any]]]] = {
    # the old readings, doubles allowed: by meter and instant, and for lists of all types
    "energies": [([("userId", 1), ("type", 1), ("date", 1)], {}), ([("userId", 1), ("date", 1), ("_id", 1)], {})],
    # one reading per meter and instant; also every range and neighbour query, covered where only dates are read
    "source_energy_readings": [
        ([("userId", 1), ("type", 1), ("date", 1)], {"unique": True}),
        ([("userId", 1), ("date", 1), ("_id", 1)], {}),
    ],
    # the documents of one meter by year: what a refresh deletes
    "display_energy_data": [([("userId", 1), ("type", 1), ("dataType", 1), ("year", 1)], {"unique": True})],
    # meters whose display lags, the longest waiting first; clean meters are not in it
    "meters": [([("dirtySince", 1)], {"partialFilterExpression": {"dirtySince": {"$exists": True}}})],
    "user_settings": [],
    "control": [],
    "quarantined_readings": [],
}
NOT_OLD_ONLY = (
    "the mode is {mode}, and what this drops is written by everybody; go back to old_only first "
    "(python -m infra mode set old_only), which loses nothing"
)


def refusal(database: Database[Any], direction: Direction) -> str | None:
    """``down`` drops source documents, and those only rest in ``old_only``."""
    mode = sync_state(database).mode
    return NOT_OLD_ONLY.format(mode=mode) if direction == "down" and mode is not SyncMode.OLD_ONLY else None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The inherited defects and the indexes that are missing; or what would be dropped."""
    if direction == "down":
        dropped = (Collections.DISPLAY, Collections.READINGS)
        return [Step(f"drop {name}", database[name].estimated_document_count()) for name in dropped]
    return [
        *(Step(f"quarantine: {reason}", n) for reason, n in inherited.defects(database).items()),
        *(Step(f"index {_named(keys)} of {name}", _size(database, name)) for name, keys, _ in _missing(database)),
    ]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing."""
    for reason, documents in inherited.defects(database).items():
        run.say(f"energies: {documents} documents: {reason}")
    existing = set(database.list_collection_names())
    for name in INDEXES:
        if name not in existing:
            database.create_collection(name)
    for name, keys, options in _missing(database):
        run.check()
        database[name].create_index(keys, **options)
    inherited.quarantine(database)
    start = {"mode": _first_mode(database).value, "since": datetime.fromtimestamp(0, UTC)}
    database["control"].update_one({"_id": SYNC_MODE}, {"$setOnInsert": start}, upsert=True)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop what can be made again from ``energies``."""
    if kept := keep_last_copies(database):
        run.say(f"{kept} documents that energies does not have are kept: python -m infra repair runs")
    display_documents.remove_all(database)
    run.check()
    database.drop_collection(Collections.DISPLAY)
    database.drop_collection(Collections.READINGS)


def _missing(database: Database[Any]) -> list[tuple[str, Keys, dict[str, Any]]]:
    """Indexes that are not there by their keys: the old application's own may have other names."""
    return [
        (name, keys, options)
        for name, indexes in INDEXES.items()
        for keys, options in indexes
        if keys not in [list(known["key"]) for known in database[name].index_information().values()]
    ]


def _first_mode(database: Database[Any]) -> SyncMode:
    """Old readings are carried over step by step. A database without any has nothing to carry over and may write both
    sides from the start, unless it holds new readings alone: then those are the ones to believe."""
    if database[Collections.ENERGIES].find_one(projection={"_id": 1}):
        return SyncMode.OLD_ONLY
    return SyncMode.NEW_ONLY if database[Collections.READINGS].find_one(projection={"_id": 1}) else SyncMode.DUAL_WRITE


def _named(keys: Keys) -> str:
    return "+".join(field for field, _ in keys)


def _size(database: Database[Any], name: str) -> int:
    return database[name].estimated_document_count()
