"""Reading single readings, lists and whole meters, on the side that a backend reads in the present sync mode."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice

from bson import ObjectId
from pymongo.client_session import ClientSession
from pymongo.cursor import Cursor
from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.invariants import is_sound
from chalicelib.domain.meters.packing import Range, merged
from chalicelib.domain.ports.reading import InstantsIn, ReadingQueries
from chalicelib.domain.ports.values import MeterSnapshot, PageRequest, ReadingFilter, StoredReading, WholeMeter
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, to_datetime, to_ms
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories import series
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import (
    READ_SECONDS,
    Collections,
    Document,
    MongoDatabase,
    meter_id,
    time_limit,
)
from chalicelib.repositories.documents import COLLECTION, UNREADABLE, counted, id_of, reading_of
from chalicelib.repositories.doubles import document_that_counts, each_that_counts
from chalicelib.repositories.history import points_between, points_of
from chalicelib.repositories.meters import configuration_of
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.packing_marks import Packing, mark_of, packing_of
from chalicelib.repositories.partial_snapshots import partial_snapshots
from chalicelib.repositories.quarantine import unreadable_among
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.snapshot_head import head_of
from chalicelib.repositories.snapshots import snapshot_of
from chalicelib.repositories.whole_meters import whole_meter

BATCH = 5_000  # readings


class MongoReadingQueries(ReadingQueries):
    """``ReadingQueries`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    @override
    def sync(self) -> SyncState:
        with time_limit(READ_SECONDS):
            return sync_state(self._database)

    @override
    def get(self, user_id: str, reading_id: str, backend: Backend) -> StoredReading:
        with time_limit(READ_SECONDS):
            side = sync_state(self._database).reads(backend)
            return reading_of(document_that_counts(self._readings(user_id, side), side, reading_id))

    @override
    def page(self, user_id: str, request: PageRequest, backend: Backend) -> list[StoredReading]:
        """One page by date and id: the lists of each type, by the index on type and date, merged.

        What is longer than a page of a list may take as long as everything that reads much.
        """
        with time_limit(READ_SECONDS if 0 < request.limit < BATCH else self._timeout), ExitStack() as cursors:
            side = sync_state(self._database).reads(backend)
            readings = self._readings(user_id, side)
            lists = [cursors.enter_context(_list(readings, side, kind, request)) for kind in _types(request)]
            counting = map(each_that_counts, lists) if side is Side.OLD else lists
            merged = merge(*counting, key=_place, reverse=request.descending)
            return [reading_of(document) for document in _page(merged, request)]

    @override
    def damaged_among(self, user_id: str, energy_type: EnergyType, instants: Sequence[int]) -> set[int]:
        if not instants:
            return set()
        there = {"type": energy_type.value, "date": {"$in": [*map(to_datetime, instants)]}}
        with time_limit(self._timeout):
            sync = sync_state(self._database)
            new = self._readings(user_id, Side.NEW)
            if sync.authoritative is Side.NEW:
                return {to_ms(item["date"]) for item in new.find({**there, **UNREADABLE}, projection=["date"])}
            twins = new.find(counted(there), projection=["date"]) if Side.NEW in sync.writes else ()
            dates = {twin["_id"]: twin["date"] for twin in twins}
            damaged = unreadable_among(self._database[COLLECTION[Side.OLD]], [*dates])
            return {to_ms(dates[key]) for key in damaged}

    @override
    def configuration(self, user_id: str, energy_type: EnergyType) -> MeterConfiguration:
        with time_limit(READ_SECONDS):
            return configuration_of(self._meter(user_id, energy_type, None) or {}, energy_type)

    @override
    def snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
        """Everything a calculation needs, at one point in time, without holding up a writer."""
        return self._snapshot(user_id, energy_type, backend, from_series=backend is Backend.NEW)

    @override
    def snapshot_within(self, user_id: str, energy_type: EnergyType, readings: int) -> MeterSnapshot | None:
        try:
            return self._snapshot(user_id, energy_type, Backend.NEW, from_series=True, at_most=readings)
        except _MoreReadingsError:
            return None

    @override
    def full_snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
        return self._snapshot(user_id, energy_type, backend, from_series=False)

    @override
    def snapshot_between(self, user_id: str, energy_type: EnergyType, first: int, last: int) -> MeterSnapshot | None:
        with time_limit(self._timeout), partial_snapshots(self._database, user_id, energy_type) as snapshots:
            return snapshots.between(first, last)

    @override
    def snapshot_around(self, user_id: str, energy_type: EnergyType, instants: InstantsIn) -> MeterSnapshot | None:
        with time_limit(self._timeout), partial_snapshots(self._database, user_id, energy_type) as snapshots:
            return snapshots.around(instants)

    @override
    def snapshot_of_year(self, user_id: str, energy_type: EnergyType, year: int) -> MeterSnapshot | None:
        with time_limit(self._timeout), partial_snapshots(self._database, user_id, energy_type) as snapshots:
            return snapshots.of_year(year)

    @override
    def piece(self, user_id: str, energy_type: EnergyType, first: int, readings: int) -> CompactReadings:
        with time_limit(self._timeout):
            return points_between(self._readings(user_id, Side.NEW), energy_type, (first, LAST_INSTANT), readings)

    @override
    def whole(
        self, user_id: str, energy_type: EnergyType, calculation_version: int, at_once: int | None = None
    ) -> WholeMeter | None:
        """Look up by ids and indexes, at one snapshot."""
        with time_limit(self._timeout):
            return whole_meter(self._database, (user_id, energy_type), calculation_version, at_once)

    def _snapshot(
        self, user_id: str, energy_type: EnergyType, backend: Backend, *, from_series: bool, at_most: int | None = None
    ) -> MeterSnapshot:
        with time_limit(self._timeout), self._database.client.start_session(snapshot=True) as session:
            head = head_of(self._database, user_id, energy_type, session)
            sync, meter = head.sync, head.meter
            settings = head.settings
            configuration_of(meter, energy_type)  # what makes every figure impossible is said before readings are read
            side = sync.reads(backend)
            sound = is_sound(meter) if meter else True
            usable = from_series and side is Side.NEW and bool(meter) and sound
            parts = series.parts_of(self._database, user_id, session)
            held = _held(parts, meter) if usable else None
            stored = _Stored(self._readings(user_id, side, session), energy_type, at_most)
            readings = stored.beside(held) if held else stored.all(side)
            found = snapshot_of(sync, meter, energy_type, settings, readings)
            packing = mark_of(meter, held.packing if held else None)
            if held is None:
                return replace(found, read=[(FIRST_INSTANT, LAST_INSTANT)], packing=packing)
            return replace(found, kept=True, digests=held.digests, read=held.ranges, packing=packing)

    def _meter(self, user_id: str, energy_type: EnergyType, session: ClientSession | None) -> Document | None:
        owned = OwnedDocuments(self._database, user_id, session)
        return owned.find(Collections.METERS, meter_id(user_id, energy_type))

    def _readings(self, user_id: str, side: Side, session: ClientSession | None = None) -> ScopedCollection:
        return ScopedCollection(self._database[COLLECTION[side]], user_id, session)


class _MoreReadingsError(Exception):
    """Raised where more readings than wanted are not in the compact series."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What the compact series holds of a meter, the digests of its parts, and the ranges that it does not hold."""

    readings: CompactReadings
    digests: Mapping[int, bytes]
    ranges: Sequence[Range]
    packing: Packing | None = None


def _held(parts: ScopedCollection, meter: Document) -> _Held | None:
    """Of a packing under way, or of what is displayed; None where neither is there and can be believed."""
    packing = packing_of(meter)
    if packing is not None:
        found = series.packed(parts, meter["_id"], packing.parts)
        if found is not None:
            return _Held(*found, merged(packing.ranges), packing)
    found = series.kept(parts, meter) if series.is_kept(meter) else None
    if found is None:
        return None
    return _Held(*found, [(to_ms(meter["dirtyFrom"]), to_ms(meter["dirtyTo"]))] if "dirtyFrom" in meter else [])


@dataclass(frozen=True, slots=True)
class _Stored:
    """The readings of one meter themselves. Both methods raise _MoreReadingsError beyond ``at_most``."""

    readings: ScopedCollection
    type: EnergyType
    at_most: int | None

    def all(self, side: Side) -> CompactReadings:
        """All of a side; the old one is read whole."""
        return self._few(points_of(self.readings, side, {"type": self.type.value}, self._limit(0)), 0, side)

    def beside(self, held: _Held) -> CompactReadings:
        """The compact series, with what the ranges hold now in place of what they held."""
        inside, known = list[tuple[Range, CompactReadings]](), 0
        for ranged in held.ranges:
            found = points_between(self.readings, self.type, ranged, self._limit(known))
            inside.append((ranged, self._few(found, known)))
            known += len(found)
        return held.readings.with_ranges(inside)

    def _limit(self, known: int) -> int:
        return 0 if self.at_most is None else self.at_most + 1 - known

    def _few(self, found: CompactReadings, known: int, side: Side = Side.NEW) -> CompactReadings:
        if self.at_most is not None and side is Side.NEW and known + len(found) > self.at_most:
            raise _MoreReadingsError
        return found


def _types(request: PageRequest) -> Iterable[EnergyType]:
    return EnergyType if request.filter.type is None else [request.filter.type]


def _list(readings: ScopedCollection, side: Side, kind: EnergyType, request: PageRequest) -> Cursor[Document]:
    """The readings of one type by date, as many as a page may need."""
    order = [("date", -1 if request.descending else 1)]
    return readings.find(counted(_conditions(kind, request)), sort=order, **_size(request, side))


def _size(request: PageRequest, side: Side) -> Document:
    """How much to ask the server for: one more than the page, because the last of the page before may be among them.

    In batches, because of two types a page needs hardly more than half of what it asks for.
    """
    enough = request.limit and request.limit + 1
    batch = {"batch_size": min(enough, BATCH)}
    return batch | {"limit": enough} if side is Side.NEW else batch


def _page(documents: Iterator[Document], request: PageRequest) -> Iterator[Document]:
    """What lies behind the page before, as much as fits."""
    after = request.after
    behind = documents if after is None else (item for item in documents if _is_behind(item, after, request.descending))
    return islice(behind, request.limit or None)


def _is_behind(document: Document, after: tuple[int, str], descending: bool) -> bool:
    """Whether it comes later in the list; done here, because a server's ``$gt`` compares ids of one kind only."""
    instant, reading_id = after
    there = instant, isinstance(id_of(reading_id), ObjectId), reading_id
    return _place(document) < there if descending else _place(document) > there


def _place(document: Document) -> tuple[int, bool, str]:
    """The place of a document in a list: by date, then by id; ids that are texts come before those that are not."""
    return to_ms(document["date"]), isinstance(document["_id"], ObjectId), str(document["_id"])


def _conditions(kind: EnergyType, request: PageRequest) -> Document:
    conditions = {"type": kind.value, **_dates(request.filter)}
    if request.after is None:
        return conditions
    beyond = "$lte" if request.descending else "$gte"
    return {"$and": [conditions, {"date": {beyond: to_datetime(request.after[0])}}]}


def _dates(wanted: ReadingFilter) -> Document:
    date: Document = {}
    if wanted.first is not None:
        date["$gte"] = to_datetime(wanted.first)
    if wanted.last is not None:
        date["$lte"] = to_datetime(wanted.last)
    return {"date": date} if date else {}
