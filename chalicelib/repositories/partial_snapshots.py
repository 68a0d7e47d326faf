"""Snapshots with a part of a meter's readings: those of a range, or those that decide about some instants or months.

Only where the new side is read and what is stored can be believed: the readings are then the same as all of them to
a question within the range, or about the instants. Else all are read (``queries``). ``near_readings``
asks which lie beside an instant.
"""

from collections.abc import Collection as Several
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.calculation.extent import Extent
from chalicelib.domain.calculation.flagless import Span, is_flagless
from chalicelib.domain.calculation.month_end import HORIZON_MS
from chalicelib.domain.calculation.monthly import ALL_MONTHS, instants_of_months
from chalicelib.domain.calculation.series import SLOPE_BASE_MS
from chalicelib.domain.calculation.unchanged import unchanged_months
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.display_documents import ALWAYS_WRITTEN, DataType
from chalicelib.domain.meters.invariants import calculation_of, is_ahead, is_believable, is_sound, view_id
from chalicelib.domain.ports.reading import InstantsIn
from chalicelib.domain.ports.values import MeterSnapshot, UserSettings
from chalicelib.domain.readings import (
    FIRST_INSTANT,
    LAST_INSTANT,
    EnergyType,
    Reading,
    local_date,
    to_datetime,
    to_ms,
)
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories import series
from chalicelib.repositories.database import Collections, Document, MongoDatabase, instant_of
from chalicelib.repositories.history import points_between
from chalicelib.repositories.meters import configuration_of, state_of
from chalicelib.repositories.near_readings import NearReadings
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.sealed_views import AS_SENT, OpenedView, opened
from chalicelib.repositories.settings import UNREADABLE
from chalicelib.repositories.snapshot_head import Head, head_of

