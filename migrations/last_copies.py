"""Keeps the readings that a revert would take from the new side although ``energies`` does not have them."""

from typing import Any

from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.repositories.control import database_time
from chalicelib.repositories.database import Collections
from chalicelib.services.migration.sync.runs import new_run

AMOUNT = {"$convert": {"input": "$$twin.amount", "to": "decimal", "onError": None, "onNull": None}}
SAYS_THE_SAME = {
    "$and": [
        {"$eq": ["$$twin.userId", "$userId"]},
        {"$eq": ["$$twin.type", "$type"]},
        {"$eq": ["$$twin.date", "$date"]},
        {"$isNumber": "$$twin.amount"},
        {"$eq": [AMOUNT, "$amount"]},
    ]
}


def keep_last_copies(database: Database[Any]) -> int:
    """Copy to ``repaired_readings`` what ``energies`` lacks or says otherwise; returns how many documents.

    By the server alone. ``repair runs`` lists them, ``repair undo`` brings them back once both sides are written.
    """
    run = new_run("down", database_time(database)).id
    entry = {
        "_id": {"$concat": [run, "|", {"$toString": "$_id"}]},
        "run": run,
        "at": "$$NOW",
        "side": Side.NEW.value,
        "userId": "$userId",
        "type": "$type",
        "reading": "$_id",
        "before": "$$ROOT",
        "after": None,
    }
    twins = {"from": Collections.ENERGIES, "localField": "_id", "foreignField": "_id", "as": "twins"}
    same = {"$filter": {"input": "$twins", "as": "twin", "cond": SAYS_THE_SAME}}
    database[Collections.READINGS].aggregate(
        [
            {"$lookup": twins},
            {"$match": {"$expr": {"$eq": [same, []]}}},
            {"$unset": "twins"},
            {"$replaceWith": entry},
            {"$merge": {"into": Collections.REPAIRED, "on": "_id"}},
        ]
    )
    return database[Collections.REPAIRED].count_documents({"run": run})
