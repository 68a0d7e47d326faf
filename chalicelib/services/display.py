"""Reading a view: the stored document, or the same figures calculated on the spot for years that are not stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.ports import DataType, DisplayDataRepository, MeterState
from chalicelib.domain.readings import EnergyType
from chalicelib.services.calculation import monthly_data, series_of


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: the data, and how it relates to the meter it was calculated from."""

    data: Mapping[str, Any]
    source_version: int
    display_version: int
    calculated_at: int | None

    @property
    def stale(self) -> bool:
        """Whether a write is not in the data yet."""
        return self.display_version < self.source_version


class DisplayService:
    """Answers display requests with one command to the database for every stored view."""

    def __init__(self, display: DisplayDataRepository) -> None:
        self._display = display

    def view(self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int) -> View:
        """The months of one year of one meter; twelve nulls where nothing was ever read.

        Raises:
            UnavailableError: the database did not answer in time.
        """
        document, state = self._display.find(user_id, energy_type, data_type, year)
        if document is None:
            return self._calculated(user_id, energy_type, year)
        return _stored(document.data, state, document.calculated_at)

    def _calculated(self, user_id: str, energy_type: EnergyType, year: int) -> View:
        snapshot = self._display.snapshot(user_id, energy_type)
        version = snapshot.state.source_version
        return View(monthly_data(series_of(snapshot), year, snapshot.settings), version, version, None)


def _stored(data: Mapping[str, Any], state: MeterState, calculated_at: int) -> View:
    return View(data, state.source_version, state.display_version, calculated_at)
