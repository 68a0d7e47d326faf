"""Twins: one reading on both sides, the jobs that keep them equal, and the ports these jobs run on.

What lives here: values and Protocols. What does not: the jobs themselves (``chalicelib.services``).
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.domain.meters.display_documents import DisplayDocument
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.domain.sync.change_feed import Position
from chalicelib.domain.sync.modes import ModeChange, ReadingKey, Side, SyncMode, SyncState
from chalicelib.domain.sync.recovery import Remains

FindingKind = tuple[str, EnergyType, str]  # collection, type, kind
FindingKinds = tuple[tuple[FindingKind, int], ...]
KEPT_FINDINGS = 1_000
DISPLAY, SERIES, METERS = "display_energy_data", "meter_series", "meters"
CALCULATED = frozenset({DISPLAY, SERIES, METERS})  # collections that readings can fill again


@dataclass(frozen=True, slots=True)
class Selection:
    """Which readings of a meter to look at: all of it, those within two instants, or those with certain ids."""

    first: Any = None
    last: Any = None
    ids: tuple[ReadingKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one reconciliation wrote; ``source_version`` is the meter's, 0 where nothing differed.

    ``kept``: twins that stay although their authoritative documents cannot be read, or are hidden by a double.
    """

    inserted: int = 0
    replaced: int = 0
    deleted: int = 0
    source_version: int = 0
    first: int = 0
    last: int = 0
    kept: tuple[ReadingKey, ...] = ()

    @property
    def written(self) -> int:
        """How many documents were written."""
        return self.inserted + self.replaced + self.deleted


@dataclass(frozen=True, slots=True)
class RepairRun:
    """One run that mends: the id under which it keeps what it takes away; ``source`` None: the authoritative side."""

    id: str
    source: Side | None = None


UNNAMED = RepairRun("unnamed")


@dataclass(frozen=True, slots=True)
class SyncStop:
    """Why the sync job stopped, and when: until a person has answered, nothing is mended and no mode changes."""

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class FullDifference:
    """A comparison of all meters under way: in the mode that began at ``since``, done up to the meter ``after``.

    ``written`` and ``deleted``: how many documents, so far.
    """

    since: int | None
    after: MeterKey | None = None
    written: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far the sync job is: its position in the stream, and a full difference that it has not finished.

    ``unreadable``: something is stored that nobody can read, so the job begins at the start.
    """

    position: Position | None = None
    difference: FullDifference | None = None
    unreadable: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One document that is not as it should be: where it is, what is wrong with it, and its kind in summaries."""

    user_id: str
    type: EnergyType
    collection: str
    document: str
    problem: str
    kind: str = "not as it should be"

    def as_document(self) -> dict[str, Any]:
        """The fields, as they are stored and printed."""
        return asdict(self) | {"type": self.type.value}


