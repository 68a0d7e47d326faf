"""Deletions and overwrites by repair and the jobs: how many are allowed, and what is kept of them.

What lives here: rules and values. What does not: the writing itself (``repositories.reconcile``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from chalicelib.domain.backends.sync_mode import Side, other_side
from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.migration.sync.mode_changes import ReadingKey
from chalicelib.domain.migration.sync.reconciliation import Reconciled, RepairRun
from chalicelib.domain.readings import EnergyType, MeterKey

DELETES_UNASKED = 10
REPAIR = "python -m infra repair"
UNDO = f"{REPAIR} undo"
ANSWERS = f"{REPAIR} --from old --apply, or {REPAIR} --from new --apply"


def may_delete(deletes: int, documents: int) -> bool:
    """Whether a person's repair may delete so much unasked: at most 10, and at most 1 % of the side's documents."""
    return deletes <= DELETES_UNASKED and deletes * 100 <= documents


@dataclass(frozen=True, slots=True)
class PlannedWrites:
    """What a repair would do to the readings of one type on one side."""

    side: Side
    type: EnergyType
    inserted: int = 0
    changed: int = 0
    deleted: int = 0

    def plus(self, more: Reconciled) -> "PlannedWrites":
        """Add one more meter."""
        return replace(
            self,
            inserted=self.inserted + more.inserted,
            changed=self.changed + more.replaced,
            deleted=self.deleted + more.deleted,
        )

    def as_document(self) -> dict[str, Any]:
        """The fields, as printed."""
        return asdict(self) | {"side": self.side.value, "type": self.type.value}


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What a repair would do. ``documents``: how many each side holds; ``meters``: calculated again from end to end."""

    source: Side
    found: Verification
    writes: tuple[PlannedWrites, ...]
    documents: Mapping[Side, int]
    meters: int = 0

    @property
    def deletes(self) -> int:
        """How many documents would be deleted."""
        return sum(row.deleted for row in self.writes)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to mend: no finding, and nothing to write."""
        written = any(row.inserted or row.changed or row.deleted for row in self.writes)
        return not (self.found.differences or written)

    @property
    def needs_number(self) -> bool:
        """Whether a person has to say the number of deletions."""
        return any(
            not may_delete(sum(row.deleted for row in self.writes if row.side is side), self.documents[side])
            for side in Side
        )

    def plus(self, found: Verification, planned: Sequence[tuple[MeterKey, Reconciled]]) -> "RepairPlan":
        """Add what a look at further meters has shown."""
        rows = {(row.side, row.type): row for row in self.writes}
        other = other_side(self.source)
        for (_, energy_type), writes in planned:
            rows[other, energy_type] = rows[other, energy_type].plus(writes)
        return replace(
            self, found=self.found.plus(found), writes=tuple(rows.values()), meters=self.meters + len(planned)
        )


@dataclass(frozen=True, slots=True)
class KeptRun:
    """One run of repair or of a job that deleted or overwrote documents, and how many of them came back."""

    id: str
    at: int
    documents: int
    undone: int


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """One document that was deleted or overwritten: of which meter, on which side, under which id."""

    key: Any
    meter: MeterKey
    side: Side
    reading: ReadingKey


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo brought back; ``left``: what it left, each with the reason; ``meters``: which meters it changed."""

    restored: int = 0
    left: tuple[tuple[KeptDocument, str], ...] = ()
    meters: frozenset[MeterKey] = frozenset()

    def plus(self, more: "Undone") -> "Undone":
        """Add what one more transaction did."""
        return Undone(self.restored + more.restored, (*self.left, *more.left), self.meters | more.meters)


class RepairedReadings(Protocol):
    """What repair and the jobs deleted or overwrote, for 30 days. Every method raises UnavailableError out of time."""

    def runs(self) -> list[KeptRun]:
        """The runs that something is kept of, the latest last."""

    def kept(self, run: str) -> Iterator[list[KeptDocument]]:
        """What is kept of a run and has not come back, meter by meter, the latest first, some hundreds at once."""

    def bring_back(self, documents: Sequence[KeptDocument], run: RepairRun) -> Undone:
        """Write documents of one meter back in one transaction, and mark their meters dirty.

        ``run``: under which what this overwrites is kept. A document that was changed since is left.

        Raises:
            SyncModeError: the mode does not write the side.
        """
