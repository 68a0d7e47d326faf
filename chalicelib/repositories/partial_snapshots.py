"""Snapshots with a part of a meter's readings: those of a range, or those that decide about some instants.

Only where the new side is read and what is stored can be believed: the readings are then the same as all of them to
a question within the range, or about the instants. Else all are read (``queries``).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from pymongo.client_session import ClientSession

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sides import Side
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.calculation.extent import Extent
from chalicelib.domain.calculation.flagless import Span, is_flagless
from chalicelib.domain.calculation.monthly import instants_of_year
from chalicelib.domain.calculation.series import SLOPE_BASE_MS
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.display_documents import ALWAYS_WRITTEN
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
from chalicelib.repositories import series
from chalicelib.repositories.database import Collections, Document, MongoDatabase, instant_of, meter_id
from chalicelib.repositories.documents import counted, point_of
from chalicelib.repositories.history import points_between
from chalicelib.repositories.meters import configuration_of, state_of
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.settings import UNREADABLE
from chalicelib.repositories.snapshot_head import Head, head_of

FEW = 200_000  # readings: where a meter has no more, all are read as quickly as forty are looked up
CHANGED = 2_000  # readings at most that the display does not show
POINT = {"_id": 0, "date": 1, "amount": 1}
EXCHANGES = 20  # each is two looks more


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
        head = self._head(few=FEW)
        return self._around(head, instants_in) if head else None

    def of_year(self, year: int) -> MeterSnapshot | None:
        """Read a snapshot with the readings that the months of a year depend on: none where they lie too far from it.

        What every refresh writes says how far they reach, and where it is newer than its meter that nothing here can be
        believed.
        """
        ids = [view_id(self.user_id, self.type, kind, None, CALCULATION_VERSION) for kind in ALWAYS_WRITTEN]
        head = self._head(ids, FEW)
        if head is None or head.views is None or any(is_ahead(view, head.meter) for view in head.views):
            return None
        if _leaves_empty(head.meter, head.views, year):
            return self._empty(head)
        return self._around(head, lambda zone: instants_of_year(year, zone))

    def _around(self, head: Head, instants_in: InstantsIn) -> MeterSnapshot | None:
        if _count(head.meter) <= FEW:
            return self._whole(head)
        configuration, instants = configuration_of(head.meter, self.type), sorted(instants_in(head.settings.zone))
        if configuration.runs_backwards or len(configuration.exchanges) > EXCHANGES:
            return None
        changed = self._changed(head.meter)
        if changed is None:
            return None
        exchanges = [exchange.instant for exchange in configuration.points]
        chosen, spans = self._chosen(head.meter, exchanges, instants)
        if not self._only_grows(head, spans):
            return None
        return self._snapshot(head, CompactReadings.of({*changed, *chosen}))

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

    def _head(self, views: Sequence[str] = (), few: int = -1) -> Head | None:
        head = head_of(self.database, self.user_id, self.type, self.session, views=views, few=few)
        believed = head.sync.reads(Backend.NEW) is Side.NEW and bool(head.meter) and is_sound(head.meter)
        return head if believed else None

    def _snapshot(self, head: Head, readings: CompactReadings) -> MeterSnapshot:
        return MeterSnapshot(
            sync=head.sync,
            state=state_of(head.meter),
            dirty_from=instant_of(head.meter.get("dirtyFrom")),
            dirty_to=instant_of(head.meter.get("dirtyTo")),
            configuration=configuration_of(head.meter, self.type),
            settings=head.settings,
            readings=readings,
        )

    def _readings(self) -> ScopedCollection:
        return ScopedCollection(self.database[Collections.READINGS], self.user_id, self.session)

    def _stored(self, first: int, last: int) -> CompactReadings:
        return points_between(self._readings(), self.type, (first, last))

    def _changed(self, meter: Document) -> list[Reading] | None:
        """What lies in the dirty range, None where that is too much."""
        if "dirtyFrom" not in meter:
            return []
        dates = {"$gte": meter["dirtyFrom"], "$lte": meter["dirtyTo"]}
        wanted = counted({"type": self.type.value, "date": dates})
        found = list(self._readings().find(wanted, projection=POINT, limit=CHANGED + 1))
        return None if len(found) > CHANGED else [point_of(document) for document in found]

    def _only_grows(self, head: Head, spans: Sequence[Span]) -> bool:
        """Whether the stored months say so of all that was displayed in some spans; those that are damaged do not."""
        with suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return self._says_only_grows(head, spans)
        return False

    def _says_only_grows(self, head: Head, spans: Sequence[Span]) -> bool:
        if calculation_of(head.meter) != CALCULATION_VERSION:
            return False
        zone = head.settings.zone
        years = {
            year
            for span in spans
            for year in range(local_date(span.first, zone).year, local_date(span.last, zone).year + 1)
        }
        views = self._views(head.meter, years)
        timeline = views.pop(None, None)
        if timeline is None:
            return False
        if (shown := timeline["dateRange"]) is None:
            return True
        readings = Span(to_ms(shown["min"]), to_ms(shown["max"]))
        return all(is_flagless(views.values(), readings, span, zone) for span in spans)

    def _views(self, meter: Document, years: Collection[int]) -> dict[int | None, Mapping[str, Any]]:
        """The data of stored monthly views by year, and of the timeline without one."""
        ids = [view_id(self.user_id, self.type, "monthly", year, CALCULATION_VERSION) for year in years]
        ids.append(view_id(self.user_id, self.type, "histogram", None, CALCULATION_VERSION))
        views = ScopedCollection(self.database[Collections.DISPLAY], self.user_id, self.session)
        found = views.find({"_id": {"$in": ids}})
        return {view["year"]: view["data"] for view in found if is_believable(view, meter)}

    def _chosen(
        self, meter: Document, exchanges: Sequence[int], instants: Sequence[int]
    ) -> tuple[set[Reading], list[Span]]:
        """The readings beside the instants, the exchanges and the dirty range, and the spans that lie between them.

        Where an instant lies beyond all points, there is a slope of four weeks: its other end is looked up too.
        """
        dirty = [to_ms(meter[end]) + step for end, step in (("dirtyFrom", 0), ("dirtyTo", 1)) if end in meter]
        near = self._beside([*instants, *exchanges, *dirty])
        points = [*exchanges, *(reading.instant for reading in near)]
        if not points:
            return near, []
        first, last = min(points), max(points)
        slopes, partners = list[Span](), list[int]()
        if instants[0] <= first:
            slopes.append(Span(first, first + SLOPE_BASE_MS))
            partners.append(first + SLOPE_BASE_MS)
        if instants[-1] > last:
            slopes.append(Span(last - SLOPE_BASE_MS, last))
            partners.append(last - SLOPE_BASE_MS + 1)
        asked = Span(max(first, instants[0]), min(last, instants[-1]))
        return (near | self._beside(partners) if partners else near), [asked, *slopes]

    def _beside(self, instants: Sequence[int]) -> set[Reading]:
        """The last reading before each of the instants, and the first one at or behind it: by index."""
        found = self.database[Collections.METERS].aggregate(self._looks(instants), session=self.session)
        return {point_of(point) for each in found for point in chain(each["before"], each["behind"])}

    def _looks(self, instants: Sequence[int]) -> list[Mapping[str, Any]]:
        return [
            {"$match": {"_id": meter_id(self.user_id, self.type)}},
            {"$project": {"at": {"$literal": [to_datetime(instant) for instant in instants]}}},
            {"$unwind": "$at"},
            self._look("before", "$lt", -1),
            self._look("behind", "$gte", 1),
        ]

    def _look(self, name: str, than: str, direction: int) -> Document:
        own = {"userId": self.user_id, "type": self.type.value, "$expr": {than: ["$date", "$$at"]}}
        nearest = [{"$match": counted(own)}, {"$sort": {"date": direction}}, {"$limit": 1}, {"$project": POINT}]
        return {
            "$lookup": {
                "from": Collections.READINGS.value,
                "let": {"at": "$at"},
                "pipeline": nearest,
                "as": name,
            }
        }


@contextmanager
def partial_snapshots(database: MongoDatabase, user_id: str, energy_type: EnergyType) -> Iterator[PartialSnapshots]:
    """Look at one meter at one point in time."""
    with database.client.start_session(snapshot=True) as session:
        yield PartialSnapshots(database, user_id, energy_type, session)


def _leaves_empty(meter: Document, views: Sequence[Document], year: int) -> bool:
    """Whether no point of what is displayed reaches a year; False where that is not known, or not all is displayed."""
    if "dirtyFrom" in meter or calculation_of(meter) != CALCULATION_VERSION:
        return False
    shown = {view["dataType"]: view["data"] for view in views if is_believable(view, meter)}
    if shown.keys() != set(ALWAYS_WRITTEN):
        return False
    try:
        exchanges = configuration_of(meter, EnergyType(meter["type"])).points
        reach = shown["histogram"]["dateRange"]
        ends = [] if reach is None else [to_ms(reach["min"]), to_ms(reach["max"])]
    except (AttributeError, LookupError, TypeError, ValueError, UnavailableError):
        return False  # the readings are asked, and the error is theirs to raise
    return Extent.of([*ends, *(exchange.instant for exchange in exchanges)]).leaves_empty(year)


def _count(meter: Document) -> int:
    return int(meter["series"].get("count", 0)) if series.is_kept(meter) else 0
