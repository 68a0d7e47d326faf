"""A usage log in memory."""

from collections.abc import Sequence

from chalicelib.domain.components import Component
from chalicelib.domain.rollout.usage import Answered, BackendUsage
from tests.fakes.store import FakeStore


class FakeUsageLog:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.rows: list[tuple[BackendUsage, str, int]] = []

    def insert(self, usage: BackendUsage, pseudonym: str, at: int) -> None:
        self.ping()
        self.rows.append((usage, pseudonym, at))

    def between(self, user_id: str, component: Component, first: int, last: int, limit: int) -> Sequence[Answered]:
        self.ping()
        found = [
            Answered(
                at=at,
                backend=usage.decision.backend,
                reason=str(usage.decision.reason),
                document_version=usage.decision.document_version,
                success=usage.success,
                elapsed_ms=usage.elapsed_ms,
                trace_id=usage.trace_id,
            )
            for usage, _, at in self.rows
            if (usage.user_id, usage.component) == (user_id, component) and first <= at <= last
        ]
        return sorted(found, key=lambda answered: answered.at)[:limit]

    def ping(self) -> None:
        self._store.ping()
