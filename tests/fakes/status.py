"""The records of the status, and figures, in memory."""

from collections.abc import Sequence

from chalicelib.domain.backends import Backend
from chalicelib.domain.components import Component
from chalicelib.domain.rollout.figures import BackendFigures, ComponentFigures, Share
from chalicelib.domain.status.records import NotPublished, RollbackDrill
from tests.fakes.store import FakeStore


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


class FakeFigures:
    """Says what a test wants."""

    def __init__(self) -> None:
        self.backends: dict[Component, dict[Backend, BackendFigures]] = {}
        self.shares: dict[Component, Share] = {}

    def fold(self, until: int) -> int:
        return 0

    def figures(self, component: Component, since: int) -> ComponentFigures:
        return ComponentFigures(component, since, self.backends.get(component, {}), 0, 0)

    def hourly(self, component: Component, since: int) -> Sequence[ComponentFigures]:
        return []

    def share(self, component: Component, document_version: str) -> Share:
        return self.shares.get(component, Share(0, 0))
