"""Asks both backends and remembers what came of it: a row for reports, and what the gate counts of it.

``compare_backends`` asks and compares, ``runs`` and the census decide what is asked.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.counted import CountedEvidence, Counting, counting_of
from chalicelib.domain.migration.gate.pairs import Pair, pair_of_times
from chalicelib.domain.migration.records.comparison_log import ComparisonLog, ComparisonResult, Outcome, Request
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.migration.comparison.compare_backends import BackendComparison


class RecordedComparison:
    """Compares one read after another, on the code that runs here: ``code`` says its digest."""

    def __init__(
        self,
        comparison: BackendComparison,
        log: ComparisonLog,
        counted: CountedEvidence,
        pseudonyms: Pseudonyms,
        clock: Clock,
        code: Callable[[], str],
    ) -> None:
        self._comparison = comparison
        self._log = log
        self._counted = counted
        self._pseudonyms = pseudonyms
        self._clock = clock
        self.code = code

    def versions(self, user_id: str) -> tuple[int, ...]:
        """The source versions of a user's meters, 0 where there is none. Raises UnavailableError."""
        return self._comparison.versions(user_id)

    def recorded(self, request: Request) -> ComparisonResult:
        """Compare one read; a row says what came of it, and it counts, both or neither. Raises UnavailableError."""
        compared = self._judged(request)
        self._record(compared, counting_of(compared, self._user(request)))
        return compared

    def surveyed(self, request: Request) -> ComparisonResult:
        """Ask for one view of the census: an equal answer is counted by the census and needs no row.

        Times are counted by ``timed``: the views of one person are not one pair each.
        """
        compared = self._judged(request)
        counting = replace(counting_of(compared, self._user(request)), agreement=None, latency=Pair.TIE)
        if compared.outcome is Outcome.EQUAL:
            self._counted.count(counting, self._clock())
        else:
            self._record(compared, counting)
        return compared

    def timed(self, component: Component, user_id: str, old_ms: float, new_ms: float) -> None:
        """Count the mean times of one person's views as one pair: a sum would be as many times as far from a tie."""
        pair = pair_of_times(old_ms, new_ms)
        self._counted.count(Counting(component, self.code(), self._user_of(user_id), latency=pair), self._clock())

    def _judged(self, request: Request) -> ComparisonResult:
        """A difference counts as ignored when somebody answers for all of it."""
        compared = replace(self._comparison.compare_backends(request), code=self.code())
        if compared.outcome is not Outcome.DIFFERENT:
            return compared
        now = self._clock()
        known = {name for name, rule in self._log.rules().items() if rule.until > now}
        return replace(compared, outcome=Outcome.IGNORED) if known >= compared.distinct.keys() else compared

    def _record(self, compared: ComparisonResult, counting: Counting) -> None:
        self._counted.record(compared, counting, self._pseudonyms, self._clock())

    def _user(self, request: Request) -> str:
        return self._user_of(request.user_id)

    def _user_of(self, user_id: str) -> str:
        return self._pseudonyms.of("user", user_id)
