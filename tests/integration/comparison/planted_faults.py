"""Faults of the new backend, to be found by comparing: some are in stored documents, some in the code that answers.

Stored ones lie in the gas meter of 2023, which nobody writes to meanwhile: a refresh would mend them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.bootstrap.container import Container, Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.components.energy_backend import EnergyBackend
from chalicelib.services.display.display import Timeline, View
from chalicelib.services.display.view_data import monthly_data, series_of
from chalicelib.services.recording.energy_crud import ReadingDraft
from tests.integration.refresh.shown import OURS

POWER, GAS = EnergyType.POWER, EnergyType.GAS
YEAR = 2023
MONTHS = f"gas|monthly|{YEAR}{OURS}"
Data = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where faults are planted: one user's documents, and the application that keeps them."""

    database: MongoDatabase
    ports: Ports
    container: Container
    user: str

    def stored(self, document: str) -> Data:
        """What a display document shows."""
        found = self.database["display_energy_data"].find_one({"_id": f"{self.user}|{document}"})
        assert found is not None
        data: Data = found["data"]
        return data

    def store(self, document: str, data: Data) -> None:
        """Let it show something else, at the version that it has."""
        wanted = {"_id": f"{self.user}|{document}"}
        assert self.database["display_energy_data"].update_one(wanted, {"$set": {"data": data}}).modified_count == 1


@dataclass(frozen=True)
class Fault:
    """What goes wrong, the component that shows it, and at which places.

    ``stored`` changes what is stored; ``answer`` changes an answer of the new backend.
    """

    component: Component
    shows: frozenset[str]
    stored: Callable[[Place], None] | None = None
    answer: Callable[[EnergyBackend, str, EnergyType, View], Data] | None = None

    @property
    def places(self) -> set[tuple[Component, str]]:
        """Where it may be seen."""
        return {(self.component, place) for place in self.shows}

    def plant(self, place: Place) -> None:
        """Plant it for a user, where it is a fault of stored documents."""
        if self.stored:
            self.stored(place)


def of_months(change: Callable[[Data], None]) -> Callable[[Place], None]:
    """Change each month of the stored year."""

    def plant(place: Place) -> None:
        data = place.stored(MONTHS)
        for month in data["months"]:
            change(month)
        place.store(MONTHS, data)

    return plant


def interpolate_wrongly(month: Data) -> None:
    if month["isInterpolated"]:
        month["meterReading"] += Decimal("0.001")


def lose_a_field(month: Data) -> None:
    del month["flags"]


def leave_a_document_behind(place: Place) -> None:
    """The stored year is the one from before the last write, though the meter says that it shows it."""
    before = place.stored(MONTHS)
    place.container.energy.create(place.user, ReadingDraft(GAS, f"{YEAR}-04-30", Decimal(90), confirm=True))
    place.container.calculation.refresh(place.user, GAS)
    place.store(MONTHS, before)


def slip_the_zone(place: Place) -> None:
    """The year as somebody in New York would see it."""
    snapshot = place.ports.queries.snapshot(place.user, GAS, Backend.NEW)
    elsewhere = replace(snapshot, settings=replace(snapshot.settings, zone=ZoneInfo("America/New_York")))
    place.store(MONTHS, monthly_data(elsewhere, series_of(elsewhere), YEAR))


def count_wrongly(place: Place) -> None:
    data = place.stored(f"gas|histogram|-{OURS}")
    data["maxCount"] += 1
    place.store(f"gas|histogram|-{OURS}", data)


def lose_a_reading(place: Place) -> None:
    readings = place.database["source_energy_readings"]
    assert readings.delete_one({"userId": place.user, "type": "gas"}).deleted_count == 1


def swap_types(backend: EnergyBackend, user: str, energy_type: EnergyType, view: View) -> Data:
    other = GAS if energy_type is POWER else POWER
    return dict(backend.monthly(user, other, view.data["year"]).data)


def shift_the_year(backend: EnergyBackend, user: str, energy_type: EnergyType, view: View) -> Data:
    return dict(backend.monthly(user, energy_type, view.data["year"] - 1).data)


def misdate(backend: EnergyBackend, user: str, energy_type: EnergyType, view: View) -> Data:
    last = view.data["lastReading"]
    return {**view.data, "lastReading": last and {**last, "ageDays": last["ageDays"] + 1}}


CHARTS = Component.MONTHLY_CHARTS
FIGURES = ("meterReading", "consumption", "quality", "consumptionQuality", "flags[]", "calculationDetails.spanDays")
DERIVED = ("isActual", "isInterpolated", "isExtrapolated", "isDerived", "calculationDetails.method")
DETAILS = ("calculationDetails.interpolationRatio", "calculationDetails.sourceReadings[]")
SOURCES = ("calculationDetails.sourceReadings[].date", "calculationDetails.sourceReadings[].amount")
ANYTHING = frozenset({"year", *(f"months[].{name}" for name in (*FIGURES, *DERIVED, *DETAILS, *SOURCES))})

FAULTS: Mapping[str, Fault] = {
    "wrong interpolation": Fault(CHARTS, frozenset({"months[].meterReading"}), of_months(interpolate_wrongly)),
    "stale document": Fault(CHARTS, ANYTHING, leave_a_document_behind),
    "missing field": Fault(CHARTS, frozenset({"months[].flags"}), of_months(lose_a_field)),
    "time-zone slip": Fault(CHARTS, ANYTHING, slip_the_zone),
    "swapped types": Fault(CHARTS, ANYTHING, answer=swap_types),
    "a year shifted": Fault(CHARTS, ANYTHING, answer=shift_the_year),
    "wrong count": Fault(Component.TIMELINE_SLIDER, frozenset({"maxCount"}), count_wrongly),
    "lost reading": Fault(Component.ENERGY_TABLE, frozenset({"readings[]"}), lose_a_reading),
    "wrong age": Fault(Component.DASHBOARD, frozenset({"meters[].summary.lastReading.ageDays"}), answer=misdate),
}


class FaultyBackend:
    """The new backend with faults in its code, each for one user."""

    def __init__(self, backend: EnergyBackend, faults: Mapping[str, Fault]) -> None:
        self._backend = backend
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def monthly(self, user_id: str, energy_type: EnergyType, year: int, **options: Any) -> View:
        view = self._backend.monthly(user_id, energy_type, year, **options)
        return self._wrong(CHARTS, user_id, energy_type, view)

    def histogram(self, user_id: str, energy_type: EnergyType, timeline: Timeline, **options: Any) -> View:
        view = self._backend.histogram(user_id, energy_type, timeline, **options)
        return self._wrong(Component.TIMELINE_SLIDER, user_id, energy_type, view)

    def summary(self, user_id: str, energy_type: EnergyType, **options: Any) -> View:
        view = self._backend.summary(user_id, energy_type, **options)
        return self._wrong(Component.DASHBOARD, user_id, energy_type, view)

    def summaries(self, user_id: str, **options: Any) -> Mapping[EnergyType, View]:
        return {kind: self.summary(user_id, kind, **options) for kind in EnergyType}

    def _wrong(self, component: Component, user_id: str, energy_type: EnergyType, view: View) -> View:
        fault = self._faults.get(user_id)
        if fault is None or fault.answer is None or fault.component is not component:
            return view
        return replace(view, data=fault.answer(self._backend, user_id, energy_type, view))
