"""What jobs and operators leave in ``control``, as it is read: exactly what was written, or not at all.

A person or a restore may have put anything there, and what decides about data must not be guessed from it.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from chalicelib.domain.errors import LostModeError
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.domain.sync.modes import Side, SyncMode, SyncState
from chalicelib.domain.sync.reconciliation import (
    Finding,
    FullDifference,
    ModeChange,
    Remains,
    SyncProgress,
    SyncStop,
    Verification,
    Verified,
    WalkProgress,
)
from chalicelib.monitoring.logger import logger
from chalicelib.repositories.control import MODE_CHANGES, reason_of, state_of_document
from chalicelib.repositories.database import Document

UNREADABLE_STOP = "the sync job is stopped, and its reason in control.sync_stop cannot be read"
T = TypeVar("T")
Kind = TypeVar("Kind", bound=BaseModel)
Lax = Field(strict=False)  # the value of an enumeration, as it is stored
Meter = tuple[str, Annotated[EnergyType, Lax]]


class Stored(BaseModel):
    """What is stored is read as exactly this, or not at all."""

    model_config = ConfigDict(strict=True, frozen=True, alias_generator=to_camel)


class StoredChange(Stored):
    """One change of the mode."""

    mode: Annotated[SyncMode, Lax]
    at: datetime
    reason: str
    by: str | None = None
    catching_up: Annotated[Side | None, Lax] = None


class StoredDifference(Stored):
    """A full difference that is not finished."""

    since: int | None
    after: Annotated[Meter, Lax] | None
    written: int = 0
    deleted: int = 0


class StoredStop(Stored):
    """Why the sync job stopped."""

    at: datetime
    reason: str


class StoredProgress(Stored):
    """Where the sync job stands; the feed judges the position."""

    position: Any
    difference: StoredDifference | None


class StoredFinding(Stored):
    """One finding of a walk."""

    user_id: str = Field(alias="user_id")
    type: Annotated[EnergyType, Lax]
    collection: str
    document: str
    problem: str
    kind: str = "not as it should be"


class StoredWalk(Stored):
    """A walk that was interrupted."""

    started: int
    since: int | None
    after: Annotated[Meter, Lax]
    mode: Annotated[SyncMode, Lax]
    meters: int
    lagging: int
    differences: int
    findings: list[StoredFinding]
    kinds: list[Annotated[tuple[str, Annotated[EnergyType, Lax], str, int], Lax]] = []


class StoredVerified(Stored):
    """What the last comparison of all meters found."""

    at: int
    since: int | None
    meters: int
    lagging: int
    differences: int


def progress_of(document: Document) -> SyncProgress:
    """Where the sync job stands."""
    stored = readable(StoredProgress, document)
    if stored is None:
        return SyncProgress(unreadable=True)
    left = stored.difference
    difference = FullDifference(left.since, left.after, left.written, left.deleted) if left else None
    return SyncProgress(stored.position, difference)


def stop_of(document: Document) -> SyncStop | None:
    """Why the sync job stopped; None: it did not, or it was answered. What nobody can read counts as a stop."""
    if document.get("open") is None:
        return None
    stored = readable(StoredStop, document["open"])
    return SyncStop(to_ms(stored.at), stored.reason) if stored else SyncStop(0, UNREADABLE_STOP)


def walk_of(document: Document) -> WalkProgress | None:
    """Where a walk stands; None: nobody can read it."""
    stored = readable(StoredWalk, document)
    if stored is None:
        return None
    findings = tuple(Finding(**finding.model_dump()) for finding in stored.findings)
    kinds = tuple(((collection, of, kind), count) for collection, of, kind, count in stored.kinds)
    counts = (stored.meters, stored.lagging, stored.differences)
    seen = Verification(stored.mode, *counts, findings=findings, kinds=kinds)
    return WalkProgress(stored.started, stored.since, stored.after, seen)


def verified_of(document: Document) -> Verified | None:
    """What a comparison of all meters found; None: nobody can read it."""
    stored = readable(StoredVerified, document)
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


def changes_of(items: Any) -> list[ModeChange]:
    """The changes that can be read.

    Where a record of before does not say which side was right after a change, the mode before the change does.
    """
    changes: list[ModeChange] = []
    for item in filter(None, (readable(StoredChange, item) for item in (items if isinstance(items, list) else []))):
        right = item.catching_up
        if "catching_up" not in item.model_fields_set and item.mode is SyncMode.DUAL_WRITE and changes:
            right = SyncState(changes[-1].mode, catching_up=changes[-1].catching_up).authoritative
        changes.append(ModeChange(item.mode, to_ms(item.at), item.reason, item.by, right))
    return changes


def readable(kind: type[Kind], document: Any) -> Kind | None:
    """What is stored, None where nobody can read it: what would go on from it begins at the start."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        name = document.get("_id", MODE_CHANGES) if isinstance(document, dict) else MODE_CHANGES
        logger().warning(f"control.{name} cannot be read and does not count", extra={"reason": reason_of(error)})
        return None
