"""The census on fakes: backends that answer as a test says, people, and a clock that moves with each answer."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from chalicelib.bootstrap.comparer import census
from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.migration.gate.census_records import CensusRun
from chalicelib.domain.migration.gate.evidence import Limits
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.gate.census import CensusService, CensusTaken
from infra.simulation.memory.store import FakeMeters, FakeStore

NOW = 1_700_000_000_000
HOUR_MS = 3_600_000
LIMITS = Limits(census_users=10, census_ms=24 * HOUR_MS)
HIDDEN = Pseudonyms(b"key")
WRONG = Difference(DifferenceKind.VALUE, ("meters", 0), 1, 2)
READS = 4 + len(EnergyType) * 2  # of somebody without readings: the dashboard, three tables, timelines and forms
LONG = (1_000.0, 1_000.0)


@dataclass
class Clock:
    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class Backends:
    """Answers are equal except for the people whom a test names, after a second each."""

    clock: Clock
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    times: tuple[float | None, float | None] = (1.0, 1.0)
    broken: tuple[Backend, ...] = ()

    def compare_backends(self, request: Request) -> ComparisonResult:
        self.asked.append(request)
        self.clock.now += 1_000
        self.meanwhile()
        outcome = self.outcomes.get(request.user_id, Outcome.EQUAL)
        wrong = (WRONG,) if outcome is Outcome.DIFFERENT else ()
        return ComparisonResult(request, outcome, wrong, (), *self.times, broken=self.broken)

    @property
    def people(self) -> Counter[str]:
        return Counter(request.user_id for request in self.asked)


@dataclass
class Stage:
    clock: Clock
    store: FakeStore
    ports: Ports
    backends: Backends
    code: str = "a1"

    @property
    def service(self) -> CensusService:
        log, counted = self.ports.comparisons, self.ports.counted
        asking = RecordedComparison(cast(Any, self.backends), log, counted, HIDDEN, self.clock, lambda: self.code)
        return census(asking, self.ports, HIDDEN, self.clock, LIMITS)

    def people(self, count: int) -> None:
        for number in range(count):
            FakeMeters(self.store.stored, f"person-{number}").mark_changed(EnergyType.POWER, 0, 0, NOW)

    def run(self, seconds: float = 1_000.0, claim: float = 1_000.0) -> CensusTaken:
        return self.service.run(seconds, claim)

    def whole(self) -> CensusRun:
        """The last census that came to its end."""
        found = self.ports.census.censuses().finished
        assert found is not None
        return found
