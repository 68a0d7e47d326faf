"""The old backend: everything calculated on request from the old readings."""

from collections.abc import Mapping

from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import FieldError, InvalidReadingError
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import ReadingQueries
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.services.components.energy_backend import Recording
from chalicelib.services.display.display import Timeline, View
from chalicelib.services.display.view_data import histogram_data, monthly_data, series_of, summary_data
from chalicelib.services.migration.backends.listing import page_of
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService


class OldBackend(Recording):
    """The backend that version 1 shows.

    Every write is in a view, ``consistent`` or not. In ``new_only`` the old readings rest, and the same is calculated
    from the new ones. All methods raise UnavailableError when the database does not answer in time.
    """

    def __init__(
        self,
        queries: ReadingQueries,
        clock: Clock,
        energy: EnergyCrudService,
        imports: CsvImportService,
        calculation_version: int = CALCULATION_VERSION,
    ) -> None:
        super().__init__(energy, imports)
        self._queries = queries
        self._clock = clock
        self._calculation_version = calculation_version

    def readings(self, user_id: str, energy_type: EnergyType | None) -> list[StoredReading]:
        """All readings of a user, or of one type, in the order of their dates."""
        everything = PageRequest(ReadingFilter(energy_type), descending=False, limit=0)
        return self._queries.page(user_id, everything, Backend.OLD)

    @override
    def page(self, user_id: str, request: PageRequest) -> list[StoredReading]:
        """Take a page of the one list there is: the old table loads all of it, then filters, sorts and turns pages."""
        return page_of(self.readings(user_id, request.filter.type), request)

    @override
    def reading(self, user_id: str, reading_id: str) -> StoredReading:
        return self._queries.get(user_id, reading_id, Backend.OLD)

    def check_type(self, user_id: str, reading_id: str, energy_type: EnergyType | None) -> None:
        """Raise InvalidReadingError where a correction names another type than the reading has, None: it names none.

        A reading keeps its type, so nothing can come between this and the write. Raises NotFoundError.
        """
        if energy_type and energy_type is not self.reading(user_id, reading_id).type:
            reason = "the type of a reading cannot be changed; delete it and record it anew"
            raise InvalidReadingError(reason, (FieldError("type", reason),))

    @override
    def monthly(self, user_id: str, energy_type: EnergyType, year: int, **_: bool) -> View:
        snapshot = self._queries.snapshot(user_id, energy_type, Backend.OLD)
        return View.of_snapshot(snapshot, self._calculation_version, monthly_data(snapshot, series_of(snapshot), year))

    @override
    def histogram(self, user_id: str, energy_type: EnergyType, timeline: Timeline, **_: bool) -> View:
        snapshot = self._queries.snapshot(user_id, energy_type, Backend.OLD)
        data = histogram_data(snapshot, timeline.first, timeline.last, timeline.buckets)
        return View.of_snapshot(snapshot, self._calculation_version, data)

    @override
    def summary(self, user_id: str, energy_type: EnergyType, **_: bool) -> View:
        snapshot = self._queries.snapshot(user_id, energy_type, Backend.OLD)
        cards = summary_data(snapshot, series_of(snapshot), self._clock())
        return View.of_snapshot(snapshot, self._calculation_version, *cards)

    @override
    def summaries(self, user_id: str, **_: bool) -> Mapping[EnergyType, View]:
        return {energy_type: self.summary(user_id, energy_type) for energy_type in EnergyType}
