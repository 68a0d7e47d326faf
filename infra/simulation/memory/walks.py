"""Walks over the meters of the fake store."""

from collections.abc import Collection, Iterator, Set

from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.meters.walks import Finding, Walk, WalkProgress
from chalicelib.domain.readings import EnergyType, MeterKey
from infra.simulation.memory.store import FakeStore, ReadingsById

LAST_TYPE = max(EnergyType)


class FakeWalkControl:
    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def state(self) -> SyncState:
        return self._store.sync()

    def operation_time(self) -> int:
        return self.state().read_at // 1000 * 1000

    def walk_progress(self, walk: Walk) -> WalkProgress | None:
        return self._store.walks.get(walk)

    def save_walk_progress(self, walk: Walk, progress: WalkProgress | None) -> None:
        self._store.walks.pop(walk, None)
        if progress is not None:
            self._store.walks[walk] = progress


class FakeMetersOfAll:
    """The meters of everybody, one after the other."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def erased_among(self, users: Collection[str]) -> Set[str]:
        return self._store.closed.keys() & users

    def meters(self, after: MeterKey | None = None) -> Iterator[MeterKey]:
        stored = self._store.stored
        known = {*stored.energies.meters(), *stored.readings.meters(), *stored.display.meters()}
        return iter(sorted(meter for meter in known if after is None or meter > after))

    def count_meters(self) -> int:
        return len(list(self.meters()))

    def bounds(self, ranges: int) -> list[MeterKey]:
        people = sorted({user for user, _ in self.meters()})
        ends = [people[number * len(people) // ranges] for number in range(1, ranges)] if people else []
        return [(user, LAST_TYPE) for user in dict.fromkeys(ends)]

    def damages(self, meter: MeterKey) -> list[Finding]:
        self._store.ping()
        return []

    def _side(self, side: Side) -> ReadingsById:
        return self._store.side(side)
