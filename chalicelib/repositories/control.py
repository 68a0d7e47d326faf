"""The sync mode in the collection ``control``: one document that every write transaction reads."""

from pymongo.client_session import ClientSession

from chalicelib.domain.readings import to_datetime
from chalicelib.domain.sync.modes import DRAIN_SECONDS, Side, SyncMode, SyncState
from chalicelib.repositories.database import Collections, Document, MongoDatabase, instant_of

SYNC_MODE = "sync_mode"


def sync_state(database: MongoDatabase, session: ClientSession | None = None) -> SyncState:
    """The mode as a session sees it; a database that no migration has touched is ``old_only``."""
    found = database[Collections.CONTROL].find_one({"_id": SYNC_MODE}, session=session)
    if found is None:
        return SyncState()
    catching_up = found.get("catchingUp")
    return SyncState(
        SyncMode(found["mode"]),
        instant_of(found["since"]),
        Side(catching_up) if catching_up else None,
        found.get("fullDrainSeconds", DRAIN_SECONDS),
    )


def sync_document(
    mode: SyncMode, now: int, catching_up: Side | None = None, full_drain_seconds: int = DRAIN_SECONDS
) -> Document:
    """The document that says the mode, since when, how long it drains, and which side is right until both are equal."""
    return {
        "_id": SYNC_MODE,
        "mode": mode.value,
        "since": to_datetime(now),
        "catchingUp": None if catching_up is None else catching_up.value,
        "fullDrainSeconds": full_drain_seconds,
    }
