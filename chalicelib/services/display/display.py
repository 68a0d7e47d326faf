"""Reading a view: the stored document, or the same figures calculated on the spot where none is stored.

A reader who must see every write (``consistent``) gets them on the spot too while the display lags: that takes no
longer than the refresh that it would wait for, and nothing is left to chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from secrets import randbelow
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS
from chalicelib.domain.calculation.summary import instants_of_cards
from chalicelib.domain.meters.display_documents import ALWAYS_WRITTEN, DataType
from chalicelib.domain.meters.invariants import VERSION_LIMIT
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import DisplayDataRepository, InstantsIn, ReadingQueries
from chalicelib.domain.ports.values import MeterSnapshot, MeterState, Shown
from chalicelib.domain.readings import EnergyType, local_date
from chalicelib.services.display.view_data import (
    finished_summary_data,
    histogram_data,
    monthly_data,
    series_of,
    summary_data,
)


@dataclass(frozen=True, slots=True)
class View:
    """The data of a view, how it relates to the meter it was calculated from, and the user's zone where known."""

    data: Mapping[str, Any]
    state: MeterState
    calculated_at: int | None
    day: date | None = None
    zone: ZoneInfo | None = None

    @classmethod
    def of_snapshot(
        cls, snapshot: MeterSnapshot, calculation_version: int, data: Mapping[str, Any], day: date | None = None
    ) -> "View":
        """Make it from a calculation on the spot: it has every write, whatever the meter shows.

        Figures of a damaged meter have a version that nobody has seen, nor will: their ETag must never fit again.
        """
        unseen = VERSION_LIMIT + randbelow(VERSION_LIMIT)
        version = unseen if snapshot.state.damaged else snapshot.state.source_version
        state = MeterState(version, version, calculation_version=calculation_version)
        return cls(data, state, None, day, snapshot.settings.zone if snapshot.zoned else None)

    @property
    def etag(self) -> str:
        """The calculation's version, the source version, the one it lags behind, and the day it was finished for.

        Other rules do not count the source version up: the calculation version comes first, so that no ETag of before
        fits.
        """
        behind = f"-{self.state.source_version}" if self.state.stale else ""
        day = f".{self.day.isoformat()}" if self.day else ""
        return f'"{self.state.calculation_version}.{self.state.display_version}{behind}{day}"'


@dataclass(frozen=True, slots=True)
class Timeline:
    """The range and buckets of a histogram: by default from the first to the last stored reading."""

    first: int | None = None
    last: int | None = None
    buckets: int = DEFAULT_BUCKETS


