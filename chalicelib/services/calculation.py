"""Refresh: the one operation that brings display documents up to their meter's source version.

Idempotent and independent of order: whoever calls it (a handler, a catch-up after a crash), however often, the
documents end up equal to a fresh calculation.
"""

from typing import Any

from chalicelib.domain.affected import affected_years
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.monthly import monthly_entries, stored_years
from chalicelib.domain.ports import (
    Clock,
    DisplayDataRepository,
    DisplayDocument,
    DisplayUpdate,
    MeterSnapshot,
    UserSettings,
)
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.series import Series
from chalicelib.monitoring.logger import logger

CALCULATION_VERSION = 1


class DisplayDataCalculationService:
    """Calculates what a meter's dirty range touches and publishes it."""

    def __init__(self, display: DisplayDataRepository, clock: Clock) -> None:
        self._display = display
        self._clock = clock

    def refresh(self, user_id: str, energy_type: EnergyType, version: int | None = None) -> bool:
        """Bring a meter's documents up to date; returns whether this call did it.

        ``version`` is the source version that an event announced: reached already, nothing is read beyond that.
        """
        state = self._display.state(user_id, energy_type)
        if state.display_version >= (state.source_version if version is None else version):
            return False
        snapshot = self._display.snapshot(user_id, energy_type)
        return self._display.publish(user_id, energy_type, self._calculate(snapshot))

    def catch_up(self, limit: int = 1000) -> int:
        """Refresh every meter whose event never arrived; returns how many this call brought up to date.

        One that cannot be refreshed is logged and stays dirty; it does not hold up the others.
        """
        dirty = self._display.dirty_meters(self._clock(), limit)
        return sum(self._caught_up(user_id, energy_type) for user_id, energy_type in dirty)

    def _caught_up(self, user_id: str, energy_type: EnergyType) -> bool:
        try:
            return self.refresh(user_id, energy_type)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 whatever is wrong with this meter, the next one wants its figures
            logger().error("a meter cannot be refreshed", extra={"meter": energy_type}, exc_info=error)
            return False

    def _calculate(self, snapshot: MeterSnapshot) -> DisplayUpdate:
        series = series_of(snapshot)
        years = stored_years(series, snapshot.settings.zone)
        touched = _touched(snapshot, series)
        return DisplayUpdate(
            source_version=snapshot.state.source_version,
            documents=[self._monthly(snapshot, series, year) for year in years if year in touched],
            stored_years=years,
        )

    def _monthly(self, snapshot: MeterSnapshot, series: Series, year: int) -> DisplayDocument:
        return DisplayDocument(
            data_type="monthly",
            year=year,
            data=monthly_data(series, year, snapshot.settings),
            source_version=snapshot.state.source_version,
            calculation_version=CALCULATION_VERSION,
            calculated_at=self._clock(),
        )


def series_of(snapshot: MeterSnapshot) -> Series:
    """The corrected counter of a meter as it stood at the snapshot."""
    return Series.of(snapshot.readings, snapshot.configuration.exchanges, snapshot.configuration.modulus)


def monthly_data(series: Series, year: int, settings: UserSettings) -> dict[str, Any]:
    """The ``data`` of a monthly document: ``{"year": 2024, "months": [twelve entries]}``, amounts as Decimal."""
    entries = monthly_entries(series, year, settings.zone, settings.tolerance_days)
    return {"year": year, "months": [entry.as_document() for entry in entries]}


def _touched(snapshot: MeterSnapshot, series: Series) -> set[int]:
    if snapshot.dirty_from is None or snapshot.dirty_to is None:
        return set()
    settings = snapshot.settings
    return affected_years(series, snapshot.dirty_from, snapshot.dirty_to, settings.zone, settings.tolerance_days)
