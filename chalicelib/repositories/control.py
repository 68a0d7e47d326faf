"""The sync mode in the collection ``control``: its document and its history, which every write transaction reads.

A document that is older than its history was put back from before a change: it is an outage, like a lost one.
A missing document means ``old_only`` where nothing says that there ever was one, and an outage where something does. A
trace of a mode is what comes about only after the document was written, or by a mode that writes the new side:

- in ``control``: the history of the mode, the position of the sync job, the checkpoint of a backfill, and a comparison
  or a walk that names the mode's beginning;
- in ``migrations``: an applied script (001 writes the document);
- a reading in ``source_energy_readings``, or a document in ``display_energy_data``.

Not a trace: ``energies``, which the old application left; ``meters`` and ``user_settings``, which our own writes leave
in a database that no migration has seen; and the quarantine and empty collections, which an interrupted 001 leaves.
"""

from collections.abc import Collection as Several
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Self

from bson.codec_options import DatetimeConversion
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pymongo import DESCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from chalicelib.domain.backends.sync_mode import DRAIN_SECONDS, ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.errors import LostModeError
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.database import CODEC_OPTIONS, Collections, Document, MongoDatabase
from chalicelib.repositories.fence import fence_id, refuse_erased
from chalicelib.repositories.stored import Lax, Stored, readable, reason_of

SYNC_MODE = "sync_mode"
MODE_CHANGES = "sync_mode_changes"
SYNC_JOB = "sync_job"
OPERATOR_ACTIONS = "operator_actions"
BACKFILL = "backfill"
RETIREMENT = "retirement"
CENSUS = "gate_census"
FAN_OUT = "fan_out:"  # with this begins the id of everything about walks that are done in ranges
MIGRATIONS = "migrations"
RESTORE, RESTORING = "restore", "restoring"  # the mark of a restore under way, and the mode until it is whole
BEGINS_WITH_A_MODE = "001_create_display_collection"  # writes the first mode
FINISH = "finish it with the same command, python -m infra restore FILE, or drop the database"
RECOVER = "an operator brings it back: python -m infra mode recover --reason WHY"
LONGEST_DRAIN_SECONDS = 86_400
# A damaged date can lie beyond what Python's can hold.
ANY_DATE = CODEC_OPTIONS.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
READ: Document = {"mode": True, "since": True, "catchingUp": True, "fullDrainSeconds": True, "readAt": "$$NOW"}
READ_FOR_A_WRITE: Document = {**READ, "changes": {"$slice": -1}, "opensAt": True, "erasedAt": True}


class StoredMode(Stored):
    """The document, field by field; what is not exactly this is no mode."""

    mode: Annotated[SyncMode, Lax]
    since: datetime
    catching_up: Annotated[Side | None, Lax] = None
    full_drain_seconds: Annotated[int, Field(ge=1, le=LONGEST_DRAIN_SECONDS)] = DRAIN_SECONDS
    read_at: datetime

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.catching_up is not None and self.mode is not SyncMode.DUAL_WRITE:
            raise PydanticCustomError(
                "side", "a side catches up in dual_write alone, not in {mode}", {"mode": self.mode}
            )
        return self

    def state(self) -> SyncState:
        """Convert to the domain's value."""
        return SyncState(
            self.mode, to_ms(self.since), self.catching_up, self.full_drain_seconds, read_at=to_ms(self.read_at)
        )


class StoredChange(Stored):
    """A change of the mode in its stored form."""

    mode: Annotated[SyncMode, Lax]
    at: datetime
    reason: str
    by: str | None = None
    catching_up: Annotated[Side | None, Lax] = None


