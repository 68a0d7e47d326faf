"""What the services need from the outside, as Protocols, and the plain values that cross these borders.

Instants are UTC epoch milliseconds, amounts exact decimals. Adapters: ``chalicelib.repositories``,
``chalicelib.events``; fakes: ``tests/fakes``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeVar
from zoneinfo import ZoneInfo

from chalicelib.domain.events import EnergyEvent
from chalicelib.domain.readings import (
    DEFAULT_TOLERANCE_DAYS,
    DEFAULT_ZONE,
    EnergyType,
    MeterExchange,
    Reading,
)

T = TypeVar("T")
Clock = Callable[[], int]
ReadingSource = Literal["manual", "csv", "api", "sync"]
DataType = Literal["monthly"]


@dataclass(frozen=True, slots=True)
class UserSettings:
    """How a user's dates are read and how far a reading may lie from a month end."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(DEFAULT_ZONE))
    tolerance_days: int = DEFAULT_TOLERANCE_DAYS


@dataclass(frozen=True, slots=True)
class NewReading:
    """A checked reading that is about to be stored."""

    type: EnergyType
    instant: int
    amount: Decimal
    source: ReadingSource
    import_batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading as it stands in the source collection."""

    id: str
    type: EnergyType
    instant: int
    amount: Decimal
    source: ReadingSource
    revision: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class MeterState:
    """The versions of one meter: the display is stale while ``display_version`` lags behind."""

    source_version: int = 0
    display_version: int = 0
    dirty_since: int | None = None

    @property
    def stale(self) -> bool:
        """Whether the display documents do not show every write yet."""
        return self.display_version < self.source_version


@dataclass(frozen=True, slots=True)
class MeterConfiguration:
    """What besides the readings decides a meter's figures."""

    modulus: Decimal | None = None
    exchanges: tuple[MeterExchange, ...] = ()


@dataclass(frozen=True, slots=True)
class MeterSnapshot:
    """Everything a calculation needs of one meter, read at one point in time."""

    state: MeterState
    dirty_from: int | None
    dirty_to: int | None
    configuration: MeterConfiguration
    settings: UserSettings
    readings: Sequence[Reading] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DisplayDocument:
    """One stored view; ``data`` has the shape that the caller sees, amounts as Decimal."""

    data_type: DataType
    year: int
    data: Mapping[str, Any]
    source_version: int
    calculation_version: int
    calculated_at: int


@dataclass(frozen=True, slots=True)
class DisplayUpdate:
    """What one refresh writes: documents of the years it touched, and the years that remain stored at all."""

    source_version: int
    documents: Sequence[DisplayDocument]
    stored_years: range


class EnergyRepository(Protocol):
    """The readings of one user inside one transaction."""

    def add(self, reading: NewReading, now: int) -> StoredReading:
        """Store one reading. Raises DuplicateReadingError."""

    def add_many(self, readings: Sequence[NewReading], now: int) -> None:
        """Store many readings in one command. Raises DuplicateReadingError."""

    def neighbours(self, energy_type: EnergyType, instant: int) -> tuple[Reading | None, Reading | None]:
        """The readings just before and just after an instant."""

    def instants_between(self, energy_type: EnergyType, first: int, last: int) -> set[int]:
        """The instants that already carry a reading, both ends included."""


class MeterRepository(Protocol):
    """The meters of one user inside one transaction."""

    def mark_changed(self, energy_type: EnergyType, first: int, last: int, now: int) -> int:
        """Count the source version up, widen the dirty range; returns the new source version."""

    def configuration(self, energy_type: EnergyType) -> MeterConfiguration:
        """Register modulus and exchanges of a meter."""


class WriteTransaction(Protocol):
    """One user's repositories bound to one transaction."""

    @property
    def readings(self) -> EnergyRepository:
        """The user's readings."""

    @property
    def meters(self) -> MeterRepository:
        """The user's meters."""


class Transactions(Protocol):
    """Runs a unit of work as a whole or not at all."""

    def run(self, user_id: str, work: Callable[[WriteTransaction], T]) -> T:
        """Run ``work``, again after a write conflict, within the request's time.

        Raises UnavailableError when time runs out; nothing is written then.
        """


class SettingsRepository(Protocol):
    """Zone and tolerance of users."""

    def find(self, user_id: str) -> UserSettings:
        """The user's settings, or the defaults."""


class DisplayDataRepository(Protocol):
    """Stored views, and the meters they are calculated from."""

    def find(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int
    ) -> tuple[DisplayDocument | None, MeterState]:
        """A stored view and the state of its meter, in one command to the database."""

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        """The versions of a meter; version 0 where there is none."""

    def snapshot(self, user_id: str, energy_type: EnergyType) -> MeterSnapshot:
        """Meter, settings and readings at one point in time; version 0 where there is no meter."""

    def publish(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> bool:
        """Replace documents and advance the display version in one transaction.

        Returns False, with nothing written, when the meter already shows this version or a newer one.
        """

    def dirty_meters(self, dirty_before: int, limit: int) -> list[tuple[str, EnergyType]]:
        """Meters of all users that have been dirty since before an instant, the longest waiting first."""


class EventPublisher(Protocol):
    """Tells the rest of the system what happened."""

    def publish(self, events: Sequence[EnergyEvent]) -> None:
        """Send events. Never raises: what is lost here is caught up from the dirty meters."""
