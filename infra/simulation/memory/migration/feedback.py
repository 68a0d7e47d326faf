"""Feedback in memory."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import COMPARED, Outcome, Request
from chalicelib.domain.migration.records.feedback import ATTEMPTS, Feedback, FeedbackReport, GivenFeedback
from infra.simulation.memory.store import FakeStore


class FakeFeedbackLog:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.rows: dict[str, tuple[str, GivenFeedback]] = {}

    def add(self, user_id: str, feedback: Feedback, pseudonym: str, at: int) -> str:
        self._store.ping()
        key = f"{len(self.rows):024x}"
        self.rows[key] = user_id, GivenFeedback(key, at, pseudonym, feedback, is_open=feedback.parameters is not None)
        return key

    def latest_of(self, user_id: str, place: int) -> int | None:
        self._store.ping()
        moments = sorted((given.at for owner, given in self.rows.values() if owner == user_id), reverse=True)
        return dict(enumerate(moments, start=1)).get(place)

    def open(self, components: Collection[Component], limit: int, user_id: str | None = None) -> Sequence[Request]:
        self._store.ping()
        found = [
            (given.at, self._request(key))
            for key, (owner, given) in self.rows.items()
            if given.is_open and given.feedback.component in components and user_id in (None, owner)
        ]
        return [request for _, request in sorted(found, key=lambda each: each[0])][:limit]

    def attempt(self, feedback: str, at: int) -> bool:
        given = self.rows[feedback][1]
        if given.is_open:
            attempts = given.attempts + 1
            is_open, failed = attempts < ATTEMPTS, Outcome.FAILED
            self._put(
                replace(given, attempts=attempts, is_open=is_open, outcome=failed, fingerprints=(), compared_at=at)
            )
        return given.is_open

    def settle(self, feedback: str, outcome: Outcome, fingerprints: Sequence[str], at: int) -> None:
        if feedback not in self.rows:
            return
        given = self.rows[feedback][1]
        is_open = given.is_open and outcome not in COMPARED
        came = {"outcome": outcome, "fingerprints": tuple(fingerprints), "compared_at": at, "is_open": is_open}
        self._put(replace(given, **came))  # type: ignore[arg-type]

    def request(self, feedback: str) -> Request | None:
        known = feedback in self.rows and self.rows[feedback][1].feedback.parameters is not None
        return self._request(feedback) if known else None

    def report(self, since: int, limit: int, component: Component | None = None) -> FeedbackReport:
        self._store.ping()
        recent = [
            given
            for _, given in self.rows.values()
            if given.at >= since and component in (None, given.feedback.component)
        ]
        counts: dict[Component, Counter[str]] = {}
        for given in recent:
            counts.setdefault(given.feedback.component, Counter())[given.state] += 1
        return FeedbackReport(counts, sorted(recent, key=lambda given: given.at, reverse=True)[:limit])

    def _put(self, given: GivenFeedback) -> None:
        self.rows[given.id] = self.rows[given.id][0], given

    def _request(self, key: str) -> Request:
        owner, given = self.rows[key]
        said = given.feedback
        assert said.parameters is not None
        return Request(said.component, owner, said.parameters, feedback=key, trace_id=said.trace_id)
