"""What pages measure, in memory, beside the usage log that knows what the server needed."""

from collections.abc import Iterable, Sequence

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement, Sample
from infra.simulation.memory.migration.usage import FakeUsageLog
from infra.simulation.memory.store import FakeStore


class FakePageMeasurements:
    def __init__(self, store: FakeStore, usage: FakeUsageLog) -> None:
        self._store = store
        self._usage = usage
        self.rows: list[tuple[PageMeasurement, str, int]] = []

    def insert(self, measurements: Sequence[PageMeasurement], pseudonym: str, at: int) -> None:
        self._store.ping()
        self.rows += [(each, pseudonym, at) for each in measurements]

    def measured(self, component: Component, backend: Backend, kind: MeasurementKind, since: int, limit: int) -> Sample:
        self._store.ping()
        wanted = (component, backend, kind)
        found = ((at, each.elapsed_ms) for each, _, at in self.rows if _place(each) == wanted)
        return _sample(found, since, limit)

    def served(self, component: Component, backend: Backend, since: int, limit: int) -> Sample:
        self._usage.ping()
        found = (
            (at, usage.elapsed_ms)
            for usage, _, at in self._usage.rows
            if (usage.component, usage.decision.backend) == (component, backend)
        )
        return _sample(found, since, limit)


def _place(measurement: PageMeasurement) -> tuple[Component, Backend, MeasurementKind]:
    return measurement.component, measurement.backend, measurement.kind


def _sample(found: Iterable[tuple[int, float]], since: int, limit: int) -> Sample:
    recent = sorted((each for each in found if each[0] >= since), key=lambda each: each[0], reverse=True)
    return Sample(recent[:limit], cut=len(recent) > limit)
