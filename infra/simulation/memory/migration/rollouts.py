"""The record of rollouts, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.rollouts.rollout import CARRIED, Rollout, Seen
from infra.simulation.memory.store import FakeStore


class FakeRollouts:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.kept: dict[Component, Rollout] = {}

    def find(self, component: Component) -> Rollout | None:
        self._store.ping()
        return self.kept.get(component)

    def all(self) -> Sequence[Rollout]:
        self._store.ping()
        return list(self.kept.values())

    def carried(self) -> Sequence[Rollout]:
        return [rollout for rollout in self.all() if rollout.state in CARRIED]

    def save(self, rollout: Rollout) -> bool:
        self._store.ping()
        found = self.kept.get(rollout.component)
        if rollout.version != (0 if found is None else found.version):
            return False
        self.kept[rollout.component] = replace(rollout, version=rollout.version + 1)
        return True

    def see(self, rollout: Rollout, seen: Seen) -> None:
        self._store.ping()
        found = self.kept.get(rollout.component)
        if found is not None and found.version == rollout.version:
            self.kept[rollout.component] = replace(found, seen=seen)