def sync_state(
    database: MongoDatabase, session: ClientSession | None = None, writes_for: Several[str] = ()
) -> SyncState:
    """The mode as a session sees it; a database without any trace of us is ``old_only``.

    ``writes_for``: the people for whom something is about to be written; their fences are in the same command.

    Raises:
        AccountErasedError: one of them has a fence.
        LostModeError: the document is missing where there was one, it cannot be read, or it is older than its history.
    """
    wanted = {"_id": {"$in": [SYNC_MODE, MODE_CHANGES, *map(fence_id, writes_for)]}}
    # The history comes first: otherwise a change of mode between the two would look like an older document.
    found = control_of(database).find(wanted, READ_FOR_A_WRITE, session=session).sort("_id", DESCENDING)
    if state := state_among(found):
        return state
    if trace := next(traces(database), None):
        raise LostModeError(f"control.{SYNC_MODE} is missing, and {trace} says that there was one; {RECOVER}")
    return SyncState(read_at=database_time(database))


def state_among(found: Iterable[Document]) -> SyncState | None:
    """The mode from these documents of ``control``, None where it is not among them; raises as ``sync_state``."""
    documents = {document["_id"]: document for document in found}
    refuse_erased(documents.values())
    stored = documents.get(SYNC_MODE)
    if stored is None:
        return None
    state = state_of_document(stored)
    _check_newest(state, changes_of(documents.get(MODE_CHANGES)))
    return state


def state_of_document(found: Document) -> SyncState:
    """The mode from its document as ``READ`` gives it. Raises LostModeError where it is none."""
    try:
        return StoredMode.model_validate(found).state()
    except ValidationError as error:
        if found.get("mode") == RESTORING:
            raise LostModeError(f"a restore is under way, or was interrupted; {FINISH}") from None
        raise LostModeError(f"control.{SYNC_MODE} cannot be read: {reason_of(error)}; {RECOVER}") from None


def changes_of(history: Document | None) -> list[ModeChange]:
    """The changes that can be read.

    Where an older record does not say which side was right after a change, the mode before the change does.
    """
    items: Any = (history or {}).get("changes")
    changes: list[ModeChange] = []
    for item in items if isinstance(items, list) else []:
        stored = readable(StoredChange, item, MODE_CHANGES)
        if stored is None:
            continue
        right = stored.catching_up
        if "catching_up" not in stored.model_fields_set and stored.mode is SyncMode.DUAL_WRITE and changes:
            right = SyncState(changes[-1].mode, catching_up=changes[-1].catching_up).authoritative
        changes.append(ModeChange(stored.mode, to_ms(stored.at), stored.reason, stored.by, right))
    return changes


def _check_newest(state: SyncState, history: list[ModeChange]) -> None:
    """A document that was put back from before the last change says nothing about the data."""
    for last in history:
        if state.since is not None and last.at > state.since and last.mode is not state.mode:
            raise LostModeError(
                f"control.{SYNC_MODE} says {state.mode}, and is older than the last change in "
                f"control.{MODE_CHANGES}, to {last.mode}; {RECOVER}"
            )


def traces(database: MongoDatabase) -> Iterator[str]:
    """What says that there was a mode, by one look at each place; see the module."""
    if found := control_of(database).find_one(_TRACES):
        yield f"control.{found['_id']}"
    if found := database[MIGRATIONS].find_one({"_id": BEGINS_WITH_A_MODE, "state": "applied"}):
        yield f"the applied migration {found['_id']}"
    for name in (Collections.READINGS, Collections.DISPLAY):
        if database[name].find_one():
            yield f"a document in {name}"


def control_of(database: MongoDatabase) -> Collection[Document]:
    """The collection, readable with any date in it."""
    return database.get_collection(Collections.CONTROL, codec_options=ANY_DATE)


def database_time(database: MongoDatabase) -> int:
    """The clock of the database, in UTC milliseconds: the one that decides about data."""
    return to_ms(database.command("hello", codec_options=CODEC_OPTIONS)["localTime"])


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


_TRACES: Document = {
    "$or": [
        {"_id": {"$in": [MODE_CHANGES, SYNC_JOB, BACKFILL]}},
        # without a stored mode these have no beginning of one
        {"_id": {"$in": ["verified", "verify", "rebuild_check", "rebuild"]}, "since": {"$ne": None}},
    ]
}
