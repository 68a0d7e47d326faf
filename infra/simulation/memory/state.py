"""Everything that is stored, in memory: found by meter without a look at the others, and put back by person."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from chalicelib.bootstrap.operations import now
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument
from chalicelib.domain.meters.import_record import ImportRecord
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.values import MeterState, StoredReading, UserSettings
from chalicelib.domain.readings import EnergyType, MeterKey, Reading
from chalicelib.domain.readings.compact import CompactReadings

K = TypeVar("K", bound=tuple[Any, ...])
V = TypeVar("V")
ReadingPlace: TypeAlias = tuple[str, EnergyType, int]
ViewPlace: TypeAlias = tuple[str, EnergyType, DataType, int | None]


class ByMeter(MutableMapping[K, V]):
    """A mapping whose keys begin with user and type. ``stamp`` counts the changes of one meter."""

    def __init__(self) -> None:
        self._meters: dict[MeterKey, dict[K, V]] = {}
        self._stamps: dict[MeterKey, int] = {}

    def __getitem__(self, key: K) -> V:
        return self._meters[_meter_of(key)][key]

    def __setitem__(self, key: K, value: V) -> None:
        meter = _meter_of(key)
        self._meters.setdefault(meter, {})[key] = value
        self._count(meter)

    def __delitem__(self, key: K) -> None:
        meter = _meter_of(key)
        del self._meters[meter][key]
        self._count(meter)
        if not self._meters[meter]:
            del self._meters[meter]

    def __iter__(self) -> Iterator[K]:
        return (key for held in self._meters.values() for key in held)

    def __len__(self) -> int:
        return sum(map(len, self._meters.values()))

    def of(self, meter: MeterKey) -> Mapping[K, V]:
        """What one meter has."""
        return self._meters.get(meter, {})

    def meters(self) -> Mapping[MeterKey, Mapping[K, V]]:
        """The meters that have something."""
        return self._meters

    def stamp(self, meter: MeterKey) -> int:
        """How often a meter was changed."""
        return self._stamps.get(meter, 0)

    def forget(self, keys: Iterable[Any]) -> None:
        """Take some away."""
        for key in list(keys):
            del self[key]

    def kept(self, meter: MeterKey) -> Callable[[], None]:
        """What puts a meter back to what it is now."""
        held = dict(self._meters.get(meter, {}))
        stamp = self.stamp(meter)

        def put_back() -> None:
            if self.stamp(meter) != stamp:
                self._meters.pop(meter, None)
                self._meters.update({meter: held} if held else {})
                self._count(meter)

        return put_back

    def _count(self, meter: MeterKey) -> None:
        self._stamps[meter] = self.stamp(meter) + 1


@dataclass
class Meter:
    """A meter's document."""

    state: MeterState = field(default_factory=MeterState)
    dirty_from: int | None = None
    dirty_to: int | None = None
    configuration: MeterConfiguration = field(default_factory=MeterConfiguration)


class Readings(ByMeter[ReadingPlace, StoredReading]):
    """One side's readings, one per meter and instant."""

    def __init__(self) -> None:
        super().__init__()
        self._compact: dict[MeterKey, tuple[int, CompactReadings]] = {}

    def find(self, user_id: str, reading_id: str) -> StoredReading | None:
        """A reading of a user by its id."""
        held = (self.of((user_id, kind)).values() for kind in EnergyType)
        return next((reading for each in held for reading in each if reading.id == reading_id), None)

    def compact(self, meter: MeterKey) -> CompactReadings:
        """A meter's readings in order, made once for as long as nothing changes."""
        stamp, readings = self._compact.get(meter, (-1, CompactReadings.of([])))
        if stamp != self.stamp(meter):
            points = sorted(Reading(reading.instant, reading.amount) for reading in self.of(meter).values())
            readings = CompactReadings.of(points)
            self._compact[meter] = (self.stamp(meter), readings)
        return readings


@dataclass
class State:
    """Both sides of the readings, and what belongs to them. ``clock``: the database's."""

    sides: dict[Side, Readings] = field(default_factory=lambda: {side: Readings() for side in Side})
    meters: dict[MeterKey, Meter] = field(default_factory=dict)
    display: ByMeter[ViewPlace, DisplayDocument] = field(default_factory=ByMeter)
    settings: dict[str, UserSettings] = field(default_factory=dict)
    imports: dict[tuple[str, str], ImportRecord] = field(default_factory=dict)
    sync: SyncState = field(default_factory=lambda: SyncState(SyncMode.DUAL_WRITE))
    clock: Clock = now

    @property
    def readings(self) -> Readings:
        """The new side."""
        return self.sides[Side.NEW]

    @property
    def energies(self) -> Readings:
        """The old side."""
        return self.sides[Side.OLD]

    def kept(self, user_id: str) -> Callable[[], None]:
        """What puts back all that a person has to what it is now."""
        mine = [(user_id, kind) for kind in EnergyType]
        undo = [held.kept(meter) for held in self.sides.values() for meter in mine]
        undo += [self.display.kept(meter) for meter in mine]
        meters = {meter: copy(self.meters[meter]) for meter in mine if meter in self.meters}
        settings, imports = self.settings.get(user_id), set(self.imports)
        closed = {key: record for key, record in self.imports.items() if key[0] == user_id}

        def put_back() -> None:
            for each in undo:
                each()
            for meter in mine:
                self.meters.pop(meter, None)
            self.meters.update(meters)
            self.settings.pop(user_id, None)
            self.settings.update({} if settings is None else {user_id: settings})
            for key in set(self.imports) - imports:
                del self.imports[key]
            self.imports.update(closed)

        return put_back


def _meter_of(key: tuple[Any, ...]) -> MeterKey:
    return key[0], key[1]
