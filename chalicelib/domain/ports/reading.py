"""What a service needs in order to read: readings, settings, imports, and the display."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument, DisplayUpdate
from chalicelib.domain.meters.import_record import ImportRecord
from chalicelib.domain.ports.values import (
    MeterSnapshot,
    MeterState,
    PageRequest,
    Shown,
    StoredReading,
    UserSettings,
    WholeMeter,
)
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import CompactReadings

InstantsIn = Callable[[ZoneInfo], Sequence[int]]  # at least one, in a user's zone


class ReadingQueries(Protocol):
    """Reading single readings and lists, on the side that a backend reads in the present sync mode."""

    def sync(self) -> SyncState:
        """The sync mode now."""

    def get(self, user_id: str, reading_id: str, backend: Backend) -> StoredReading:
        """One reading. Raises NotFoundError."""

    def page(self, user_id: str, request: PageRequest, backend: Backend) -> list[StoredReading]:
        """Readings in the order of their dates, at most ``request.limit``."""

    def damaged_among(self, user_id: str, energy_type: EnergyType, instants: Sequence[int]) -> set[int]:
        """The instants, of those without a reading, that a damaged document holds: an import refuses their rows."""

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
        """Read a snapshot for the months of a year, with readings for those alone that it does not know."""

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

    def look_up(
        self,
        user_id: str,
        energy_type: EnergyType,
        data_type: DataType,
        year: int | None = None,
        *,
        zoned: bool = False,
    ) -> Shown:
        """Find a view as it is shown to its user, in one command; ``zoned``: with the user's zone."""

    def summaries(self, user_id: str) -> Mapping[EnergyType, Shown]:
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
