"""The record of dead letters that somebody took away: what, who, when and why."""

import getpass
from datetime import UTC, datetime

from chalicelib.repositories.database import MongoDatabase
from infra.operations.dead_letters import DeadLetter

COLLECTION = "discarded_events"


def record(database: MongoDatabase, reason: str, letter: DeadLetter) -> None:
    """Keep a letter under its id; the same one again, after a command that was killed, replaces its record.

    The message is kept as text: nobody knows what is in it, and as fields it might be refused.
    """
    document = {
        "_id": letter.id,
        "reason": reason,
        "discardedBy": getpass.getuser(),
        "discardedAt": datetime.now(UTC),
        **letter.summary,
        "message": letter.body,
    }
    database[COLLECTION].replace_one({"_id": letter.id}, document, upsert=True)
