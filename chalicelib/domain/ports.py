"""What the services need from the outside, as Protocols, and the plain values that cross these borders.

Instants are UTC epoch milliseconds, amounts exact decimals. Adapters: ``chalicelib.repositories``,
``chalicelib.events``; fakes: ``infra/simulation/memory``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal, NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sides import SyncState
from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.events.contracts import EnergyEvent
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument, DisplayUpdate
from chalicelib.domain.meters.import_record import IdRange, ImportRecord
from chalicelib.domain.meters.invariants import Violation
from chalicelib.domain.meters.packing import NOT_PACKED, PackingMark, Range
from chalicelib.domain.readings import (
    DEFAULT_ZONE,
    EnergyType,
    Reading,
)

T = TypeVar("T")
Clock = Callable[[], int]
InstantsIn = Callable[[ZoneInfo], Sequence[int]]  # at least one, in a user's zone
ReadingSource = Literal["manual", "csv", "api", "sync"]


@dataclass(frozen=True, slots=True)
class UserSettings:
    """How a user's dates are read."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(DEFAULT_ZONE))


class NewReading(NamedTuple):
    """A checked reading that is about to be stored."""

    type: EnergyType
    instant: int
    amount: Decimal
    source: ReadingSource
    import_batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading of the source collection, with its revision."""

    id: str
    type: EnergyType
    instant: int
    amount: Decimal
    source: ReadingSource
    revision: int
    created_at: int
    updated_at: int
    import_batch_id: str | None = None

    @property
    def content(self) -> str:
        """A digest of what twins share: the same from either side, though one of them knows more of the reading."""
        said = f"{self.id} {self.type} {self.instant} {self.amount.normalize():f}"
        return sha256(said.encode()).hexdigest()[:16]


class Change(NamedTuple):
    """A stored reading, and the same with another amount."""

    before: StoredReading
    after: StoredReading


@dataclass(frozen=True, slots=True)
class MeterState:
    """The versions of one meter: the display is stale while ``display_version`` lags behind.

    ``calculation_version``: by which rules what is displayed was calculated; 0: nothing is displayed.
    ``damaged``: its documents contradict each other (``meters.invariants``), so neither a version nor a view that is
    stored is believed.
    """

    source_version: int = 0
    display_version: int = 0
    dirty_since: int | None = None
    damaged: bool = False
    calculation_version: int = 0

    @property
    def stale(self) -> bool:
        """Whether the display documents do not show every write yet."""
        return self.damaged or self.display_version < self.source_version


@dataclass(frozen=True, slots=True)
class MeterSnapshot:
    """Everything a calculation needs of one meter, read at one point in time.

    ``kept``: the readings come from the compact series beside the display documents, brought up to date with what the
    dirty range holds; else all of them were read. ``zoned``: the settings are the user's; else they could not be read,
    which no figure without readings depends on. ``digests``: those of the kept series' parts, by year (UTC);
    ``read``: the ranges of instants that these do not hold. ``packing``: how far a packing of the series is.
    """

    sync: SyncState
    state: MeterState
    dirty_from: int | None
    dirty_to: int | None
    configuration: MeterConfiguration
    settings: UserSettings
    readings: CompactReadings = field(repr=False)
    kept: bool = False
    digests: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    read: Sequence[Range] = ()
    packing: PackingMark = NOT_PACKED
    zoned: bool = True


@dataclass(frozen=True, slots=True)
class WholeMeter:
    """Everything that is stored of a meter on the new side, at one point in time: what a comparison of it goes by.

    ``snapshot``: with the readings that are stored one by one; ``kept``: the compact series, None: none counts.
    ``is_large``: the snapshot has the readings of the compact series, because there are too many to read at once. A
    meter that the display lags behind is looked at without any.
    ``violations``: the invariants that its documents break. Only where there are none, ``displayed`` are its views.
    """

    snapshot: MeterSnapshot
    violations: Sequence[Violation] = ()
    displayed: Sequence[DisplayDocument] = ()
    kept: CompactReadings | None = field(default=None, repr=False)
    is_large: bool = False


@dataclass(frozen=True, slots=True)
class ReadingFilter:
    """Which readings a list shows: all of a user, or of one type, from one instant up to and including another."""

    type: EnergyType | None = None
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a list, by date; ``after`` is the position (instant, id) behind which it begins."""

    filter: ReadingFilter
    descending: bool
    limit: int
    after: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """The reading that a unit of work is about, where it is known before the work begins: it is read at the beginning.

    A new one of ``type`` at ``instant``, or the stored one with ``reading_id``, which may go to ``instant``. ``asks``:
    those next to it are looked at too. What is expected in vain costs time and nothing else.
    """

    type: EnergyType | None = None
    instant: int | None = None
    reading_id: str | None = None
    asks: bool = False


