"""Walks over all meters: what they find, how far they are, and the ports that they run on."""

from collections import Counter
from collections.abc import Collection, Iterator, Set
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.readings import EnergyType, MeterKey

FindingKind = tuple[str, EnergyType, str]  # collection, type, kind
FindingKinds = tuple[tuple[FindingKind, int], ...]
KEPT_FINDINGS = 1_000
RESUMED_WITHIN_MS = 3_600_000  # an interrupted walk says something about the present for a while only
DISPLAY, SERIES, METERS = "display_energy_data", "meter_series", "meters"
CALCULATED = frozenset({DISPLAY, SERIES, METERS})  # collections that readings can fill again


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
        """The fields, as stored and printed."""
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
        """Add what a look at further meters has shown."""
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
    SWEEP = "sweep"  # by workers alone: one process goes by what lags
    SYNC = "sync"  # by workers alone: one process keeps how far it is with its position in the stream of changes


@dataclass(frozen=True, slots=True)
class WalkProgress:
    """A walk under way: begun when, in the mode since when, what it has seen up to which meter, by which code."""

    started: int
    since: int | None
    after: MeterKey
    seen: Verification
    code: str = ""

    @property
    def mode(self) -> SyncMode:
        """The mode in which it began."""
        return self.seen.mode


class Begun(Protocol):
    """A walk that has begun: when, in which mode since when, by which code."""

    @property
    def started(self) -> int:
        """The time when it began, by the clock of the database."""

    @property
    def since(self) -> int | None:
        """When its mode began."""

    @property
    def mode(self) -> SyncMode:
        """The mode in which it began."""

    @property
    def code(self) -> str:
        """The digest of the code that began it."""


def why_past(walk: Begun, sync: SyncState, code: str) -> str | None:
    """Why a walk that is not at its end says nothing about the present, by the clock of the database; None: it does."""
    if walk.since != sync.since or walk.mode is not sync.mode:
        return "the sync mode was changed since then"
    if walk.code != code:
        return "other code began it"
    if not 0 <= sync.read_at - walk.started <= RESUMED_WITHIN_MS:
        return "it began more than an hour ago"
    return None


class WalkControl(Protocol):
    """The sync mode, and how far walks have come. Every method raises UnavailableError out of time."""

    def state(self) -> SyncState:
        """The sync mode now. Raises LostModeError where it is lost."""

    def operation_time(self) -> int:
        """The time of the latest operation that a reader sees from now on, in UTC milliseconds, to the second."""

    def walk_progress(self, walk: Walk) -> WalkProgress | None:
        """How far an interrupted walk came; None: there is none, or nobody can read it."""

    def save_walk_progress(self, walk: Walk, progress: WalkProgress | None) -> None:
        """Keep how far a walk came; None: it is finished."""


class DisplayedMeters(Protocol):
    """The meters of all users, for system jobs. Every method raises UnavailableError out of time."""

    def erased_among(self, users: Collection[str]) -> Set[str]:
        """Those of these people whose account was erased not long ago."""

    def meters(self, after: MeterKey | None = None) -> Iterator[MeterKey]:
        """Every meter with a reading on either side or a display document, in order, behind ``after``."""

    def count_meters(self) -> int:
        """About how many meters there are; for the time left."""

    def bounds(self, ranges: int) -> list[MeterKey]:
        """The ends of ``ranges`` ranges of about one size, in order, without the last; fewer where meters are few."""

    def damages(self, meter: MeterKey) -> list[Finding]:
        """The fields of a meter's documents, beside its readings, that hold a value of another kind than they must."""