class DisplayService:
    """Answers display requests with one command to the database for every stored view.

    ``consistent``: every write that was acknowledged before is in the view, and it is not stale. All methods raise
    UnavailableError when the database does not answer in time.
    """

    def __init__(
        self,
        display: DisplayDataRepository,
        queries: ReadingQueries,
        clock: Clock,
        calculation_version: int = CALCULATION_VERSION,
    ) -> None:
        self._display = display
        self._queries = queries
        self._clock = clock
        self._calculation_version = calculation_version

    def monthly(self, user_id: str, energy_type: EnergyType, year: int, *, consistent: bool = False) -> View:
        """The months of one year of one meter; twelve nulls where nothing was ever read."""
        shown = self._display.look_up(user_id, energy_type, "monthly", year, zoned=True)
        if view := self._stored(shown, consistent):
            return view
        snapshot = shown.nothing or self._of_year(user_id, energy_type, shown.state, year)
        data = monthly_data(snapshot, series_of(snapshot), year)
        return View.of_snapshot(snapshot, self._calculation_version, data)

    def histogram(self, user_id: str, energy_type: EnergyType, timeline: Timeline, *, consistent: bool = False) -> View:
        """How many readings lie in each part of the timeline. Raises HistogramError."""
        kind: DataType = "histogram" if timeline == Timeline() else "summary"  # either says how new its meter is
        shown = self._display.look_up(user_id, energy_type, kind, zoned=True)
        state = shown.state
        if kind == "histogram":
            if view := self._stored(shown, consistent):
                return view
            if _has_views(state):  # written by every refresh: where a backup of the meter came back, it is newer
                _, state = self._display.find(user_id, energy_type, "summary", None)
        snapshot = shown.nothing or self._between(user_id, energy_type, state, timeline)
        data = histogram_data(snapshot, timeline.first, timeline.last, timeline.buckets)
        return View.of_snapshot(snapshot, self._calculation_version, data)

    def summary(self, user_id: str, energy_type: EnergyType, *, consistent: bool = False) -> View:
        """The summary cards for the user's local day."""
        return self._summary(user_id, energy_type, self._display.look_up(user_id, energy_type, "summary"), consistent)

    def summaries(self, user_id: str, *, consistent: bool = False) -> Mapping[EnergyType, View]:
        """The summary cards of every meter."""
        found = self._display.summaries(user_id)
        return {kind: self._summary(user_id, kind, found[kind], consistent) for kind in EnergyType}

    def _summary(self, user_id: str, energy_type: EnergyType, shown: Shown, consistent: bool) -> View:
        document, state = shown.document, shown.state
        if document is not None and self._in_service(state, consistent):
            try:
                data, today = finished_summary_data(dict(document.data), self._clock())
                return View(data, state, document.calculated_at, today)
            except (LookupError, ValueError):  # damaged, or not read for over a month: as if it were not there
                pass
        now = self._clock()
        snapshot = shown.nothing or self._around(
            user_id, energy_type, state, lambda zone: instants_of_cards(local_date(now, zone), zone)
        )
        cards = summary_data(snapshot, series_of(snapshot), now)
        return View.of_snapshot(snapshot, self._calculation_version, *cards)

    def _stored(self, shown: Shown, consistent: bool) -> View | None:
        """The view as it is stored, where it may be shown."""
        if shown.document is None or not self._in_service(shown.state, consistent):
            return None
        return View(shown.document.data, shown.state, shown.document.calculated_at, zone=shown.zone)

    def _in_service(self, state: MeterState, consistent: bool) -> bool:
        """A clean meter needs no second look. One that lags does for good while the new side is not written."""
        return not state.stale or (not consistent and Side.NEW in self._queries.sync().writes)

    def _of_year(self, user_id: str, energy_type: EnergyType, seen: MeterState, year: int) -> MeterSnapshot:
        """For the months of a year. Where a backup of the meter came back, what every refresh writes is newer."""
        if not _has_views(seen):
            return self._snapshot(user_id, energy_type, seen)
        if part := self._queries.snapshot_of_year(user_id, energy_type, year):
            return part
        states = [self._display.find(user_id, energy_type, kind, None)[1] for kind in ALWAYS_WRITTEN]
        return self._snapshot(user_id, energy_type, next((state for state in states if state.damaged), seen))

    def _around(self, user_id: str, energy_type: EnergyType, seen: MeterState, instants: InstantsIn) -> MeterSnapshot:
        """For figures about some instants."""
        part = self._queries.snapshot_around(user_id, energy_type, instants) if _has_views(seen) else None
        return part or self._snapshot(user_id, energy_type, seen)

    def _between(self, user_id: str, energy_type: EnergyType, seen: MeterState, timeline: Timeline) -> MeterSnapshot:
        """For counts of a range; from the first or to the last reading all are asked which that is."""
        if timeline.first is None or timeline.last is None or not _has_views(seen):
            return self._snapshot(user_id, energy_type, seen)
        part = self._queries.snapshot_between(user_id, energy_type, timeline.first, timeline.last)
        return part or self._snapshot(user_id, energy_type, seen)

    def _snapshot(self, user_id: str, energy_type: EnergyType, seen: MeterState) -> MeterSnapshot:
        """For a calculation on the spot; a meter that was found damaged is so whatever the snapshot says."""
        snapshot = self._queries.snapshot(user_id, energy_type, Backend.NEW)
        if not seen.damaged or snapshot.state.damaged:
            return snapshot
        return replace(snapshot, state=MeterState(damaged=True))


def _has_views(state: MeterState) -> bool:
    """Whether more of a meter's views can say how new it is: of one that is not there, or damaged, none can."""
    return state.source_version > 0 and not state.damaged