FEW = 20_000  # readings: where a meter has no more, all are read as quickly as some are looked up
EXCHANGES = 20  # each is two looks more
NO_MONTHS: Mapping[int, Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PartialSnapshots:
    """Looks at one meter, as a session sees it."""

    database: MongoDatabase
    user_id: str
    type: EnergyType
    session: ClientSession

    def between(self, first: int, last: int) -> MeterSnapshot | None:
        """Read a snapshot with the readings from one instant to another, both included."""
        head = self._head()
        parts = series.parts_of(self.database, self.user_id, self.session)
        kept = series.within(parts, head.meter, first, last) if head and series.is_kept(head.meter) else None
        if head is None or kept is None:
            return None
        return self._snapshot(head, self._as_of_now(head, kept, first, last))

    def around(self, instants_in: InstantsIn) -> MeterSnapshot | None:
        """Read a snapshot with the readings around each instant, and all that a counter between them depends on.

        What happened in between is known by the stored months: where they have no flag, the register only grew. What
        has changed since is read itself, with its neighbours. Of a small meter all readings.
        """
        years = {to_datetime(instant).year for instant in instants_in(ZoneInfo("UTC")) if instant < LAST_INSTANT}
        head = self._head(of_large=[self._view("histogram"), *(self._view("monthly", year) for year in years)])
        return self._around(head, instants_in) if head else None

    def of_year(self, year: int) -> MeterSnapshot | None:
        """Read a snapshot for the months of a year, with the readings that those depend on that a change reaches.

        The other months are in it as they are stored. It has no readings where these lie too far from the year.
        What every refresh writes says how far they reach, and where it is newer than its meter that nothing here can be
        believed.
        """
        views = [*map(self._view, ALWAYS_WRITTEN), self._view("monthly", year)]
        head = self._head(views, of_large=[self._view("monthly", each) for each in (year - 1, year + 1)])
        if head is None or head.views is None or any(is_ahead(view, head.meter) for view, _ in head.views):
            return None
        if _leaves_empty(head.meter, head.views, year):
            return self._empty(head)
        months = _unchanged(head, year)
        missing = [month for month in ALL_MONTHS if month not in months]
        if not missing:
            return self._snapshot(head, CompactReadings.of(()), months)
        found = self._around(head, lambda zone: instants_of_months(year, missing, zone))
        return found and replace(found, months=months)

    def _around(self, head: Head, instants_in: InstantsIn) -> MeterSnapshot | None:
        if _count(head.meter) <= FEW:
            return self._whole(head)
        timeline = _sealed(head, "histogram").get(None)
        configuration, instants = configuration_of(head.meter, self.type), sorted(instants_in(head.settings.zone))
        if timeline is None or configuration.runs_backwards or len(configuration.exchanges) > EXCHANGES:
            return None
        shown, exchanges = _range_of(timeline), [exchange.instant for exchange in configuration.points]
        chosen = self._chosen(shown, _changed(head.meter), exchanges, instants)
        if chosen is None or not self._only_grows(head, shown, chosen[1]):
            return None
        return self._snapshot(head, CompactReadings.of(chosen[0]))

    def _empty(self, head: Head) -> MeterSnapshot:
        """Without readings: no figure depends on the zone, so that one which cannot be read hinders nobody here."""
        try:
            settings, zoned = head.settings, True
        except UNREADABLE:
            settings, zoned = UserSettings(), False
        return replace(self._snapshot(replace(head, look=lambda: settings), CompactReadings.of(())), zoned=zoned)

    def _whole(self, head: Head) -> MeterSnapshot | None:
        """With all readings, where their compact series can be believed."""
        found = series.believed(head.parts, head.meter) if series.is_kept(head.meter) else None
        return self._snapshot(head, self._as_of_now(head, found[0], FIRST_INSTANT, LAST_INSTANT)) if found else None

    def _as_of_now(self, head: Head, kept: CompactReadings, first: int, last: int) -> CompactReadings:
        """The kept readings of a range, with what has changed since in place of what was there."""
        if "dirtyFrom" not in head.meter:
            return kept
        begin, end = max(first, to_ms(head.meter["dirtyFrom"])), min(last, to_ms(head.meter["dirtyTo"]))
        return kept.with_range(begin, end, self._stored(begin, end)) if begin <= end else kept

    def _head(self, views: Sequence[str] = (), *, of_large: Sequence[str] = ()) -> Head | None:
        few = FEW if of_large else None
        head = head_of(self.database, self.user_id, self.type, self.session, views=views, few=few, of_large=of_large)
        believed = head.sync.reads(Backend.NEW) is Side.NEW and bool(head.meter) and is_sound(head.meter)
        return head if believed else None

    def _snapshot(
        self, head: Head, readings: CompactReadings, months: Mapping[int, Mapping[str, Any]] = NO_MONTHS
    ) -> MeterSnapshot:
        return MeterSnapshot(
            sync=head.sync,
            state=state_of(head.meter),
            dirty_from=instant_of(head.meter.get("dirtyFrom")),
            dirty_to=instant_of(head.meter.get("dirtyTo")),
            configuration=configuration_of(head.meter, self.type),
            settings=head.settings,
            readings=readings,
            months=months,
        )

    def _readings(self) -> ScopedCollection:
        return ScopedCollection(self.database[Collections.READINGS], self.user_id, self.session)

    def _stored(self, first: int, last: int) -> CompactReadings:
        return points_between(self._readings(), self.type, (first, last))

    def _only_grows(self, head: Head, shown: Span | None, spans: Sequence[Span]) -> bool:
        """Whether the stored months say so of all that was displayed in some spans."""
        if shown is None:
            return True
        zone = head.settings.zone
        years = {
            year
            for span in spans
            for year in range(local_date(span.first, zone).year, local_date(span.last, zone).year + 1)
        }
        months = self._months(head, years)
        return all(is_flagless(months, shown, span, zone) for span in spans)

    def _months(self, head: Head, years: Several[int]) -> list[Mapping[str, Any]]:
        """The data of stored years; those that did not come with the head are looked up."""
        known = _sealed(head, "monthly")
        if unknown := [self._view("monthly", year) for year in years if year not in known]:
            display: Collection[Any] = self.database.get_collection(Collections.DISPLAY, codec_options=AS_SENT)
            found: Iterable[Any] = ScopedCollection(display, self.user_id, self.session).find({"_id": {"$in": unknown}})
            known |= _sealed(replace(head, views=[*map(opened, found)]), "monthly")
        return [*known.values()]

    def _view(self, kind: DataType, year: int | None = None) -> str:
        return view_id(self.user_id, self.type, kind, year, CALCULATION_VERSION)

    def _chosen(
        self, shown: Span | None, changed: Span | None, exchanges: Sequence[int], instants: Sequence[int]
    ) -> tuple[set[Reading], list[Span]] | None:
        """The readings beside the instants, the exchanges and the dirty range, and the spans that lie between them.

        Where an instant lies beyond all points, there is a slope of four weeks: its other end is looked up too, first
        the one that it has if no end of the readings was deleted.
        """
        ends = [*(shown or ()), *(changed or ()), *exchanges]
        if not ends:
            return set(), []
        reach = _span_of(ends)
        near = NearReadings(self.database, self.user_id, self.type, self.session, reach, changed)
        expected = _slopes(reach, instants)
        chosen = near.with_changed([*instants, *exchanges, *expected.values()])
        if chosen is None:
            return None
        points = [*exchanges, *(reading.instant for reading in chosen)]
        if not points:
            return chosen, []
        there = _span_of(points)
        slopes = _slopes(there, instants)
        if slopes != expected:
            chosen |= near.beside(slopes.values())
        return chosen, [Span(max(there.first, instants[0]), min(there.last, instants[-1])), *slopes]


@contextmanager
def partial_snapshots(database: MongoDatabase, user_id: str, energy_type: EnergyType) -> Iterator[PartialSnapshots]:
    """Look at one meter at one point in time."""
    with database.client.start_session(snapshot=True) as session:
        yield PartialSnapshots(database, user_id, energy_type, session)


def _leaves_empty(meter: Document, views: Sequence[OpenedView], year: int) -> bool:
    """Whether no point of what is displayed reaches a year; False where that is not known, or not all is displayed."""
    if "dirtyFrom" in meter or calculation_of(meter) != CALCULATION_VERSION:
        return False
    believed = [view for view, sealed in views if is_believable(view, meter, is_sealed=sealed)]
    shown = {view["dataType"]: view["data"] for view in believed}
    if not shown.keys() >= set(ALWAYS_WRITTEN):
        return False
    try:
        exchanges = configuration_of(meter, EnergyType(meter["type"])).points
        ends = _range_of(shown["histogram"]) or ()
    except (AttributeError, LookupError, TypeError, ValueError, UnavailableError):
        return False  # the readings are asked, and the error is theirs to raise
    return Extent.of([*ends, *(exchange.instant for exchange in exchanges)]).leaves_empty(year)


def _sealed(head: Head, kind: DataType) -> dict[int | None, Mapping[str, Any]]:
    """By year the data of views that came with a head, where a refresh by our rules has written them."""
    if calculation_of(head.meter) != CALCULATION_VERSION:
        return {}
    sealed = [view for view, is_sealed in head.views or () if is_sealed and view["dataType"] == kind]
    return {view["year"]: view["data"] for view in sealed if is_believable(view, head.meter, is_sealed=True)}


def _unchanged(head: Head, year: int) -> Mapping[int, Mapping[str, Any]]:
    """The stored months of a year that nothing reaches that has changed since."""
    shown, changed = _sealed(head, "monthly").get(year), _changed(head.meter)
    if shown is None:
        return NO_MONTHS
    same = ALL_MONTHS if changed is None else unchanged_months(shown, changed, head.settings.zone)
    return {month: shown["months"][month - 1] for month in same}


def _changed(meter: Document) -> Span | None:
    """The dirty range of a sound meter."""
    return Span(to_ms(meter["dirtyFrom"]), to_ms(meter["dirtyTo"])) if "dirtyFrom" in meter else None


def _range_of(timeline: Mapping[str, Any]) -> Span | None:
    """The first and the last reading that are displayed. Raises LookupError, TypeError, ValueError."""
    shown = timeline["dateRange"]
    return None if shown is None else Span(to_ms(shown["min"]), to_ms(shown["max"]))


def _span_of(instants: Several[int]) -> Span:
    return Span(min(instants), max(instants))


def _slopes(points: Span, instants: Sequence[int]) -> dict[Span, int]:
    """The four weeks at the ends of all points that decide beyond these, each with the instant beside its other end."""
    slopes = dict[Span, int]()
    if any(points.first - HORIZON_MS <= instant <= points.first for instant in instants):
        slopes[Span(points.first, points.first + SLOPE_BASE_MS)] = points.first + SLOPE_BASE_MS
    if any(points.last < instant <= points.last + HORIZON_MS for instant in instants):
        slopes[Span(points.last - SLOPE_BASE_MS, points.last)] = points.last - SLOPE_BASE_MS + 1
    return slopes


def _count(meter: Document) -> int:
    return int(meter["series"].get("count", 0)) if series.is_kept(meter) else 0