class EnergyRepository(Protocol):
    """The readings of one user inside one transaction: every write goes to each side that the sync mode names."""

    def add(self, reading: NewReading, now: int) -> StoredReading:
        """Store one reading. Raises DuplicateReadingError."""

    def add_many(self, readings: Sequence[NewReading], now: int) -> IdRange:
        """Store many readings in one command per side; returns their ids. Raises DuplicateReadingError."""

    def get(self, reading_id: str) -> StoredReading:
        """One reading. Raises NotFoundError."""

    def replace(self, before: StoredReading, after: StoredReading) -> StoredReading:
        """Give a stored reading another date or amount; returns the stored one. Raises DuplicateReadingError."""

    def remove(self, reading: StoredReading, now: int) -> None:
        """Take a reading away."""

    def at(self, energy_type: EnergyType, instants: Sequence[int]) -> list[StoredReading]:
        """The readings at some instants."""

    def within(self, ids: IdRange) -> list[StoredReading]:
        """The readings that are left of those that were stored together, also those that a double hides by now."""

    def by_ids(self, ids: Sequence[str]) -> list[StoredReading]:
        """The readings that are left of those with these ids."""

    def replace_many(self, changes: Sequence[Change], now: int) -> None:
        """Give stored readings other amounts, in one command per side."""

    def remove_many(self, readings: Sequence[StoredReading], now: int) -> None:
        """Take readings away, in one command per side, and leave their doubles."""

    def neighbours(
        self, energy_type: EnergyType, instant: int, but: str | None = None
    ) -> tuple[Reading | None, Reading | None]:
        """The readings just before and just after an instant, without the one whose id is ``but``."""

    def between(self, energy_type: EnergyType, first: int, last: int, but: str | None = None) -> CompactReadings:
        """The readings from one instant to another, both included, without the one whose id is ``but``.

        From the compact series where it is kept: what a transaction has changed must be in the meter's dirty range.
        """

    def highest(self, energy_type: EnergyType) -> Decimal:
        """The highest amount that is stored of a meter; 0 where there is none."""

    def stored_between(self, energy_type: EnergyType, first: int, last: int) -> CompactReadings:
        """The readings from one instant to another, both included, from the documents themselves."""

    def instants_between(self, energy_type: EnergyType, first: int, last: int) -> set[int]:
        """The instants that already carry a reading, both ends included."""


class MeterRepository(Protocol):
    """The meters of one user inside one transaction."""

    def mark_changed(self, energy_type: EnergyType, first: int, last: int, now: int) -> int:
        """Count the source version up, widen the dirty range; returns the new source version."""

    def configuration(self, energy_type: EnergyType) -> MeterConfiguration:
        """Modulus, direction and exchanges of a meter."""

    def configure(self, energy_type: EnergyType, configuration: MeterConfiguration) -> None:
        """Replace modulus, direction and exchanges of a meter that has been marked as changed."""

    def types(self) -> list[EnergyType]:
        """The types that the user has a meter of."""


class SettingsWriter(Protocol):
    """The settings of one user inside one transaction."""

    def get(self) -> UserSettings:
        """The settings, or the defaults."""

    def save(self, settings: UserSettings, now: int) -> None:
        """Replace them."""


class ImportRecords(Protocol):
    """The imports of one user inside one transaction."""

    def add(self, record: ImportRecord) -> None:
        """Keep what an import did."""

    def get(self, import_id: str) -> ImportRecord:
        """One import. Raises NotFoundError."""

    def close(self, record: ImportRecord) -> None:
        """Keep how it was undone."""


class WriteTransaction(Protocol):
    """One user's repositories bound to one transaction."""

    @property
    def readings(self) -> EnergyRepository:
        """The user's readings."""

    @property
    def meters(self) -> MeterRepository:
        """The user's meters."""

    @property
    def settings(self) -> SettingsWriter:
        """The user's settings."""

    @property
    def imports(self) -> ImportRecords:
        """What the user has imported."""


