"""An in-memory store that implements the ports of MongoDB, transactions included."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from time import time_ns
from typing import TypeVar
from uuid import uuid4

from chalicelib.bootstrap.container import now
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.calculation.extent import Extent
from chalicelib.domain.errors import (
    AccountErasedError,
    DuplicateReadingError,
    LostModeError,
    NotFoundError,
    UnavailableError,
)
from chalicelib.domain.imports.record import IdRange, ImportRecord
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument, DisplayUpdate
from chalicelib.domain.meters.invariants import Violation
from chalicelib.domain.ports import (
    Change,
    Clock,
    MeterSnapshot,
    MeterState,
    NewReading,
    PageRequest,
    StoredReading,
    UserSettings,
    WriteTransaction,
)
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, Reading, to_ms
from chalicelib.domain.rollout.decision import Backend
from chalicelib.domain.sync.modes import Side, SyncMode, SyncState
from chalicelib.domain.sync.recovery import Remains

T = TypeVar("T")
MeterKey = tuple[str, EnergyType]
ReadingsById = dict[str, tuple[MeterKey, StoredReading]]


@dataclass
class Meter:
    """A meter's document."""

    state: MeterState = field(default_factory=MeterState)
    dirty_from: int | None = None
    dirty_to: int | None = None
    configuration: MeterConfiguration = field(default_factory=MeterConfiguration)


@dataclass
class State:
    """Everything that is stored; copied at the start of a transaction and put back when it fails."""

    readings: dict[tuple[str, EnergyType, int], StoredReading] = field(default_factory=dict)
    meters: dict[MeterKey, Meter] = field(default_factory=dict)
    display: dict[tuple[str, EnergyType, DataType, int | None], DisplayDocument] = field(default_factory=dict)
    settings: dict[str, UserSettings] = field(default_factory=dict)
    imports: dict[tuple[str, str], ImportRecord] = field(default_factory=dict)
    # what another application wrote into the old side alone, by id; None where it deleted
    foreign: dict[str, tuple[MeterKey, StoredReading | None]] = field(default_factory=dict)
    sync: SyncState = field(default_factory=lambda: SyncState(SyncMode.DUAL_WRITE))
    clock: Clock = now  # the database's


class FakeStore:
    """Transactions, settings and display repository over one ``State``."""

    def __init__(self, clock: Clock = now) -> None:
        self.stored = State(clock=clock)
        self.down = False
        self.lost: Remains | None = None  # of the sync mode
        self.closed: dict[str, int] = {}  # whose account was erased, and from when on it can be used again

    def run(self, user_id: str, work: Callable[[WriteTransaction], T]) -> T:
        self.sync()
        if user_id in self.closed:
            raise AccountErasedError("this account was erased", self.closed[user_id])
        before = copy.deepcopy(self.stored)
        try:
            return work(FakeTransaction(self.stored, user_id))
        except BaseException:
            self.stored = before
            raise

    def sync(self) -> SyncState:
        self.ping()
        if self.lost is not None:
            raise LostModeError(self.lost.problem)
        return replace(self.stored.sync, read_at=self.stored.clock())

    def ping(self) -> None:
        if self.down:
            raise UnavailableError("the store is down")

    def side(self, side: Side) -> ReadingsById:
        """The readings of one side: the new one, or the same with what another application did."""
        readings = self.stored.readings.items()
        found: ReadingsById = {reading.id: ((user_id, kind), reading) for (user_id, kind, _), reading in readings}
        for key, (meter, reading) in self.stored.foreign.items() if side is Side.OLD else ():
            found.pop(key, None)
            if reading is not None:
                found[key] = (meter, reading)
        return found


class FakeSettings:
    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def find(self, user_id: str) -> UserSettings:
        self._store.ping()
        return self._store.stored.settings.get(user_id, UserSettings())


class FakeTransaction:
    def __init__(self, state: State, user_id: str) -> None:
        self.readings = FakeReadings(state, user_id)
        self.meters = FakeMeters(state, user_id)
        self.settings = FakeSettingsWriter(state, user_id)
        self.imports = FakeImportRecords(state, user_id)


