"""Mapping documents of ``control`` that jobs and operators write beside the mode to the domain's values."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode
from chalicelib.domain.errors import LostModeError
from chalicelib.domain.migration.sync.reconciliation import FullDifference, SyncProgress, SyncStop, Verified
from chalicelib.domain.migration.sync.recovery import Remains
from chalicelib.domain.readings import to_ms
from chalicelib.repositories.control import SYNC_JOB, state_of_document
from chalicelib.repositories.database import Document
from chalicelib.repositories.stored import Lax, Stored, readable
from chalicelib.repositories.walk_documents import Meter

SYNC_STOP = "sync_stop"
VERIFIED = "verified"
UNREADABLE_STOP = "the sync job is stopped, and its reason in control.sync_stop cannot be read"
T = TypeVar("T")


class StoredDifference(Stored):
    """A full difference that is not finished."""

    since: int | None
    after: Annotated[Meter, Lax] | None
    written: int = 0
    deleted: int = 0
    by: str | None = None


class StoredStop(Stored):
    """Why the sync job stopped."""

    at: datetime
    reason: str


class StoredProgress(Stored):
    """How far the sync job is; the feed judges the position."""

    position: Any
    difference: StoredDifference | None


class StoredVerified(Stored):
    """What the last comparison of all meters found."""

    at: int
    since: int | None
    meters: int
    lagging: int
    differences: int
    up_to: int | None = None
    first_seen: int | None = None
    last_seen: int | None = None
    code: str = ""
    calculated: int = 0


def progress_of(document: Document) -> SyncProgress:
    """How far the sync job is."""
    stored = readable(StoredProgress, document, SYNC_JOB)
    if stored is None:
        return SyncProgress(unreadable=True)
    left = stored.difference
    difference = FullDifference(**left.model_dump()) if left else None
    return SyncProgress(stored.position, difference)


def stop_of(document: Document) -> SyncStop | None:
    """Why the sync job stopped; None: it did not, or it was answered. What nobody can read counts as a stop."""
    if document.get("open") is None:
        return None
    stored = readable(StoredStop, document["open"], SYNC_STOP)
    return SyncStop(to_ms(stored.at), stored.reason) if stored else SyncStop(0, UNREADABLE_STOP)


def verified_of(document: Document) -> Verified | None:
    """What a comparison of all meters found; None: nobody can read it."""
    stored = readable(StoredVerified, document, VERIFIED)
    return None if stored is None else Verified(**stored.model_dump())


def remains_of(problem: str, stored: Document | None, changes: list[ModeChange], sides: frozenset[Side]) -> Remains:
    """What a damaged document still says counts, unless it is whole: then it is an old one."""
    try:
        state_of_document({**(stored or {}), "readAt": datetime.now(UTC)})
    except LostModeError:
        said = stored or {}
        mode, right = _value_of(SyncMode, said.get("mode")), _value_of(Side, said.get("catchingUp"))
        return Remains(problem, stored, mode, right, changes, sides)
    return Remains(problem, stored, None, None, changes, sides)


def _value_of(kind: type[T], value: Any) -> T | None:
    with suppress(ValidationError):
        return TypeAdapter(kind).validate_python(value)
    return None