class Transactions(Protocol):
    """Runs a unit of work as a whole or not at all."""

    def run(self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        """Run ``work``, again after a write conflict, within the request's time; ``expected``: what it is about.

        Raises UnavailableError when time runs out.
        """


class ReadingQueries(Protocol):
    """Reading single readings and lists, on the side that a backend reads in the present sync mode."""

    def sync(self) -> SyncState:
        """The sync mode now."""

    def get(self, user_id: str, reading_id: str, backend: Backend) -> StoredReading:
        """One reading. Raises NotFoundError."""

    def page(self, user_id: str, request: PageRequest, backend: Backend) -> list[StoredReading]:
        """Readings in the order of their dates, at most ``request.limit``."""

    def configuration(self, user_id: str, energy_type: EnergyType) -> MeterConfiguration:
        """Modulus, direction and exchanges of a meter."""

    def snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
        """Meter, settings and readings at one point in time; version 0 where there is no meter.

        The new backend's readings come from the compact series where it is kept.
        """

    def snapshot_within(self, user_id: str, energy_type: EnergyType, readings: int) -> MeterSnapshot | None:
        """Read a snapshot for the new backend; None where more than ``readings`` are not in the compact series."""

    def snapshot_between(self, user_id: str, energy_type: EnergyType, first: int, last: int) -> MeterSnapshot | None:
        """The new backend's, with the readings from one instant to another alone, both included.

        None where it cannot be had without all readings.
        """

    def snapshot_around(self, user_id: str, energy_type: EnergyType, instants: InstantsIn) -> MeterSnapshot | None:
        """The new backend's, with as few readings as decide about the meter at some instants.

        The register at each of them, and what it counted between any two, are the same as of all readings. None where
        it cannot be had without all.
        """

    def snapshot_of_year(self, user_id: str, energy_type: EnergyType, year: int) -> MeterSnapshot | None:
        """Read a snapshot for the months of a year, without any reading where none reaches them."""

    def full_snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
        """Read a snapshot from the readings themselves: what the display and its series are checked against."""

    def piece(self, user_id: str, energy_type: EnergyType, first: int, readings: int) -> CompactReadings:
        """The first ``readings`` of the new side from an instant on."""

    def whole(
        self, user_id: str, energy_type: EnergyType, calculation_version: int, at_once: int | None = None
    ) -> WholeMeter | None:
        """Everything that is stored of a meter, at one point in time; None where the new side is not written.

        Its invariants are those that the code of a calculation version goes by. ``at_once``: how many readings are read
        one by one at most, where a compact series has more; None: all.
        """


class SettingsRepository(Protocol):
    """The zones of users."""

    def find(self, user_id: str) -> UserSettings:
        """The user's settings, or the defaults."""


class ImportList(Protocol):
    """What users have imported."""

    def page(self, user_id: str, limit: int, after: tuple[int, str] | None = None) -> list[ImportRecord]:
        """Imports, the latest first; ``after`` is the position (instant, id) behind which the page begins."""


class DisplayDataRepository(Protocol):
    """Stored views and the versions of their meters."""

    def find(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
    ) -> tuple[DisplayDocument | None, MeterState]:
        """A stored view and the state of its meter, in one command to the database.

        A view of another calculation version than the repository's is never returned.
        """

    def find_zoned(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
    ) -> tuple[DisplayDocument | None, MeterState, ZoneInfo | None]:
        """Find a document with the user's zone, in the same command; None where there is no meter."""

    def summaries(self, user_id: str) -> Mapping[EnergyType, tuple[DisplayDocument | None, MeterState]]:
        """The stored summary of each meter of a user and its state, in one command."""

    def encoded(self, data: Mapping[str, Any]) -> bytes | None:
        """The data of a view as the bytes that would be stored; None where none would."""

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        """The versions of a meter; version 0 where there is none."""

    def publish(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> bool:
        """Replace documents and advance the display version in one transaction.

        Returns False, with nothing written, when the meter already shows this version or a newer one, or shows one by
        a newer calculation. What an older calculation shows is only replaced as a ``whole``.

        Raises:
            DamagedMeterError: what is stored contradicts the meter; nothing is written, ``begin_again`` mends it.
        """

    def begin_again(self, user_id: str, energy_type: EnergyType) -> None:
        """Mark a meter as changed from end to end, at a version above all that was ever given out.

        Nothing that is stored of it is believed before the next ``publish``.
        """


class EventPublisher(Protocol):
    """Announces to the rest of the system what happened."""

    def publish(self, events: Sequence[EnergyEvent]) -> None:
        """Send events. Never raises: what is lost here is caught up from the dirty meters."""
