"""Giving a user's readings back, page by page: what a page holds. How it is written: ``domain.files.export``."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.domain.files.export.page import PAGE_READINGS, ExportPage
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.plausibility.limits import in_kept_digits
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import ReadingQueries, SettingsRepository
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType

PageReader = Callable[[str, PageRequest], list[StoredReading]]


class ExportService:
    """Collects what a page of an export says."""

    def __init__(
        self,
        settings: SettingsRepository,
        queries: ReadingQueries,
        clock: Clock,
        page_readings: int = PAGE_READINGS,
    ) -> None:
        self._settings = settings
        self._queries = queries
        self._clock = clock
        self._page_readings = page_readings

    def page(
        self, user_id: str, read: PageReader, wanted: ReadingFilter, after: tuple[int, str] | None = None
    ) -> ExportPage:
        """The page behind a position, by ``read``, the list of one backend; on the first one also what meters are like.

        A meter's configuration is whole, whatever range is asked for: half of its exchanges would give other figures.

        Raises:
            UnavailableError: the database did not answer in time.
        """
        found = read(user_id, PageRequest(wanted, descending=False, limit=self._page_readings + 1, after=after))
        shown = found[: self._page_readings]
        return ExportPage(
            exported_at=self._clock(),
            zone=self._settings.find(user_id).zone,
            readings=[*map(_as_taken, shown)],
            meters=self._meters(user_id, wanted.type) if after is None else None,
            following=(shown[-1].instant, shown[-1].id) if len(found) > len(shown) else None,
        )

    def _meters(self, user_id: str, wanted: EnergyType | None) -> Mapping[EnergyType, MeterConfiguration]:
        types = EnergyType if wanted is None else [wanted]
        return {energy_type: self._queries.configuration(user_id, energy_type) for energy_type in types}


def _as_taken(reading: StoredReading) -> StoredReading:
    """With an amount that an import takes."""
    amount = in_kept_digits(reading.amount)
    return reading if amount == reading.amount else replace(reading, amount=amount)