class FakeImportRecords:
    def __init__(self, state: State, user_id: str) -> None:
        self._state = state
        self._user_id = user_id

    def add(self, record: ImportRecord) -> None:
        self._state.imports[self._user_id, record.id] = record

    def get(self, import_id: str) -> ImportRecord:
        try:
            return self._state.imports[self._user_id, import_id]
        except KeyError:
            raise NotFoundError("there is no such import") from None

    def close(self, record: ImportRecord) -> None:
        self._state.imports[self._user_id, record.id] = record


class FakeImportList:
    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def page(self, user_id: str, limit: int, after: tuple[int, str] | None = None) -> list[ImportRecord]:
        self._store.ping()
        records = [record for (owner, _), record in self._store.stored.imports.items() if owner == user_id]
        records.sort(key=lambda record: (record.at, record.id), reverse=True)
        return [record for record in records if after is None or (record.at, record.id) < after][:limit]


class FakeSettingsWriter:
    def __init__(self, state: State, user_id: str) -> None:
        self._state = state
        self._user_id = user_id

    def get(self) -> UserSettings:
        return self._state.settings.get(self._user_id, UserSettings())

    def save(self, settings: UserSettings, now: int) -> None:
        self._state.settings[self._user_id] = settings


class FakeReadings:
    def __init__(self, state: State, user_id: str) -> None:
        self._state = state
        self._user_id = user_id

    def add(self, reading: NewReading, now: int) -> StoredReading:
        return self._add(uuid4().hex[:24], reading, now)

    def _add(self, key: str, reading: NewReading, now: int) -> StoredReading:
        place = (self._user_id, reading.type, reading.instant)
        if place in self._state.readings:
            raise DuplicateReadingError("already stored")
        origin = (reading.source, 1, now, now, reading.import_batch_id)
        stored = StoredReading(key, reading.type, reading.instant, reading.amount, *origin)
        self._state.readings[place] = stored
        return stored

    def add_many(self, readings: Sequence[NewReading], now: int) -> IdRange:
        batch = uuid4().hex[:18]
        for number, reading in enumerate(readings):
            self._add(f"{batch}{number:06x}", reading, now)
        return IdRange(f"{batch}{0:06x}", len(readings))

    def at(self, energy_type: EnergyType, instants: Sequence[int]) -> list[StoredReading]:
        places = ((self._user_id, energy_type, instant) for instant in instants)
        return [self._state.readings[place] for place in places if place in self._state.readings]

    def within(self, ids: IdRange) -> list[StoredReading]:
        first = int(ids.first, 16)
        return self.by_ids([f"{first + number:024x}" for number in range(ids.length)])

    def by_ids(self, ids: Sequence[str]) -> list[StoredReading]:
        wanted = set(ids)
        readings = self._state.readings.items()
        return [reading for (owner, _, _), reading in readings if owner == self._user_id and reading.id in wanted]

    def replace_many(self, changes: Sequence[Change], now: int) -> None:
        for change in changes:
            self.replace(change.before, change.after)

    def remove_many(self, readings: Sequence[StoredReading], now: int) -> None:
        for reading in readings:
            self.remove(reading, now)

    def get(self, reading_id: str) -> StoredReading:
        return stored_reading(self._state, self._user_id, reading_id)

    def replace(self, before: StoredReading, after: StoredReading) -> StoredReading:
        del self._state.readings[self._user_id, before.type, before.instant]
        key = (self._user_id, after.type, after.instant)
        if key in self._state.readings:
            raise DuplicateReadingError("already stored")
        self._state.readings[key] = after
        self._state.foreign.pop(before.id, None)
        return after

    def remove(self, reading: StoredReading, now: int) -> None:
        del self._state.readings[self._user_id, reading.type, reading.instant]
        self._state.foreign.pop(reading.id, None)

    def neighbours(
        self, energy_type: EnergyType, instant: int, but: str | None = None
    ) -> tuple[Reading | None, Reading | None]:
        points = points_of(self._state, self._user_id, energy_type, but)
        before = [point for point in points if point.instant < instant]
        after = [point for point in points if point.instant > instant]
        return (before[-1] if before else None), (after[0] if after else None)

    def between(self, energy_type: EnergyType, first: int, last: int, but: str | None = None) -> CompactReadings:
        return CompactReadings.of(points_of(self._state, self._user_id, energy_type, but)).between(first, last)

    def stored_between(self, energy_type: EnergyType, first: int, last: int) -> CompactReadings:
        return self.between(energy_type, first, last)

    def highest(self, energy_type: EnergyType) -> Decimal:
        amounts = [item.amount for key, item in self._state.readings.items() if key[:2] == (self._user_id, energy_type)]
        return max(amounts, default=Decimal(0))

    def instants_between(self, energy_type: EnergyType, first: int, last: int) -> set[int]:
        points = points_of(self._state, self._user_id, energy_type)
        return {point.instant for point in points if first <= point.instant <= last}


