"""What a service needs in order to write for a person: units of work, and the repositories inside of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeVar

from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.import_record import IdRange, ImportRecord
from chalicelib.domain.ports.values import Change, NewReading, StoredReading, UserSettings
from chalicelib.domain.readings import EnergyType, Reading
from chalicelib.domain.readings.compact import CompactReadings

T = TypeVar("T")


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
