"""The Protocol of a backend: what each component asks of it, and the writes, which are the same in every backend."""

from collections.abc import Mapping
from typing import Protocol

from typing_extensions import override

from chalicelib.domain.files.imports.options import DEFAULTS, ImportOptions
from chalicelib.domain.ports.values import PageRequest, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.services.display.display import Timeline, View
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService, ReadingCorrection, ReadingDraft, Recorded
from chalicelib.services.recording.import_write import ImportReport


class EnergyBackend(Protocol):
    """One backend; nobody can see from an answer which one gave it.

    ``consistent``: every write that was acknowledged before is in the view. All methods raise UnavailableError when the
    database does not answer in time.
    """

    def summary(self, user_id: str, energy_type: EnergyType, *, consistent: bool = ...) -> View:
        """The summary cards of a meter for the user's local day."""

    def summaries(self, user_id: str, *, consistent: bool = ...) -> Mapping[EnergyType, View]:
        """The cards of every meter."""

    def monthly(self, user_id: str, energy_type: EnergyType, year: int, *, consistent: bool = ...) -> View:
        """The months of one year of a meter."""

    def histogram(self, user_id: str, energy_type: EnergyType, timeline: Timeline, *, consistent: bool = ...) -> View:
        """How many readings lie in each part of the timeline. Raises HistogramError."""

    def page(self, user_id: str, request: PageRequest) -> list[StoredReading]:
        """Readings in the order of their dates, at most ``request.limit``."""

    def reading(self, user_id: str, reading_id: str) -> StoredReading:
        """One reading. Raises NotFoundError."""

    def create(self, user_id: str, draft: ReadingDraft) -> Recorded:
        """Store one reading. Raises as ``EnergyCrudService.create``."""

    def update(self, user_id: str, reading_id: str, correction: ReadingCorrection) -> Recorded:
        """Give a reading another date or amount. Raises as ``EnergyCrudService.update``."""

    def delete(self, user_id: str, reading_id: str, content: str | None = None) -> int:
        """Take a reading away; returns its meter's source version. Raises as ``EnergyCrudService.delete``."""

    def bulk_create(self, user_id: str, content: bytes, options: ImportOptions = DEFAULTS) -> ImportReport:
        """Store the readings of a file. Raises as ``CsvImportService.bulk_create``."""


class Recording(EnergyBackend):
    """The writes of either backend: the sync mode, not the backend, says where they go, so that none gets lost."""

    def __init__(self, energy: EnergyCrudService, imports: CsvImportService) -> None:
        self._energy = energy
        self._imports = imports

    @override
    def create(self, user_id: str, draft: ReadingDraft) -> Recorded:
        return self._energy.create(user_id, draft)

    @override
    def update(self, user_id: str, reading_id: str, correction: ReadingCorrection) -> Recorded:
        return self._energy.update(user_id, reading_id, correction)

    @override
    def delete(self, user_id: str, reading_id: str, content: str | None = None) -> int:
        return self._energy.delete(user_id, reading_id, content=content)

    @override
    def bulk_create(self, user_id: str, content: bytes, options: ImportOptions = DEFAULTS) -> ImportReport:
        return self._imports.bulk_create(user_id, content, options)
