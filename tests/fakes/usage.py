"""A usage log in memory."""

from chalicelib.domain.rollout.usage import BackendUsage
from tests.fakes.store import FakeStore


class FakeUsageLog:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.rows: list[tuple[BackendUsage, str, int]] = []

    def insert(self, usage: BackendUsage, pseudonym: str, at: int) -> None:
        self.ping()
        self.rows.append((usage, pseudonym, at))

    def ping(self) -> None:
        self._store.ping()