@dataclass(frozen=True, slots=True)
class UnreadableDocument:
    """A document of either side that is no readable reading: where it is, and what is wrong with which field.

    ``user``: whom it names as its owner, "" where it names none. ``twin``: the good copy on the other side, if any.
    """

    collection: str
    document: str
    user: str
    problem: str
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """How many documents of both sides are no readable readings, and the first of them."""

    count: int = 0
    documents: tuple[UnreadableDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared and found: how many documents differ, and the first of them.

    ``lagging``: meters whose display will be refreshed anyway, so it was not compared. ``resumed``: up to which meter
    an interrupted comparison had come that this one went on with. ``unreadable``: documents that no reader can use;
    they are no differences once they are in the quarantine, for what is kept of them is then known.
    ``kinds``: how many of each kind, by collection. ``up_to``: the operation time of the database when a comparison of
    all meters began.
    """

    mode: SyncMode
    meters: int = 0
    lagging: int = 0
    differences: int = 0
    findings: tuple[Finding, ...] = ()
    resumed: MeterKey | None = None
    unreadable: Unreadable = Unreadable()
    kinds: FindingKinds = ()
    up_to: int | None = field(default=None, compare=False)

    @property
    def calculated(self) -> int:
        """How many of the differences are of what is calculated of readings, so that nothing is lost by them."""
        return sum(count for (collection, _, _), count in self.kinds if collection in CALCULATED)

    def without(self, users: Collection[str]) -> "Verification":
        """Without what was found of these people: their accounts have been erased meanwhile."""
        gone = Counter((item.collection, item.type, item.kind) for item in self.findings if item.user_id in users)
        kept = Counter(dict(self.kinds)) - gone
        return replace(
            self,
            differences=self.differences - gone.total(),
            findings=tuple(item for item in self.findings if item.user_id not in users),
            kinds=tuple(sorted(kept.items())),
        )

    def plus(self, more: "Verification") -> "Verification":
        """With what a look at further meters has shown."""
        return replace(
            self,
            meters=self.meters + more.meters,
            lagging=self.lagging + more.lagging,
            differences=self.differences + more.differences,
            findings=(*self.findings, *more.findings)[:KEPT_FINDINGS],
            kinds=_added(self.kinds, more),
        )


def _added(kinds: FindingKinds, more: Verification) -> FindingKinds:
    counts = Counter(dict(kinds))
    counts.update(dict(more.kinds) or Counter((item.collection, item.type, item.kind) for item in more.findings))
    return tuple(sorted(counts.items()))


class Walk(StrEnum):
    """The jobs that go over all meters, and are taken up again where they were interrupted."""

    VERIFY = "verify"
    CHECK = "rebuild_check"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True)
class WalkProgress:
    """A walk under way: begun when, in the mode since when, what it has seen up to which meter, by which code."""

    started: int
    since: int | None
    after: MeterKey
    seen: Verification
    code: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """The last comparison of all meters that came to its end: when, in the mode since when, and what it found.

    ``up_to``: the operation time of the database at its beginning; it has seen every write up to then. ``first_seen``:
    when the first of the comparisons in a row found differences, ``last_seen`` when this one did; None without any.
    ``code``: the digest of the code that compared, "" where nobody knows. ``calculated``: how many of the differences
    are of what is calculated of readings; the others are between the sides.
    """

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

    def is_behind(self, before: "Verified | None") -> bool:
        """Whether that one, of the same mode, has seen writes that this one has not."""
        if before is None or before.since != self.since:
            return False
        return (self.up_to or 0) < (before.up_to or 0)

    def after(self, before: "Verified | None") -> "Verified":
        """With the sightings of its differences, carried from the comparison before."""
        if not self.differences:
            return self
        seen_before = before.first_seen or before.at if before and before.differences else self.at
        return replace(self, first_seen=seen_before, last_seen=self.at)


class SyncControl(Protocol):
    """The sync mode, and how far long jobs have come. Every method raises UnavailableError out of time."""

    def state(self) -> SyncState:
        """The sync mode now. Raises LostModeError where it is lost."""

    def operation_time(self) -> int:
        """The time of the latest operation that a reader sees from now on, in UTC milliseconds, to the second."""

    def transaction_seconds(self) -> int | None:
        """How long the store lets a transaction live; None where it does not say."""

    def change(self, before: SyncState, after: SyncState, reason: str, by: str | None) -> SyncState | None:
        """Put ``after`` in place of ``before``, from now on by the store's clock.

        Returns the state as it is stored; None, and nothing changed, when ``before`` has gone meanwhile.
        """

    def changes(self) -> list[ModeChange]:
        """The changes of the mode that can be read, the latest last."""

    def remains(self) -> Remains | None:
        """What is left of a mode that is lost; None: the mode can be read."""

    def recover(self, remains: Remains, after: SyncState, reason: str, by: str | None) -> SyncState | None:
        """Put ``after`` in place of what was found. Returns as ``change`` does."""

    def stop(self) -> SyncStop | None:
        """Why the sync job stopped; None where it did not, or where a person has answered."""

    def save_stop(self, stop: SyncStop) -> None:
        """Remember that the sync job stopped; an earlier reason stays."""

    def answer_stop(self, answer: str, at: int) -> None:
        """End a stop; the answer is kept with it."""

    def caught_up(self, state: SyncState) -> bool:
        """End the catching up of a state; False when the state has gone meanwhile."""

    def sync_progress(self) -> SyncProgress:
        """How far the sync job is."""

    def save_sync_progress(self, progress: SyncProgress) -> None:
        """Keep how far the sync job is."""

    def walk_progress(self, walk: Walk) -> WalkProgress | None:
        """How far an interrupted walk came; None: there is none, or nobody can read it."""

    def save_walk_progress(self, walk: Walk, progress: WalkProgress | None) -> None:
        """Keep how far a walk came; None: it is finished."""

    def verified(self) -> Verified | None:
        """What the last comparison of all meters found; None: there never was one, or nobody can read it."""

    def save_verified(self, verified: Verified) -> None:
        """Remember what a comparison of all meters found."""


class ReconciliationRepository(Protocol):
    """Both sides of all users' readings, for system jobs. Every method raises UnavailableError out of time."""

    def erased_among(self, users: Collection[str]) -> Set[str]:
        """Those of these people whose account was erased not long ago."""

    def meters(self, after: MeterKey | None = None) -> Iterator[MeterKey]:
        """Every meter with a reading on either side or a display document, in order, behind ``after``."""

    def owners(self, ids: Sequence[ReadingKey]) -> Mapping[MeterKey, Sequence[ReadingKey]]:
        """The meters that readings belong to, on either side."""

    def count_meters(self) -> int:
        """About how many meters there are; for the time left."""

    def count_readings(self, side: Side) -> int:
        """About how many documents a side holds."""

    def reconcile(
        self, meter: MeterKey, selection: Selection, run: RepairRun = UNNAMED, deletes: int = 0
    ) -> Reconciled:
        """Make the other side of a meter equal to the one that is believed, in one transaction.

        What is deleted or overwritten is kept under the run's id.

        Raises:
            MassDeletionError: more than ``deletes`` documents would go; nothing was written.
        """

    def plan(self, meter: MeterKey, run: RepairRun) -> Reconciled:
        """What ``reconcile`` would write of a whole meter; changes nothing."""

    def prepare(self, side: Side) -> None:
        """Create the indexes of a side that lost them with its collection."""

    def digests(self, side: Side, users: Collection[str]) -> Mapping[MeterKey, Hashable]:
        """A digest of each meter's readings on a side: different readings, different digests.

        Equal readings may have different digests too: a look at the documents decides.
        """

    def differences(self, meter: MeterKey) -> list[Finding]:
        """The readings of a meter that differ between the sides, at one point in time."""

    def displayed(self, meter: MeterKey) -> list[DisplayDocument]:
        """The stored display documents of a meter."""

    def unreadable(self, user_id: str | None = None) -> Unreadable:
        """The documents of both sides that no reader can use, doubles too; of one user or of everybody."""

    def quarantine(self, ids: Sequence[ReadingKey] | None = None) -> None:
        """Record which authoritative documents cannot be read, of these ids or of all, and close what is mended."""

    def damages(self, meter: MeterKey) -> list[Finding]:
        """The fields of a meter's documents, beside its readings, that hold a value of another kind than they must."""
