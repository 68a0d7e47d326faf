"""Mapping documents of ``control`` that walks write to the domain's values."""

from typing import Annotated

from pydantic import Field

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.walks import Finding, Verification, WalkProgress
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import Document
from chalicelib.repositories.stored import Lax, Stored, readable

Meter = tuple[str, Annotated[EnergyType, Lax]]


class StoredFinding(Stored):
    """A finding of a walk in its stored form."""

    user_id: str = Field(alias="user_id")
    type: Annotated[EnergyType, Lax]
    collection: str
    document: str
    problem: str
    kind: str = "not as it should be"


class StoredSeen(Stored):
    """What a walk has seen."""

    mode: Annotated[SyncMode, Lax]
    meters: int
    lagging: int
    differences: int
    findings: list[StoredFinding]
    kinds: list[Annotated[tuple[str, Annotated[EnergyType, Lax], str, int], Lax]] = Field(default_factory=list)
    up_to: int | None = None

    def seen(self) -> Verification:
        """Convert to the domain's value."""
        findings = tuple(Finding(**finding.model_dump()) for finding in self.findings)
        kinds = tuple(((collection, of, kind), count) for collection, of, kind, count in self.kinds)
        counts = (self.meters, self.lagging, self.differences)
        return Verification(self.mode, *counts, findings=findings, kinds=kinds, up_to=self.up_to)


class StoredWalk(StoredSeen):
    """An interrupted walk in its stored form."""

    started: int
    since: int | None
    after: Annotated[Meter, Lax]
    code: str = ""


def seen_document(seen: Verification) -> Document:
    """The stored form of what a walk has seen."""
    return {
        "mode": seen.mode.value,
        "meters": seen.meters,
        "lagging": seen.lagging,
        "differences": seen.differences,
        "findings": [finding.as_document() for finding in seen.findings],
        "kinds": [[*kind, count] for kind, count in seen.kinds],
        "upTo": seen.up_to,
    }


def walk_of(document: Document) -> WalkProgress | None:
    """How far a walk came; None: nobody can read it."""
    stored = readable(StoredWalk, document, document["_id"])
    if stored is None:
        return None
    return WalkProgress(stored.started, stored.since, stored.after, stored.seen(), stored.code)
