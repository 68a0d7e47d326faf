"""The new backend: stored views, and readings by index from the new collection."""

from chalicelib.domain.ports import PageRequest, ReadingQueries, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.rollout.decision import Backend
from chalicelib.services.backends.energy_backend import Recording
from chalicelib.services.display.display import DisplayService, Timeline, View
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService


class NewBackend(Recording):
    """Implements ``EnergyBackend``."""

    def __init__(
        self, display: DisplayService, queries: ReadingQueries, energy: EnergyCrudService, imports: CsvImportService
    ) -> None:
        super().__init__(energy, imports)
        self._display = display
        self._queries = queries

    def summary(self, user_id: str, energy_type: EnergyType, *, consistent: bool = False) -> View:
        """The stored cards, finished for the user's local day."""
        return self._display.summary(user_id, energy_type, consistent=consistent)

    def monthly(self, user_id: str, energy_type: EnergyType, year: int, *, consistent: bool = False) -> View:
        """The stored months; a year beyond the readings is calculated on the spot."""
        return self._display.monthly(user_id, energy_type, year, consistent=consistent)

    def histogram(self, user_id: str, energy_type: EnergyType, timeline: Timeline, *, consistent: bool = False) -> View:
        """The stored timeline; another range is counted on the spot. Raises HistogramError."""
        return self._display.histogram(user_id, energy_type, timeline, consistent=consistent)

    def page(self, user_id: str, request: PageRequest) -> list[StoredReading]:
        """By index, as many as fit and hardly more."""
        return self._queries.page(user_id, request, Backend.NEW)

    def reading(self, user_id: str, reading_id: str) -> StoredReading:
        """By its id. Raises NotFoundError."""
        return self._queries.get(user_id, reading_id, Backend.NEW)
