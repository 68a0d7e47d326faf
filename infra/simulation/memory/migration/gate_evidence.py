"""What is counted for the gate, and the census, in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.census_records import Censuses, Claim
from chalicelib.domain.migration.gate.counted import Counted, Counting, DifferenceSeen
from chalicelib.domain.migration.gate.pairs import ERRORS, LATENCY
from chalicelib.domain.migration.records.comparison_log import ComparisonResult
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from infra.simulation.memory.migration.comparisons import FakeComparisonLog

Ping = Callable[[], None]


@dataclass
class _Run:
    """One component on one code."""

    counted: Counted = field(default_factory=Counted)
    agreed: set[str] = field(default_factory=set)

    def begin_again(self) -> None:
        self.counted = replace(self.counted, agreements=0)
        self.agreed = set()

    def see(self, fingerprint: str, **when: int) -> None:
        differences = dict(self.counted.differences)
        differences[fingerprint] = replace(differences.get(fingerprint, DifferenceSeen()), **when)
        self.counted = replace(self.counted, differences=differences)


class FakeCountedEvidence:
    def __init__(self, ping: Ping, log: FakeComparisonLog) -> None:
        self._ping = ping
        self._log = log
        self._runs: dict[tuple[Component, str], _Run] = {}

    def count(self, counting: Counting, at: int) -> None:
        self._ping()
        run = self._runs.setdefault((counting.component, counting.code), _Run())
        for fingerprint in counting.differences:
            run.see(fingerprint, seen=at)
        if counting.differences and not counting.is_answered:
            run.begin_again()
        if counting.agreement is not None and counting.agreement not in run.agreed:
            run.agreed.add(counting.agreement)
            run.counted = replace(run.counted, agreements=run.counted.agreements + 1)
        errors = ERRORS.after(run.counted.errors, counting.errors)
        latency = LATENCY.after(run.counted.latency, counting.latency)
        run.counted = replace(run.counted, errors=errors, latency=latency)

    def record(self, compared: ComparisonResult, counting: Counting, pseudonyms: Pseudonyms, at: int) -> None:
        self._log.add(compared, pseudonyms, at)
        self.count(counting, at)

    def counted(self, component: Component, code: str) -> Counted:
        self._ping()
        run = self._runs.get((component, code))
        return run.counted if run else Counted()

    def known(self, component: Component) -> Sequence[str]:
        self._ping()
        runs = (run for (of, _), run in self._runs.items() if of is component)
        return sorted({fingerprint for run in runs for fingerprint in run.counted.differences})

    def answered(self, fingerprint: str) -> None:
        for run in self._runs.values():
            seen = run.counted.differences.get(fingerprint)
            if seen is not None and seen.seen is not None:
                run.begin_again()

    def gone(self, fingerprint: str, component: Component, code: str, at: int) -> None:
        run = self._runs.setdefault((component, code), _Run())
        run.see(fingerprint, gone=at)
        run.begin_again()


class FakeCensusRecords:
    """Goes by the clock of the test, as the real one goes by the database's."""

    def __init__(self, ping: Ping, clock: Clock) -> None:
        self._ping = ping
        self._clock = clock
        self._kept = Censuses()
        self._token: str | None = None
        self._until = 0
        self._tries = 0
        self._claims = 0

    def censuses(self) -> Censuses:
        self._ping()
        return self._kept

    def claim(self, seconds: float) -> Claim | None:
        self._ping()
        if self._token is not None and self._clock() < self._until:
            return None
        self._claims += 1
        self._tries += 1
        self._token, self._until = str(self._claims), self._clock() + round(seconds * 1000)
        return Claim(self._token, self._kept, self._tries)

    def save(self, claim: Claim, censuses: Censuses) -> bool:
        self._ping()
        if claim.token != self._token:
            return False
        self._kept, self._tries = censuses, 0
        return True

    def release(self, claim: Claim) -> None:
        self._ping()
        if claim.token == self._token:
            self._token = None