class FakeMeters:
    def __init__(self, state: State, user_id: str) -> None:
        self._state = state
        self._user_id = user_id

    def mark_changed(self, energy_type: EnergyType, first: int, last: int, now: int) -> int:
        meter = self._state.meters.setdefault((self._user_id, energy_type), Meter())
        state = meter.state
        since = min(now, self._state.clock())
        since = since if state.dirty_since is None else min(since, state.dirty_since)
        meter.state = replace(state, source_version=state.source_version + 1, dirty_since=since)
        meter.dirty_from = first if meter.dirty_from is None else min(first, meter.dirty_from)
        meter.dirty_to = last if meter.dirty_to is None else max(last, meter.dirty_to)
        return meter.state.source_version

    def configuration(self, energy_type: EnergyType) -> MeterConfiguration:
        return self._state.meters.get((self._user_id, energy_type), Meter()).configuration

    def configure(self, energy_type: EnergyType, configuration: MeterConfiguration) -> None:
        self._state.meters[self._user_id, energy_type].configuration = configuration

    def types(self) -> list[EnergyType]:
        return sorted(energy_type for user_id, energy_type in self._state.meters if user_id == self._user_id)


class FakeQueries:
    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def sync(self) -> SyncState:
        return self._store.sync()

    def get(self, user_id: str, reading_id: str, backend: Backend) -> StoredReading:
        for reading in self._readings(user_id, backend):
            if reading.id == reading_id:
                return reading
        raise NotFoundError("there is no such reading")

    def page(self, user_id: str, request: PageRequest, backend: Backend) -> list[StoredReading]:
        wanted = request.filter
        found = [
            reading
            for reading in self._readings(user_id, backend)
            if wanted.type in (None, reading.type)
            and (wanted.first is None or wanted.first <= reading.instant)
            and (wanted.last is None or reading.instant <= wanted.last)
        ]
        found.sort(key=position, reverse=request.descending)
        if request.after is not None:
            behind = request.after
            found = [
                item for item in found if (position(item) < behind if request.descending else position(item) > behind)
            ]
        return found[: request.limit] if request.limit else found

    def configuration(self, user_id: str, energy_type: EnergyType) -> MeterConfiguration:
        self._store.ping()
        return self._store.stored.meters.get((user_id, energy_type), Meter()).configuration

    def snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
        found = [reading for reading in self._readings(user_id, backend) if reading.type is energy_type]
        stored = self._store.stored
        meter = stored.meters.get((user_id, energy_type), Meter())
        return MeterSnapshot(
            self._store.sync(),
            meter.state,
            meter.dirty_from,
            meter.dirty_to,
            meter.configuration,
            stored.settings.get(user_id, UserSettings()),
            CompactReadings.of(sorted(Reading(reading.instant, reading.amount) for reading in found)),
        )

    full_snapshot = snapshot

    def _readings(self, user_id: str, backend: Backend) -> list[StoredReading]:
        """Where the backend reads in this mode."""
        side = self._store.side(self._store.sync().reads(backend))
        return [reading for (owner, _), reading in side.values() if owner == user_id]


