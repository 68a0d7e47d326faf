"""The census: asks everybody's views of both backends, person by person, also when nobody came by.

A run goes on where the one before stopped, alone, for as long as it has time. People whose meters are written while
they are asked are asked again by the next run first. On other code, in another mode, or when the last census gets old,
it begins from the start. Who comes after its end is asked by the next run.
"""

from collections import defaultdict
from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from statistics import fmean

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.gate.census import is_outdated
from chalicelib.domain.migration.gate.census_records import Censuses, CensusRecords, CensusRun, Claim, Tallies, Tally
from chalicelib.domain.migration.gate.evidence import Limits
from chalicelib.domain.migration.records.comparison_log import Outcome, Request
from chalicelib.domain.migration.records.flag_history import KnownUsers
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import ReadingQueries
from chalicelib.monitoring.trace import trace_id
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.comparison.reads_of_user import comparable, everything_of_user

AGAIN_WHERE_FOUND_MS = 300_000  # what was found may be mended meanwhile
TRIES = 3  # of runs that do not get to the end of one person's views
LOOKED = {
    Outcome.EQUAL: Tally(1),
    Outcome.IGNORED: Tally(1),
    Outcome.DIFFERENT: Tally(1, 1),
    Outcome.FAILED: Tally(1, 0, 1),
}


class CensusState(StrEnum):
    """What one run has done."""

    TOO_MANY = "too many people"
    CLAIMED = "another run asks"
    NOT_DUE = "not due"
    UNDER_WAY = "under way"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class CensusTaken:
    """What one run has done, and how many people were asked so far."""

    state: CensusState
    users: int = 0


class CensusService:
    """What the function ``CensusTaker`` does."""

    def __init__(
        self,
        asking: RecordedComparison,
        records: CensusRecords,
        queries: ReadingQueries,
        users: KnownUsers,
        pseudonyms: Pseudonyms,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._asking = asking
        self._records = records
        self._queries = queries
        self._users = users
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._limits = limits

    def run(self, budget_seconds: float, claim_seconds: float) -> CensusTaken:
        """Ask for so long, and for as long as a read takes. ``claim_seconds``: after so long the run is surely over.

        Raises:
            ComparisonError: the new side is not written, or one is not complete yet; there is nothing to compare.
            UnavailableError: the database did not answer in time; the next run goes on.
        """
        ends = self._clock() + round(budget_seconds * 1000)
        sync = self._queries.sync()
        components = comparable(sync)
        people = [*islice(self._users.known_users(), self._limits.census_users + 1)]
        if len(people) > self._limits.census_users:
            return CensusTaken(CensusState.TOO_MANY)
        claim = self._records.claim(claim_seconds)
        if claim is None:
            return CensusTaken(CensusState.CLAIMED)
        try:
            run = self._due(claim.censuses, sync.since)
            named = {self._pseudonyms.of(f"census of {run.started}", user_id): user_id for user_id in people}
            if claim.censuses.running is None and run.finished is not None and run.done == named.keys():
                self._records.save(claim, claim.censuses)  # it has done what was to be done: no try in vain
                return CensusTaken(CensusState.NOT_DUE)
            return self._taken(claim, run.among(named), named, components, ends)
        finally:
            with suppress(UnavailableError):  # then the claim ends by itself
                self._records.release(claim)

    def _due(self, kept: Censuses, mode_since: int | None) -> CensusRun:
        """The census to go on with, the last one while it still says enough, or a new one."""
        if kept.running is not None and not self._is_outdated(kept.running, mode_since, self._limits):
            return kept.running
        if kept.finished is not None and not self._is_to_be_repeated(kept.finished, mode_since):
            return kept.finished
        return CensusRun(self._asking.code(), mode_since, self._clock())

    def _is_to_be_repeated(self, last: CensusRun, mode_since: int | None) -> bool:
        """Half way to its end already, so that there is always one that is young enough."""
        early, ended = replace(self._limits, census_ms=self._limits.census_ms // 2), last.finished
        soon = not last.is_clean and ended is not None and self._clock() - ended >= AGAIN_WHERE_FOUND_MS
        return soon or self._is_outdated(last, mode_since, early)

    def _is_outdated(self, run: CensusRun, mode_since: int | None, limits: Limits) -> bool:
        begun = replace(run, finished=run.finished or run.started).census(Component.DASHBOARD)
        return is_outdated(begun, self._asking.code(), mode_since, self._clock(), limits)

    def _taken(
        self, claim: Claim, run: CensusRun, named: Mapping[str, str], components: Set[Component], ends: int
    ) -> CensusTaken:
        """Every step is stored before the next one begins."""
        finished, gives_up = claim.censuses.finished, claim.tries > TRIES
        for name in run.rest(named):
            try:
                found = _given_up(components) if gives_up else self._views_of(named[name], components, ends)
            except _OutOfTimeError:
                return CensusTaken(CensusState.UNDER_WAY, run.users)
            run, gives_up = run.asked(name, found), False
            if not self._records.save(claim, Censuses(run, finished)):
                return CensusTaken(CensusState.CLAIMED, run.users)
        if run.lagging:
            return CensusTaken(CensusState.UNDER_WAY, run.users)
        self._records.save(claim, Censuses(None, run.ended(self._clock())))
        return CensusTaken(CensusState.FINISHED, run.users)

    def _views_of(self, user_id: str, components: Set[Component], ends: int) -> Tallies | None:
        """What came of all of a person's views; None: one of them lags, so that none counts yet.

        Raises _OutOfTimeError.
        """
        tallies: dict[Component, Tally] = {}
        times: dict[Component, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
        for read in everything_of_user(self._queries, user_id):
            if read.component not in components:
                continue
            if self._clock() >= ends:
                raise _OutOfTimeError
            seen = self._asking.surveyed(Request(read.component, user_id, read.parameters(), trace_id=trace_id()))
            if seen.outcome not in LOOKED:
                return None
            tallies[read.component] = tallies.get(read.component, Tally()).plus(LOOKED[seen.outcome])
            if seen.old_ms is not None and seen.new_ms is not None and not seen.broken:
                old, new = times[read.component]
                old.append(seen.old_ms)
                new.append(seen.new_ms)
        for component, (old, new) in times.items():
            self._asking.timed(component, user_id, fmean(old), fmean(new))
        return tallies


class _OutOfTimeError(Exception):
    """Raised when the time of a run is up."""


def _given_up(components: Set[Component]) -> Mapping[Component, Tally]:
    """Nobody can say anything of a person whose views take longer than whole runs."""
    return dict.fromkeys(components, LOOKED[Outcome.FAILED])
