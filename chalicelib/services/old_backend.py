"""The old backend: everything calculated on request from the old readings."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import FieldError, InvalidReadingError
from chalicelib.domain.ports import Clock, PageRequest, ReadingFilter, ReadingQueries, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync import Side
from chalicelib.services.display import Timeline
from chalicelib.services.views import histogram_data, monthly_data, series_of, summary_data


class OldBackendService:
    """What version 1 shows. In ``new_only`` the old readings rest, and the same is calculated from the new ones.

    All methods raise UnavailableError when the database does not answer in time.
    """

    def __init__(self, queries: ReadingQueries, clock: Clock) -> None:
        self._queries = queries
        self._clock = clock

    def readings(self, user_id: str, energy_type: EnergyType | None) -> list[StoredReading]:
        """All readings of a user, or of one type, in the order of their dates."""
        everything = PageRequest(ReadingFilter(energy_type), descending=False, limit=0)
        return self._queries.page(user_id, everything, Side.OLD)

    def check_type(self, user_id: str, reading_id: str, energy_type: EnergyType | None) -> None:
        """Raise InvalidReadingError where a correction names another type than the reading has, None: it names none.

        A reading keeps its type, so nothing can come between this and the write. Raises NotFoundError.
        """
        if energy_type and energy_type is not self._queries.get(user_id, reading_id, Side.OLD).type:
            reason = "the type of a reading cannot be changed; delete it and record it anew"
            raise InvalidReadingError(reason, (FieldError("type", reason),))

    def monthly(self, user_id: str, energy_type: EnergyType, year: int) -> Mapping[str, Any]:
        """The months of one year."""
        snapshot = self._queries.snapshot(user_id, energy_type, Side.OLD)
        return monthly_data(snapshot, series_of(snapshot), year)

    def histogram(self, user_id: str, energy_type: EnergyType, timeline: Timeline) -> Mapping[str, Any]:
        """The timeline. Raises HistogramError."""
        snapshot = self._queries.snapshot(user_id, energy_type, Side.OLD)
        return histogram_data(snapshot, timeline.first, timeline.last, timeline.buckets)

    def summary(self, user_id: str, energy_type: EnergyType) -> Mapping[str, Any]:
        """The summary cards for the user's local day."""
        snapshot = self._queries.snapshot(user_id, energy_type, Side.OLD)
        return summary_data(snapshot, series_of(snapshot), self._clock())[0]
