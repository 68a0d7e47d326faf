"""The outside world on the virtual clock: the store, AppConfig, and how long the backends take to answer."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from typing_extensions import override

from chalicelib.bootstrap.operations import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.flags.document.json_schema import first_document
from infra.simulation.clock import Agenda, VirtualClock
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.migration.appconfig import FakeAppConfig
from infra.simulation.memory.migration.sides import FakeSides
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.state import Readings
from infra.simulation.memory.store import FakeQueries, FakeStore

T = TypeVar("T")
ANSWER_MS, SLOW_MS = 10.0, 60.0


@dataclass
class Stopwatch:
    """How long answers take, by a clock of its own: each the same, but those of a slow new backend."""

    slow: bool = False
    _ms: float = 0.0
    _is_charged: bool = False

    def __call__(self) -> float:
        """Seconds; what is asked between two looks is one answer."""
        self._is_charged = False
        return self._ms / 1000

    def charge(self, backend: Backend) -> None:
        """Let the time of an answer pass, once."""
        if not self._is_charged:
            self._is_charged = True
            self._ms += SLOW_MS if self.slow and backend is Backend.NEW else ANSWER_MS


class TimedQueries(FakeQueries):
    """Reads that take time."""

    def __init__(self, store: FakeStore, stopwatch: Stopwatch) -> None:
        super().__init__(store)
        self._stopwatch = stopwatch

    @override
    def _side(self, backend: Backend) -> Readings:
        self._stopwatch.charge(backend)
        return super()._side(backend)


class TimedDisplay(FakeDisplay):
    """Views that take time."""

    def __init__(self, store: FakeStore, stopwatch: Stopwatch) -> None:
        super().__init__(store)
        self._stopwatch = stopwatch

    @override
    def find(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
    ) -> tuple[DisplayDocument | None, MeterState]:
        self._stopwatch.charge(Backend.NEW)
        return super().find(user_id, energy_type, data_type, year)


@dataclass
class Outside:
    """One world: everything that the application reaches. ``chance``: of its own, by the seed."""

    chance: Random
    appconfig: FakeAppConfig
    clock: VirtualClock
    agenda: Agenda
    store: FakeStore
    sides: FakeSides
    ports: Ports
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    remembered: dict[Hashable, tuple[Hashable, Any]] = field(default_factory=dict)

    def once_for(self, key: Hashable, stamp: Callable[[], Hashable], work: Callable[[], T]) -> T:
        """What work returns; what it returned before, where nothing has changed since by its stamp."""
        before, found = self.remembered.get(key, (None, None))
        if before != (now := stamp()):
            found = work()
            self.remembered[key] = (now, found)
        result: T = found
        return result

    def stamp(self, meter: MeterKey) -> Hashable:
        """What changes whenever anything does that an answer about this meter depends on."""
        stored = self.store.stored
        changes = (held.stamp(meter) for held in stored.sides.values())
        known = stored.meters.get(meter)
        state = None if known is None else (known.state, known.dirty_from, known.dirty_to)
        return (*changes, stored.display.stamp(meter), state, stored.sync.mode, stored.sync.since)

    def is_dirty(self) -> bool:
        """Whether the display of any meter lags."""
        return any(meter.state.dirty_since is not None for meter in self.store.stored.meters.values())


def outside(seed: str, start: int) -> Outside:
    """A world with nothing in it yet: an old application's database, and flags that are all off."""
    chance = Random(seed)  # noqa: S311 - nothing secret
    appconfig = FakeAppConfig(now=start / 1000).deployed(first_document())
    clock = VirtualClock(start, appconfig.pass_time)
    store = FakeStore(clock, lambda: f"{chance.getrandbits(128):032x}")
    store.stored.sync = SyncState(SyncMode.OLD_ONLY, 0)
    sides, stopwatch = FakeSides(store, clock), Stopwatch()
    ports = replace(
        fake_ports(store, FakePublisher(), sides),
        queries=TimedQueries(store, stopwatch),
        display=TimedDisplay(store, stopwatch),
    )
    return Outside(chance, appconfig, clock, Agenda(clock), store, sides, ports, stopwatch)
