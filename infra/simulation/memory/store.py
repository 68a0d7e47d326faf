"""An in-memory store that implements the ports of MongoDB, transactions included."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from typing import TypeVar
from uuid import uuid4

from chalicelib.bootstrap.operations import now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.errors import (
    AccountErasedError,
    DuplicateReadingError,
    LostModeError,
    NotFoundError,
    UnavailableError,
)
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.import_record import IdRange, ImportRecord
from chalicelib.domain.meters.invariants import Violation
from chalicelib.domain.meters.walks import Walk, WalkProgress
from chalicelib.domain.migration.sync.recovery import Remains
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.values import (
    Change,
    MeterSnapshot,
    NewReading,
    PageRequest,
    StoredReading,
    UserSettings,
    WholeMeter,
)
from chalicelib.domain.ports.writing import Expected, WriteTransaction
from chalicelib.domain.readings import LAST_INSTANT, EnergyType, MeterKey, Reading
from chalicelib.domain.readings.compact import CompactReadings
from infra.simulation.memory.state import Meter, Readings, State

T = TypeVar("T")
ReadingsById = dict[str, tuple[MeterKey, StoredReading]]


class WriteConflictError(Exception):
    """Raised at a commit when another transaction was faster: the work is done again."""


class FakeStore:
    """Transactions over one ``State``. ``commits`` is called before each commit and may raise; ``ids`` makes ids.

    ``writes``: where a person's writes go, where that is not what the mode says.
    """

    def __init__(self, clock: Clock = now, ids: Callable[[], str] = lambda: uuid4().hex) -> None:
        self.stored = State(clock=clock)
        self.ids = ids
        self.down = False
        self.lost: Remains | None = None  # of the sync mode
        self.walks: dict[Walk, WalkProgress] = {}  # that were interrupted
        self.closed: dict[str, int] = {}  # whose account was erased, and from when on it can be used again
        self.commits: Callable[[str], None] = lambda _: None
        self.writes: Callable[[str, SyncState], Sequence[Side]] = lambda _, sync: sync.writes

    def run(self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        sync = self.sync()
        if user_id in self.closed:
            raise AccountErasedError("this account was erased", self.closed[user_id])
        while True:
            put_back = self.stored.kept(user_id)
            try:
                done = work(FakeTransaction(self.stored, user_id, self.writes(user_id, sync), self.ids))
                self.commits(user_id)
            except WriteConflictError:
                put_back()
            except BaseException:
                put_back()
                raise
            else:
                return done

    def sync(self) -> SyncState:
        self.ping()
        if self.lost is not None:
            raise LostModeError(self.lost.problem)
        return replace(self.stored.sync, read_at=self.stored.clock())

    def ping(self) -> None:
        if self.down:
            raise UnavailableError("the store is down")

    def side(self, side: Side) -> ReadingsById:
        """The readings of one side, by id."""
        held = self.stored.sides[side].meters().items()
        return {reading.id: (meter, reading) for meter, readings in held for reading in readings.values()}


class FakeSettings:
    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def find(self, user_id: str) -> UserSettings:
        self._store.ping()
        return self._store.stored.settings.get(user_id, UserSettings())


class FakeTransaction:
    def __init__(self, state: State, user_id: str, sides: Sequence[Side], ids: Callable[[], str]) -> None:
        self.readings = FakeReadings(state, user_id, sides, ids)
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
    """Reads the authoritative side, writes every side that the mode names."""

    def __init__(
        self,
        state: State,
        user_id: str,
        sides: Sequence[Side] | None = None,
        ids: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        written = state.sync.writes if sides is None else sides
        self._user_id = user_id
        self._ids = ids
        self._written = [state.sides[side] for side in written]
        believed = state.sync.authoritative
        self._read = state.sides[believed if believed in written else written[0]]

    def add(self, reading: NewReading, now: int) -> StoredReading:
        return self._add(self._ids()[:24], reading, now)

    def _add(self, key: str, reading: NewReading, now: int) -> StoredReading:
        place = (self._user_id, reading.type, reading.instant)
        if place in self._read:
            raise DuplicateReadingError("already stored")
        origin = (reading.source, 1, now, now, reading.import_batch_id)
        stored = StoredReading(key, reading.type, reading.instant, reading.amount, *origin)
        for side in self._written:
            side[place] = stored
        return stored

    def add_many(self, readings: Sequence[NewReading], now: int) -> IdRange:
        batch = self._ids()[:18]
        for number, reading in enumerate(readings):
            self._add(f"{batch}{number:06x}", reading, now)
        return IdRange(f"{batch}{0:06x}", len(readings))

    def at(self, energy_type: EnergyType, instants: Sequence[int]) -> list[StoredReading]:
        places = ((self._user_id, energy_type, instant) for instant in instants)
        return [self._read[place] for place in places if place in self._read]

    def within(self, ids: IdRange) -> list[StoredReading]:
        first = int(ids.first, 16)
        return self.by_ids([f"{first + number:024x}" for number in range(ids.length)])

    def by_ids(self, ids: Sequence[str]) -> list[StoredReading]:
        wanted = set(ids)
        return [reading for reading in readings_of(self._read, self._user_id) if reading.id in wanted]

    def replace_many(self, changes: Sequence[Change], now: int) -> None:
        for change in changes:
            self.replace(change.before, change.after)

    def remove_many(self, readings: Sequence[StoredReading], now: int) -> None:
        for reading in readings:
            self.remove(reading, now)

    def get(self, reading_id: str) -> StoredReading:
        return stored_reading(self._read, self._user_id, reading_id)

    def replace(self, before: StoredReading, after: StoredReading) -> StoredReading:
        place = (self._user_id, after.type, after.instant)
        if before.instant != after.instant and place in self._read:
            raise DuplicateReadingError("already stored")
        self.remove(before, after.updated_at)
        for side in self._written:
            side[place] = after
        return after

    def remove(self, reading: StoredReading, now: int) -> None:
        for side in self._written:
            side.pop((self._user_id, reading.type, reading.instant), None)

    def neighbours(
        self, energy_type: EnergyType, instant: int, but: str | None = None
    ) -> tuple[Reading | None, Reading | None]:
        points = self._points(energy_type, but)
        before = [point for point in points if point.instant < instant]
        after = [point for point in points if point.instant > instant]
        return (before[-1] if before else None), (after[0] if after else None)

    def between(self, energy_type: EnergyType, first: int, last: int, but: str | None = None) -> CompactReadings:
        if but is None:
            return self._read.compact((self._user_id, energy_type)).between(first, last)
        return CompactReadings.of(self._points(energy_type, but)).between(first, last)

    def stored_between(self, energy_type: EnergyType, first: int, last: int) -> CompactReadings:
        return self.between(energy_type, first, last)

    def highest(self, energy_type: EnergyType) -> Decimal:
        amounts = [reading.amount for reading in self._of(energy_type)]
        return max(amounts, default=Decimal(0))

    def instants_between(self, energy_type: EnergyType, first: int, last: int) -> set[int]:
        return {reading.instant for reading in self._of(energy_type) if first <= reading.instant <= last}

    def _points(self, energy_type: EnergyType, but: str | None) -> list[Reading]:
        """In order, without the reading whose id is ``but``."""
        return sorted(Reading(item.instant, item.amount) for item in self._of(energy_type) if item.id != but)

    def _of(self, energy_type: EnergyType) -> Iterator[StoredReading]:
        return iter(self._read.of((self._user_id, energy_type)).values())


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
        return stored_reading(self._side(backend), user_id, reading_id)

    def page(self, user_id: str, request: PageRequest, backend: Backend) -> list[StoredReading]:
        wanted = request.filter
        found = [
            reading
            for reading in readings_of(self._side(backend), user_id)
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

    def damaged_among(self, user_id: str, energy_type: EnergyType, instants: Sequence[int]) -> set[int]:
        """In memory nothing is damaged."""
        return set()

    def configuration(self, user_id: str, energy_type: EnergyType) -> MeterConfiguration:
        self._store.ping()
        return self._store.stored.meters.get((user_id, energy_type), Meter()).configuration

    def snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
        readings = self._side(backend).compact((user_id, energy_type))
        stored = self._store.stored
        meter = stored.meters.get((user_id, energy_type), Meter())
        return MeterSnapshot(
            self._store.sync(),
            meter.state,
            meter.dirty_from,
            meter.dirty_to,
            meter.configuration,
            stored.settings.get(user_id, UserSettings()),
            readings,
        )

    full_snapshot = snapshot

    def snapshot_within(self, user_id: str, energy_type: EnergyType, readings: int) -> MeterSnapshot | None:
        """Everything is at hand in memory."""
        return self.snapshot(user_id, energy_type, Backend.NEW)

    def snapshot_between(self, user_id: str, energy_type: EnergyType, first: int, last: int) -> MeterSnapshot | None:
        found = self.snapshot(user_id, energy_type, Backend.NEW)
        return replace(found, readings=found.readings.between(first, last))

    def snapshot_around(self, *_: object) -> MeterSnapshot | None:
        """None: to read everything costs nothing here."""

    def snapshot_of_year(self, *_: object) -> MeterSnapshot | None:
        """None likewise."""

    def piece(self, user_id: str, energy_type: EnergyType, first: int, readings: int) -> CompactReadings:
        found = self._store.stored.readings.compact((user_id, energy_type)).between(first, LAST_INSTANT)
        return next(found.pieces(readings), found)

    def whole(self, user_id: str, energy_type: EnergyType, *_: int | None) -> WholeMeter | None:
        """Nobody damages what is kept in memory: at most a meter is missing."""
        stored, meter = self._store.stored, (user_id, energy_type)
        snapshot = self.full_snapshot(user_id, energy_type, Backend.NEW)
        if Side.NEW not in snapshot.sync.writes:
            return None
        displayed = list(stored.display.of(meter).values())
        is_lost = meter not in stored.meters and (stored.readings.of(meter) or displayed)
        missing = [Violation("meters", "|".join(meter), "is missing")] if is_lost else []
        compared = CompactReadings.of(()) if snapshot.state.stale else snapshot.readings
        return WholeMeter(replace(snapshot, readings=compared), missing, displayed)

    def _side(self, backend: Backend) -> Readings:
        """Where the backend reads in this mode."""
        return self._store.stored.sides[self._store.sync().reads(backend)]


def position(reading: StoredReading) -> tuple[int, str]:
    """The place of a reading in a list."""
    return reading.instant, reading.id


def readings_of(side: Readings, user_id: str) -> Iterator[StoredReading]:
    """A person's readings."""
    return chain.from_iterable(side.of((user_id, kind)).values() for kind in EnergyType)


def stored_reading(side: Readings, user_id: str, reading_id: str) -> StoredReading:
    """One reading of a user. Raises NotFoundError."""
    found = side.find(user_id, reading_id)
    if found is None:
        raise NotFoundError("there is no such reading")
    return found
