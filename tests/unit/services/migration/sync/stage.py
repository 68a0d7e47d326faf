"""Both sides on fakes, with commands about them, and a clock that a test moves."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.bootstrap.container import Operations, Ports, operations
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.walks import Finding, Verification, Walk, WalkProgress
from chalicelib.domain.migration.sync.mode_changes import ReadingKey
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import EnergyType, MeterKey
from infra.simulation.memory.migration.sides import FakeSides
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeStore

POWER = EnergyType.POWER
HOUR_MS = 3_600_000


class SlowSides(FakeSides):
    """The server has no time for digests, or fails at the readings of one user."""

    slow = False
    failing: tuple[str, Exception] = ("nobody", ValueError())
    dying = False  # nobody is answered after that
    prepared: tuple[Side, ...] = ()
    quarantined: tuple[Sequence[ReadingKey] | None, ...] = ()  # None: everything that nobody can read

    def quarantine(self, ids: Sequence[ReadingKey] | None = None) -> None:
        super().quarantine(ids)
        self.quarantined += (ids,)

    def prepare(self, side: Side) -> None:
        self.prepared += (side,)

    def differences(self, meter: MeterKey) -> list[Finding]:
        user, error = self.failing
        if meter[0] == user:
            self._store.down = self.dying
            raise error
        return super().differences(meter)

    def digests(self, side: Side, users: Collection[str]) -> Mapping[MeterKey, Hashable]:
        if self.slow:
            raise UnavailableError("the database did not answer in time; try again")
        return super().digests(side, users)


@dataclass
class Stage:
    store: FakeStore
    sides: SlowSides
    ports: Ports
    use: Operations

    @classmethod
    def at(cls, clock: Clock) -> "Stage":
        store = FakeStore(clock)
        sides = SlowSides(store, clock)
        ports = fake_ports(store, FakePublisher(), sides)
        return cls(store, sides, ports, operations(ports, clock))


@dataclass
class Hours:
    """A clock that a test moves."""

    now: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


def walked(
    stage: Stage, since: int | None, started: int | None = None, after: str = "alice", up_to: int | None = None
) -> None:
    """Leave a walk that was interrupted behind a meter."""
    started = stage.store.sync().read_at if started is None else started
    seen = WalkProgress(started, since, (after, POWER), Verification(SyncMode.DUAL_WRITE, 1, up_to=up_to))
    stage.use.consistency._control.save_walk_progress(Walk.VERIFY, seen)