class FakeDisplay:
    def __init__(self, store: FakeStore, calculation_version: int = CALCULATION_VERSION) -> None:
        self._store = store
        self._calculation_version = calculation_version

    def find(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
    ) -> tuple[DisplayDocument | None, MeterState]:
        self._store.ping()
        document = self._store.stored.display.get((user_id, energy_type, data_type, year))
        state = self.state(user_id, energy_type)
        return (document if state.calculation_version == self._calculation_version else None), state

    def extent(self, user_id: str, energy_type: EnergyType) -> tuple[Extent | None, MeterState]:
        timeline, state = self.find(user_id, energy_type, "histogram", None)
        if timeline is None or self.find(user_id, energy_type, "summary", None)[0] is None:
            return None, state
        shown = timeline.data["dateRange"]
        exchanges = [exchange.instant for exchange in self._meter(user_id, energy_type).configuration.points]
        readings = [] if shown is None else [to_ms(shown["min"]), to_ms(shown["max"])]
        return Extent.of([*readings, *exchanges]), state

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        self._store.ping()
        return self._meter(user_id, energy_type).state

    def publish(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> bool:
        meter = self._store.stored.meters.get((user_id, energy_type))
        if meter is None or not self._is_behind(meter.state, update):
            return False
        clean = meter.state.source_version == update.source_version
        behind = max(meter.state.dirty_since or update.as_of, update.as_of)
        since = None if clean else min(behind, self._store.stored.clock())
        meter.state = replace(
            meter.state,
            display_version=update.source_version,
            dirty_since=since,
            calculation_version=self._calculation_version,
        )
        if clean:
            meter.dirty_from = meter.dirty_to = None
        self._replace(user_id, energy_type, update)
        return True

    def _is_behind(self, state: MeterState, update: DisplayUpdate) -> bool:
        shown, ours = state.calculation_version, self._calculation_version
        if not update.whole and shown not in (0, ours):
            return False
        if shown < ours:
            return state.display_version <= update.source_version
        return shown == ours and state.display_version < update.source_version

    def begin_again(self, user_id: str, energy_type: EnergyType) -> None:
        self._store.ping()
        meter = self._store.stored.meters.setdefault((user_id, energy_type), Meter())
        seen = max(meter.state.source_version, meter.state.display_version, time_ns() // 1_000_000)
        meter.state = MeterState(seen + 1, 0, meter.state.dirty_since or time_ns() // 1_000_000)
        meter.dirty_from, meter.dirty_to = FIRST_INSTANT, LAST_INSTANT
        documents = self._store.stored.display
        for key in [key for key in documents if key[:2] == (user_id, energy_type)]:
            del documents[key]

    def violations(self, user_id: str, energy_type: EnergyType) -> Sequence[Violation]:
        """Nobody damages what is kept in memory: at most a meter is missing."""
        key = (user_id, energy_type)
        left = any(each[:2] == key for each in (*self._store.stored.readings, *self._store.stored.display))
        missing = Violation("meters", "|".join(key), "is missing")
        return [missing] if left and key not in self._store.stored.meters else []

    def _meter(self, user_id: str, energy_type: EnergyType) -> Meter:
        return self._store.stored.meters.get((user_id, energy_type), Meter())

    def _replace(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> None:
        documents = self._store.stored.display
        if update.whole:
            for key in [key for key in documents if key[:2] == (user_id, energy_type)]:
                del documents[key]
        for document in update.documents:
            documents[user_id, energy_type, document.data_type, document.year] = document
        for key in [key for key in documents if key[:2] == (user_id, energy_type)]:
            if key[3] is not None and key[3] not in update.stored_years:
                del documents[key]


def position(reading: StoredReading) -> tuple[int, str]:
    """Where a reading stands in a list."""
    return reading.instant, reading.id


def stored_reading(state: State, user_id: str, reading_id: str) -> StoredReading:
    """One reading of a user."""
    for (owner, _, _), reading in state.readings.items():
        if (owner, reading.id) == (user_id, reading_id):
            return reading
    raise NotFoundError("there is no such reading")


def points_of(state: State, user_id: str, energy_type: EnergyType, but: str | None = None) -> list[Reading]:
    """The points of one meter in order, without the reading whose id is ``but``."""
    return sorted(
        Reading(instant, reading.amount)
        for (owner, kind, instant), reading in state.readings.items()
        if (owner, kind) == (user_id, energy_type) and reading.id != but
    )
