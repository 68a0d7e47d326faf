"""Each person's own book of what they recorded, and what they must be shown of it: nothing here asks the store.

Figures are calculated by the pure rules of the domain from the person's own readings, as they were at the version
that an answer names.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.migration.records.differences import differences
from chalicelib.domain.ports.values import MeterSnapshot, MeterState, StoredReading, UserSettings
from chalicelib.domain.readings import EnergyType, Reading, to_datetime
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.services.components.component_reads import (
    ComponentAnswer,
    ComponentRead,
    ShowDashboard,
    ShowMonths,
    ShowNewForm,
    ShowTable,
)
from chalicelib.services.display.view_data import histogram_data, monthly_data, series_of, summary_data
from infra.simulation.clock import local_day

Place: TypeAlias = tuple[EnergyType, int]
HEADERS = ("type", "sourceVersion")


@dataclass
class Known:
    """One meter of a person: its readings by instant, and how they were from each source version on."""

    readings: dict[int, Decimal] = field(default_factory=dict)
    versions: list[int] = field(default_factory=lambda: [0])
    states: list[dict[int, Decimal]] = field(default_factory=lambda: [{}])

    def note(self, version: int) -> None:
        """The present readings count from this version on."""
        self.versions.append(max(version, self.versions[-1]))
        self.states.append(dict(self.readings))

    def number(self, version: int) -> int:
        """Which of the states a version shows."""
        return bisect_right(self.versions, version) - 1


class Book:
    """One person's own book. ``ids``: how the application names the readings that they can change."""

    def __init__(self, user_id: str, types: Sequence[EnergyType]) -> None:
        self.user_id = user_id
        self.types = types
        self.meters = {kind: Known() for kind in EnergyType}
        self.ids: dict[Place, str] = {}
        self._views: dict[tuple[object, ...], Mapping[str, Any]] = {}

    def inherit(self, kind: EnergyType, readings: Mapping[int, Decimal]) -> None:
        """What was there before anything began."""
        known = self.meters[kind]
        known.readings.update(readings)
        known.states[0] = dict(known.readings)

    def record(self, kind: EnergyType, instant: int, amount: Decimal, version: int) -> None:
        """A reading was acknowledged."""
        self.meters[kind].readings[instant] = amount
        self.meters[kind].note(version)

    def remove(self, kind: EnergyType, instant: int, version: int) -> None:
        """The removal of a reading was acknowledged."""
        self.meters[kind].readings.pop(instant, None)
        self.ids.pop((kind, instant), None)
        self.meters[kind].note(version)

    def has(self, instant: int) -> bool:
        """Whether any meter has a reading at an instant: with two of them a table's order would be up to their ids."""
        return any(instant in known.readings for known in self.meters.values())

    def missing(self, stored: Mapping[Place, StoredReading]) -> int:
        """How many readings are not there as they were acknowledged, or are there though they were removed."""
        wanted = {
            (kind, instant): amount for kind, known in self.meters.items() for instant, amount in known.readings.items()
        }
        found = {place: reading.amount for place, reading in stored.items()}
        return sum(wanted.get(place) != found.get(place) for place in {**wanted, **found})

    def is_right(self, read: ComponentRead, answer: ComponentAnswer, now: int, *, at_version: bool) -> bool:
        """Whether an answer shows what this book says. ``at_version``: at the version that it names, else now."""
        if isinstance(read, ShowTable):
            return _rows(answer.body["readings"]) == self._newest(None, read.limit)
        if isinstance(read, ShowNewForm):
            last = answer.body["last"]
            return _rows([last] if last else []) == self._newest(read.type, 1)
        if isinstance(read, ShowDashboard):
            shown = {EnergyType(each["type"]): each for each in answer.body["meters"]}
            return all(
                self._fits(read, kind, view["summary"], self._version(view, at_version), now)
                for kind, view in shown.items()
            )
        body = {name: value for name, value in answer.body.items() if name not in HEADERS}
        kind = EnergyType(answer.body["type"])
        return self._fits(read, kind, body, self._version(answer.body, at_version), now)

    def _version(self, view: Mapping[str, Any], at_version: bool) -> int | None:
        return int(view["sourceVersion"]) if at_version else None

    def _fits(
        self, read: ComponentRead, kind: EnergyType, shown: Mapping[str, Any], version: int | None, now: int
    ) -> bool:
        expected = self._view(read, kind, version, now)
        return shown == expected or not [*differences(expected, shown)]

    def _view(self, read: ComponentRead, kind: EnergyType, version: int | None, now: int) -> Mapping[str, Any]:
        """Calculated once for equal readings on one day."""
        known = self.meters[kind]
        number = len(known.states) - 1 if version is None else known.number(version)
        key = (type(read), kind, number, getattr(read, "year", None), local_day(now))
        if key not in self._views:
            readings = known.readings if version is None else known.states[number]
            self._views[key] = _calculated(read, readings, now)
        return self._views[key]

    def _newest(self, kind: EnergyType | None, limit: int) -> list[tuple[str, int, Decimal]]:
        rows = [
            (instant, each.value, amount)
            for each, known in self.meters.items()
            if kind in (None, each)
            for instant, amount in known.readings.items()
        ]
        return sorted(((name, instant, amount) for instant, name, amount in rows), key=_order)[:limit]


def _calculated(read: ComponentRead, readings: Mapping[int, Decimal], now: int) -> Mapping[str, Any]:
    points = CompactReadings.of(sorted(Reading(instant, amount) for instant, amount in readings.items()))
    settings, configuration = UserSettings(), MeterConfiguration()
    snapshot = MeterSnapshot(SyncState(), MeterState(), None, None, configuration, settings, points)
    if isinstance(read, ShowMonths):
        return monthly_data(snapshot, series_of(snapshot), read.year)
    if isinstance(read, ShowDashboard):
        return summary_data(snapshot, series_of(snapshot), now)[0]
    return histogram_data(snapshot)


def _rows(shown: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, Decimal]]:
    rows = [(row["type"], round(row["date"].timestamp() * 1000), row["amount"]) for row in shown]
    return sorted(rows, key=_order)


def _order(row: tuple[str, int, Decimal]) -> tuple[int, str]:
    return -row[1], row[0]


def written(instant: int) -> str:
    """An instant as people's pages send it."""
    return to_datetime(instant).isoformat()
