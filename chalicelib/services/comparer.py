"""Which reads are compared: a sample of what was asked, on a schedule; everything of some users, on demand; again.

How two answers are compared stands in ``comparison``.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from random import Random

from chalicelib.domain.comparison import (
    Compared,
    ComparisonLog,
    ComparisonReport,
    Example,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
)
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.ports import Clock, PageRequest, ReadingFilter, ReadingQueries
from chalicelib.domain.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.domain.rollout import Component
from chalicelib.domain.sync import Side
from chalicelib.services.comparison import BackendComparison
from chalicelib.services.component_reads import (
    READS,
    ComponentRead,
    ShowDashboard,
    ShowMonths,
    ShowTable,
    ShowTimeline,
)

FIRST_LOOK_MS = 15 * 60_000  # how far back the first run looks
READ_AT_ONCE = 1_000  # noted reads per component and run; the sample is taken from these
SHARE = 0.05
AT_LEAST, AT_MOST = 20, 200  # per component and run: a small household is compared whole, a rush stays bounded
EXAMPLES = 20
Known = Callable[[], Iterable[str]]


class BackendComparer:
    """Asks, compares and remembers what came of it."""

    def __init__(
        self,
        comparison: BackendComparison,
        log: ComparisonLog,
        queries: ReadingQueries,
        pseudonyms: Pseudonyms,
        clock: Clock,
        random: Random,
    ) -> None:
        self._comparison = comparison
        self._log = log
        self._queries = queries
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._random = random

    def run(self, budget_seconds: float) -> Counter[Outcome]:
        """Compare a sample of what was read since the last run, within a budget of time.

        What a busy time leaves over is passed by: a sample tells enough, and the latest reads tell most.

        Raises:
            ComparisonError: the new side is not written; there is nothing to compare.
        """
        self._check_written()
        started, ends = self._clock(), time.monotonic() + budget_seconds
        after = self._log.looked_at() or started - FIRST_LOOK_MS
        sample = [request for component in READS for request in self._sample(component, after)]
        self._random.shuffle(sample)
        outcomes: Counter[Outcome] = Counter()
        for request in sample:
            if time.monotonic() > ends:
                break
            outcomes[self._noted(request).outcome] += 1
        self._log.set_looked_at(started)
        return outcomes

    def on_demand(self, users: Iterable[str]) -> Iterator[Compared]:
        """Compare everything that the page shows of users. Raises ComparisonError as ``run`` does."""
        self._check_written()
        for user_id in users:
            for read in self._reads_of(user_id):
                yield self._noted(Request(read.component, user_id, read.parameters()))

    def report(self, since: int) -> ComparisonReport:
        """What was found since an instant."""
        return self._log.report(since)

    def replay(self, fingerprint: str, operator: str, known: Known) -> Replay:
        """Ask again now what has shown a difference; that somebody did is remembered.

        Raises:
            ComparisonError: nobody has seen such a difference, or what was asked then is not kept any more.
        """
        examples = self._log.examples(fingerprint, EXAMPLES)
        if not examples:
            raise ComparisonError(f"no difference {fingerprint!r} is kept; python -m infra compare report lists them")
        requests = list(self._requests(examples, known))
        if not requests:
            raise ComparisonError(f"the reads that showed {fingerprint!r} are not kept any more; ask on demand")
        outcomes = Counter(self._noted(request).outcome for request in requests)
        replay = Replay(fingerprint, operator, self._clock(), outcomes)
        self._log.audit(replay)
        return replay

    def ignore(self, rule: IgnoreRule) -> None:
        """Let a difference count as known until a day. Raises ComparisonError: it lies in the past."""
        if rule.until <= self._clock():
            raise ComparisonError("the rule would have expired already; choose a later day")
        self._log.save_rule(rule)

    def _check_written(self) -> None:
        if Side.NEW not in self._queries.sync().writes:
            raise ComparisonError("the mode is old_only: the new backend shows nothing yet; first: mode set dual_write")

    def _sample(self, component: Component, after: int) -> list[Request]:
        noted = list(self._log.requests(component, after, READ_AT_ONCE))
        size = min(max(AT_LEAST, round(SHARE * len(noted))), AT_MOST, len(noted))
        return self._random.sample(noted, size)

    def _noted(self, request: Request) -> Compared:
        compared = self._judged(self._comparison.compare_backends(request))
        self._log.add(compared, self._pseudonyms, self._clock())
        return compared

    def _judged(self, compared: Compared) -> Compared:
        """A difference counts as ignored when somebody answers for all of it."""
        if compared.outcome is not Outcome.DIFFERENT:
            return compared
        now, component = self._clock(), compared.request.component
        known = {name for name, rule in self._log.rules().items() if rule.until > now}
        ignored = all(difference.fingerprint(component) in known for difference in compared.differences)
        return replace(compared, outcome=Outcome.IGNORED) if ignored else compared

    def _reads_of(self, user_id: str) -> Iterator[ComponentRead]:
        """The dashboard, both ends of the table, and for each meter its timeline and the months of its years."""
        yield ShowDashboard()
        yield ShowTable()
        yield ShowTable(descending=True)
        for energy_type in EnergyType:
            yield ShowTimeline(type=energy_type)
            for year in self._years(user_id, energy_type):
                yield ShowMonths(type=energy_type, year=year)

    def _years(self, user_id: str, energy_type: EnergyType) -> range:
        """The years of the readings, and one before and behind, which both backends calculate on the spot."""
        ends = [
            reading
            for descending in (False, True)
            for reading in self._queries.page(
                user_id, PageRequest(ReadingFilter(energy_type), descending=descending, limit=1), Side.OLD
            )
        ]
        years = [to_datetime(reading.instant).year for reading in ends]
        return range(min(years) - 1, max(years) + 2) if years else range(0)

    def _requests(self, examples: Iterable[Example], known: Known) -> Iterator[Request]:
        users: dict[str, str] = {}
        for example in examples:
            if example.usage is not None:
                request = self._log.request(example.usage)
                if request is not None:
                    yield request
            elif example.parameters is not None:
                users = users or {self._pseudonyms.of("user", user_id): user_id for user_id in known()}
                if example.user in users:
                    yield Request(example.component, users[example.user], example.parameters)
