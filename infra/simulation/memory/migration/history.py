"""Which meters of the fake store were written since an instant."""

from collections.abc import Iterator

from chalicelib.domain.sync.history import Written
from infra.simulation.memory.store import FakeStore


class FakeWriteHistory:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.begins = 0  # what was before is forgotten

    def reaches(self, since: int) -> bool:
        self._store.ping()
        return self.begins <= since

    def written(self, since: int) -> Iterator[Written]:
        written = self._store.stored.written
        meters = frozenset(meter for meter, at in written.items() if at >= since // 1000 * 1000)
        now = self._store.stored.clock() // 1000 * 1000
        yield Written(meters, now, complete=True, problem=None if self.reaches(since) else "it is forgotten")
