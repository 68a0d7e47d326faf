"""The records of the status, in memory."""

from collections.abc import Sequence

from chalicelib.domain.migration.status.records import NotPublished, RollbackDrill
from infra.simulation.memory.store import FakeStore


class FakeStatusRecords:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._drill: RollbackDrill | None = None
        self._lost = NotPublished()
        self.open: list[str] = []

    def drill(self) -> RollbackDrill | None:
        self._store.ping()
        return self._drill

    def save_drill(self, drill: RollbackDrill) -> None:
        self._store.ping()
        self._drill = drill

    def not_published(self) -> NotPublished:
        self._store.ping()
        return self._lost

    def add_not_published(self, count: int) -> None:
        if not self._store.down:
            since = self._store.stored.clock() if self._lost.since is None else self._lost.since
            self._lost = NotPublished(self._lost.count + count, since)

    def open_migrations(self) -> Sequence[str]:
        self._store.ping()
        return self.open
