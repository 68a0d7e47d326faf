"""Chooses the reads to compare: what people say looks wrong, then a sample, all of some users, or earlier ones again.

``compare_backends`` compares the answers.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Set
from itertools import chain
from random import Random

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.migration.gate.counted import CountedEvidence, holds
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonLog,
    ComparisonReport,
    ComparisonResult,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
)
from chalicelib.domain.migration.records.feedback import FeedbackLog, FeedbackReport
from chalicelib.domain.migration.records.flag_history import KnownUsers
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import ReadingQueries
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.trace import trace_id
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.comparison.reads_of_user import comparable, reads_of_user, years_of_meter
from chalicelib.services.migration.comparison.replays import AT_ONCE, ComparisonMemory

FIRST_LOOK_MS = 15 * 60_000  # how far back the first run looks
LATEST = 4_000  # recorded reads per component and run, the latest: a rush stays bounded
SHARE = 0.05  # of these
AT_LEAST = 20  # per component and run: what few people read is compared whole
FEEDBACK_AT_ONCE = 100  # per run, the oldest: what is left waits for the next one
LONGEST_RULE_MS = 366 * 24 * 3600 * 1000


class BackendComparer:
    """Asks, compares and remembers what came of it."""

    def __init__(
        self,
        asking: RecordedComparison,
        log: ComparisonLog,
        counted: CountedEvidence,
        feedback: FeedbackLog,
        queries: ReadingQueries,
        users: KnownUsers,
        pseudonyms: Pseudonyms,
        clock: Clock,
        random: Random,
    ) -> None:
        self._asking = asking
        self._log = log
        self._counted = counted
        self._feedback = feedback
        self._queries = queries
        self._users = users
        self._clock = clock
        self._random = random
        self._memory = ComparisonMemory(log, feedback, users, pseudonyms)

    def run(self, budget_seconds: float) -> Counter[Outcome]:
        """Compare open feedback, then a sample of what was read since the last run, within a budget of time.

        What a busy time leaves over of the sample is skipped: a sample says enough, and the latest reads say most.

        Raises:
            ComparisonError: the new side is not written, or one is not complete yet; there is nothing to compare.
        """
        components = self._comparable()
        started = self._clock()
        ends = started + round(budget_seconds * 1000)
        after = self._log.looked_at() or started - FIRST_LOOK_MS
        sample = [request for component in components for request in self._sample(component, after)]
        self._random.shuffle(sample)
        outcomes: Counter[Outcome] = Counter()
        for compared in self._until(ends, chain(self._open_feedback(components), map(self._asking.recorded, sample))):
            outcomes[compared.outcome] += 1
        self._log.set_looked_at(started)
        return outcomes

    def of_user(self, user_id: str) -> Iterator[ComparisonResult]:
        """Compare what a user says looks wrong, then everything that the page shows of them.

        Raises ComparisonError as ``run`` does.
        """
        yield from self._open_feedback(self._comparable(), user_id)
        yield from self._page_of(user_id)

    def of_everybody(self, sample: int | None = None) -> Iterator[ComparisonResult]:
        """Compare all known users; or all feedback, and the page of a sample of that size, picked by chance."""
        yield from self._open_feedback(self._comparable())
        users: Iterable[str] = self._users.known_users()
        if sample is not None:
            everybody = sorted(users)
            users = self._random.sample(everybody, min(sample, len(everybody)))
        for user_id in users:
            yield from self._page_of(user_id)

    def feedback(self, since: int, limit: int) -> FeedbackReport:
        """What people have said to look wrong from an instant on, and what came of it."""
        return self._feedback.report(since, limit)

    def report(self, since: int) -> ComparisonReport:
        """What was found from an instant on."""
        return self._log.report(since)

    def replay(self, fingerprint: str, operator: str, most: int = AT_ONCE) -> Replay:
        """Ask again now the latest reads that have shown a difference; that somebody did is remembered.

        It is gone as of the beginning: what others see meanwhile counts on.

        Raises:
            ComparisonError: nobody has seen such a difference, what was asked then is not kept any more, or it cannot
                be compared in this mode.
        """
        components, began = self._comparable(), self._clock()
        recalled = self._memory.requests(fingerprint, most)
        requests = [request for request in recalled.requests if request.component in components]
        if not requests:
            raise ComparisonError("in new_only both backends read the same readings: rows are compared in dual_write")
        seen = [self._asking.recorded(request) for request in requests]
        outcomes = Counter(compared.outcome for compared in seen)
        showing = sum(fingerprint in compared.distinct for compared in seen)
        replay = Replay(fingerprint, operator, began, outcomes, showing, recalled.lost, recalled.unasked)
        self._log.audit(replay)
        if replay.gone:
            self._counted.gone(fingerprint, requests[0].component, self._asking.code(), replay.at)
        return replay

    def ignore(self, rule: IgnoreRule) -> None:
        """Let a difference count as known until a day. Agreements count from 0 again where nobody has answered for it.

        Raises:
            ComparisonError: nobody has seen it, nobody answers for it, or the day is past or more than a year away.
        """
        self._memory.check_seen(rule.fingerprint)
        if not rule.owner.strip() or not rule.reason.strip():
            raise ComparisonError("say who answers for the difference and why it may stay")
        if not self._clock() < rule.until <= self._clock() + LONGEST_RULE_MS:
            raise ComparisonError("the last day of a rule lies ahead, at most a year: then somebody looks again")
        if not holds(self._log.rules().get(rule.fingerprint), self._clock()):
            # First: with the rule alone, an answer that is given again would be one that goes on.
            self._counted.answered(rule.fingerprint)
        self._log.save_rule(rule)

    def _comparable(self) -> Set[Component]:
        return comparable(self._queries.sync())

    def _until(self, ends: int, seen: Iterator[ComparisonResult]) -> Iterator[ComparisonResult]:
        """Comparisons one by one; none begins when the time is up."""
        while self._clock() < ends and (compared := next(seen, None)):
            yield compared

    def _open_feedback(self, components: Set[Component], user_id: str | None = None) -> Iterator[ComparisonResult]:
        """Compare open feedback, the oldest first. Each attempt is counted before it is made: none ends all runs."""
        for request in self._feedback.open(components, FEEDBACK_AT_ONCE, user_id):
            feedback = str(request.feedback)
            if self._feedback.attempt(feedback, self._clock()):
                compared = self._asking.recorded(request)
                self._feedback.settle(feedback, compared.outcome, [*compared.distinct], self._clock())
                yield compared

    def _page_of(self, user_id: str) -> Iterator[ComparisonResult]:
        components = self._comparable()
        if self._has_anything(user_id):
            for read in reads_of_user(self._queries, user_id):
                if read.component in components:
                    yield self._asking.recorded(
                        Request(read.component, user_id, read.parameters(), trace_id=trace_id())
                    )

    def _has_anything(self, user_id: str) -> bool:
        """A user without meters and readings is a misspelt one: that both show nothing would prove nothing."""
        years = (years_of_meter(self._queries, user_id, energy_type) for energy_type in EnergyType)
        return any(self._asking.versions(user_id)) or any(years)

    def _sample(self, component: Component, after: int) -> list[Request]:
        recorded = list(self._log.requests(component, after, LATEST))
        size = min(max(AT_LEAST, round(SHARE * len(recorded))), len(recorded))
        return self._random.sample(recorded, size)
