"""Removing erased people from the checkpoints of jobs: no position may name one of them.

A position moves to the last person before them, where nothing is skipped and nothing done twice. A walk that has
found something of them, or whose ranges end at them, begins again. Each is changed only as it was read: a job may go
on meanwhile.
"""

from typing import Any

from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.people.ids import left_out
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import (
    BACKFILL,
    FAN_OUT,
    MIGRATIONS,
    SYNC_JOB,
    control_of,
)
from chalicelib.repositories.database import (
    Collections,
    Document,
    MongoDatabase,
)
from chalicelib.repositories.documents import (
    COLLECTION,
    NOT_ARRAY,
    WHOLE,
)
from chalicelib.repositories.people import Names, is_named
from chalicelib.repositories.undecodable import sendable

LAST_TYPE = max(EnergyType).value


def leave_out(database: MongoDatabase, names: Names) -> None:
    """Take a person out of positions and walks."""
    control = control_of(database)
    for walk in Walk:
        found = control.find_one({"_id": walk.value})
        if found and is_named(found, names):
            control.delete_one(sendable(found))
    for found in control.find({"_id": {"$regex": f"^{FAN_OUT}"}}):
        if is_named(found, names):
            control.delete_many({"_id": {"$regex": f"^{FAN_OUT}{found['_id'].split(':')[1]}(:|$)"}})
    backfill = control.find_one({"_id": BACKFILL}) or {}
    if is_named(backfill.get("userId"), names):
        _move_backfill(database, backfill)
    difference = (control.find_one({"_id": SYNC_JOB}) or {}).get("difference")
    if isinstance(difference, dict) and is_named(difference.get("after"), names):
        moved = {**difference, "after": _before(database, difference["after"][0])}
        control.update_one({"_id": SYNC_JOB, "difference": difference}, {"$set": {"difference": moved}})


def leave_out_of_failures(database: MongoDatabase, user_id: str) -> None:
    """Take a person out of what scripts have said of a failure."""
    records = database[MIGRATIONS]
    for record in records.find({"error": {"$type": "string"}}, ["error"]):
        error = left_out(record["error"], user_id)
        if error != record["error"]:
            records.update_one(record, {"$set": {"error": error}})


def _move_backfill(database: MongoDatabase, found: Document) -> None:
    control, seen = control_of(database), {"_id": BACKFILL, "userId": found["userId"]}
    before = _before(database, found["userId"])
    if before is None:
        control.delete_one(seen)
    else:
        control.update_one(seen, {"$set": {"userId": before[0], "type": before[1]}})


def _before(database: MongoDatabase, user_id: Any) -> list[str] | None:
    """The last meter that anybody before this person can have; None: there is nobody."""
    earlier = {"userId": {"$lt": user_id, "$gt": "", **WHOLE, **NOT_ARRAY}}
    found = [
        database[name].find_one(earlier, ["userId"], sort=[("userId", -1)])
        for name in (*COLLECTION.values(), Collections.DISPLAY)
    ]
    people = [document["userId"] for document in found if document]
    return [max(people), LAST_TYPE] if people else None
