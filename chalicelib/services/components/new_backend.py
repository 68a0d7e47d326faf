"""The new backend: stored views, and readings by index from the new collection."""

from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import DisplayDataRepository, ReadingQueries
from chalicelib.domain.ports.values import PageRequest, StoredReading
from chalicelib.services.components.energy_backend import Recording
from chalicelib.services.display.display import DisplayService
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService


class NewBackend(DisplayService, Recording):
    """The backend whose views are the display's."""

    def __init__(
        self,
        display: DisplayDataRepository,
        queries: ReadingQueries,
        clock: Clock,
        energy: EnergyCrudService,
        imports: CsvImportService,
        calculation_version: int = CALCULATION_VERSION,
    ) -> None:
        DisplayService.__init__(self, display, queries, clock, calculation_version)
        Recording.__init__(self, energy, imports)

    @override
    def page(self, user_id: str, request: PageRequest) -> list[StoredReading]:
        """Read by index, as many as fit and hardly more."""
        return self._queries.page(user_id, request, Backend.NEW)

    @override
    def reading(self, user_id: str, reading_id: str) -> StoredReading:
        return self._queries.get(user_id, reading_id, Backend.NEW)
