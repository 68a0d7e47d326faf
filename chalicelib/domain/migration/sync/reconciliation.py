"""Twins: one reading on both sides, the jobs that keep them equal, and the ports these jobs run on.

What lives here: values and Protocols. What does not: the jobs themselves (``chalicelib.services``).
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncState
from chalicelib.domain.meters.walks import DisplayedMeters, Finding, Unreadable, WalkControl
from chalicelib.domain.migration.sync.change_feed import Position
from chalicelib.domain.migration.sync.mode_changes import ReadingKey
from chalicelib.domain.migration.sync.recovery import Remains
from chalicelib.domain.readings import MeterKey


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


ANOTHER_DIFFERENCE = "another comparison of all meters has begun since, or this one is over"
UNNAMED = RepairRun("unnamed")


@dataclass(frozen=True, slots=True)
class SyncStop:
    """Why the sync job stopped, and when: until a person has answered, nothing is mended and no mode changes."""

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class FullDifference:
    """A comparison of all meters under way: in the mode that began at ``since``, done up to the meter ``after``.

    ``written`` and ``deleted``: how many documents, so far. ``by``: the walk of workers that makes it, if any.
    """

    since: int | None
    after: MeterKey | None = None
    written: int = 0
    deleted: int = 0
    by: str | None = None


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far the sync job is: its position in the stream, and a full difference that it has not finished.

    ``unreadable``: something is stored that nobody can read, so the job begins at the start.
    """

    position: Position | None = None
    difference: FullDifference | None = None
    unreadable: bool = field(default=False, compare=False)


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
        """Carry over the sightings of its differences from the comparison before."""
        if not self.differences:
            return self
        seen_before = before.first_seen or before.at if before and before.differences else self.at
        return replace(self, first_seen=seen_before, last_seen=self.at)


class SyncControl(WalkControl, Protocol):
    """The sync mode, and how far long jobs have come. Every method raises UnavailableError out of time."""

    def transaction_seconds(self) -> int | None:
        """How long the store lets a transaction live; None where it does not say."""

    def change(self, before: SyncState, after: SyncState, reason: str, by: str | None) -> SyncState | None:
        """Put ``after`` in place of ``before``, from now on by the store's clock.

        Returns the stored state; None, and nothing changed, when ``before`` has gone meanwhile.
        """

    def changes(self) -> list[ModeChange]:
        """The changes of the mode that can be read, the latest last."""

    def remains(self) -> Remains | None:
        """The remains of a lost mode; None: the mode can be read."""

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

    def count_difference(self, by: str, written: int, deleted: int) -> tuple[int, int]:
        """Add to what the difference that this walk of workers makes has written and deleted; returns both.

        Raises:
            SyncModeError: it makes none any more.
        """

    def verified(self) -> Verified | None:
        """What the last comparison of all meters found; None: there never was one, or nobody can read it."""

    def save_verified(self, verified: Verified) -> None:
        """Remember what a comparison of all meters found."""


class ReconciliationRepository(DisplayedMeters, Protocol):
    """Both sides of all users' readings, for system jobs. Every method raises UnavailableError out of time."""

    def owners(self, ids: Sequence[ReadingKey]) -> Mapping[MeterKey, Sequence[ReadingKey]]:
        """The meters that readings belong to, on either side."""

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

    def unreadable(self, user_id: str | None = None) -> Unreadable:
        """The documents of both sides that no reader can use, doubles too; of one user or of everybody."""

    def quarantine(self, ids: Sequence[ReadingKey] | None = None) -> None:
        """Record which authoritative documents cannot be read, of these ids or of all, and close what is mended."""
