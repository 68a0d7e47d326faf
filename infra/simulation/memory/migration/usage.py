"""A usage log in memory."""

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import Answered, BackendUsage
from infra.simulation.memory.store import FakeStore

BY_PERCENTAGE = (Reason.PERCENTAGE_IN, Reason.PERCENTAGE_OUT)


class FakeUsageLog:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.rows: list[tuple[BackendUsage, str, int]] = []
        self._decided: dict[tuple[Component, str], tuple[int, Decision]] = {}
        self._reads: dict[Component, list[tuple[int, int]]] = {}

    def insert(self, usage: BackendUsage, pseudonym: str, at: int) -> None:
        self.ping()
        if usage.parameters is not None:
            insort(self._reads.setdefault(usage.component, []), (at, len(self.rows)))
        self.rows.append((usage, pseudonym, at))
        known = self._decided.get((usage.component, pseudonym))
        if usage.decision.reason in BY_PERCENTAGE and (known is None or known[0] <= at):
            self._decided[usage.component, pseudonym] = (at, usage.decision)

    def decided(self, component: Component) -> list[Decision]:
        """The last decision of each person that a percentage made."""
        return [decision for (of, _), (_, decision) in self._decided.items() if of is component]

    def reads(self, component: Component, after: int) -> Iterator[tuple[int, BackendUsage]]:
        """Reads behind an instant with their numbers, the latest first."""
        reads = self._reads.get(component, [])
        behind = bisect_right(reads, (after, len(self.rows)))
        return ((number, self.rows[number][0]) for _, number in reversed(reads[behind:]))

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
