"""Figures of answers in memory: counted from all rows of a fake usage log, each time."""

from collections.abc import Sequence

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.figures import ComponentFigures, Share
from chalicelib.domain.migration.records.hours_of_use import Answers, Use, hour_of
from infra.simulation.memory.migration.usage import FakeUsageLog
from infra.simulation.memory.store import FakeStore

SETTLED_MS = 60_000


class FakeRolloutFigures:
    def __init__(self, store: FakeStore, usage: FakeUsageLog) -> None:
        self._store = store
        self._usage = usage
        self._folded = 0

    def fold(self, until: int) -> int:
        self._store.ping()
        upper = min(until, self._store.stored.clock() - SETTLED_MS)
        ripe = sum(at <= upper for _, _, at in self._usage.rows)
        added, self._folded = ripe - self._folded, ripe
        return added

    def figures(self, component: Component, since: int) -> ComponentFigures:
        return _figures(component, hour_of(since), self._uses(component, hour_of(since)))

    def hourly(self, component: Component, since: int) -> Sequence[ComponentFigures]:
        uses = self._uses(component, hour_of(since))
        hours = sorted({hour_of(use.at) for use in uses})
        return [_figures(component, hour, [use for use in uses if hour_of(use.at) == hour]) for hour in hours]

    def share(self, component: Component, document_version: str) -> Share:
        decided = [each for each in self._usage.decided(component) if each.document_version == document_version]
        return Share(len(decided), sum(each.reason == Reason.PERCENTAGE_IN for each in decided))

    def _uses(self, component: Component, since: int) -> list[Use]:
        self._store.ping()
        return [
            Use(
                each.component,
                each.decision.backend,
                pseudonym,
                at,
                each.elapsed_ms,
                each.success,
                each.decision.reason,
                each.decision.document_version,
            )
            for each, pseudonym, at in self._usage.rows
            if each.component is component and at >= since
        ]


def _figures(component: Component, since: int, uses: Sequence[Use]) -> ComponentFigures:
    answers = {backend: Answers() for backend in Backend}
    for use in uses:
        answers[use.backend].add(use)
    people = {use.user for use in uses}
    on_new = {use.user for use in uses if use.backend is Backend.NEW}
    figures = {backend: each.figures() for backend, each in answers.items()}
    return ComponentFigures(component, since, figures, len(people), len(on_new))
