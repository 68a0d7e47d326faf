"""The record of what operators have done, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.operating import Discarded, Done
from infra.simulation.memory.store import FakeStore


class FakeOperatorActions:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.done: list[Done] = []
        self.discarded: dict[str, Discarded] = {}

    def keep(self, done: Done) -> None:
        self._store.ping()
        self.done.append(replace(done, at=self._store.stored.clock()))

    def keep_discarded(self, letter: Discarded) -> None:
        self._store.ping()
        self.discarded[letter.id] = letter

    def newest(self, limit: int) -> Sequence[Done]:
        self._store.ping()
        return self.done[: -limit - 1 : -1]
