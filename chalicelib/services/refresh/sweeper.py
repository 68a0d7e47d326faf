"""The sweeper: refreshes each meter that no event has brought up to date in time, and so gives the guarantee.

Each meter is claimed before it is refreshed: its next attempt lies in the future already, when the attempt begins. So
one that fails, hangs or kills the process costs one attempt, then a pause, and the others get their turn; two sweepers
at once do not wait for each other; and the next run finds what this one has not come to. A meter that something holds
cannot even be claimed: it fails by name, and the next run tries again.

With what a run has left of its time, it brings up outdated meters: those that an older calculation version shows. Their
readers get figures that are calculated on the spot, so they wait behind all that lag.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from traceback import format_tb
from typing import Any, Literal

from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.lagging import FailingMeter, LaggingMeter, LaggingMeters
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import ReadingQueries
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.people import concerning
from chalicelib.services.refresh.refresh import DisplayDataCalculationService

# Ten times what an event takes to a refreshed display when everything starts cold, so that the sweeper does not do
# the handlers' work; and ahead of Lambda's own second attempt after a minute. With a run each minute, a lost event
# costs a minute and a half at most.
GRACE_SECONDS = 30.0
METERS_AT_ONCE = 500  # that one look names; a run takes as many as it has time for
SHOWN_FAILING = 1_000


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a run found and did. ``resting``: the mode does not write the new side, so nothing is shown from it.

    ``lagging`` and ``staleness_seconds``: how many meters lagged for too long when it began, and since when the first
    of all did. ``failed``: attempts of this run, those included that did not get so far as to claim their meter;
    ``failing``: meters that it leaves behind so, not those that nobody could claim. ``brought_up``: outdated meters
    that it refreshed; ``outdated``: those that it leaves.
    """

    state: Literal["resting", "unfinished", "swept"]
    lagging: int = 0
    staleness_seconds: float = 0.0
    refreshed: int = 0
    failed: int = 0
    failing: int = 0
    brought_up: int = 0
    outdated: int = 0

    def as_document(self) -> dict[str, Any]:
        """The fields, as logged and printed."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Staleness:
    """How far the display lags: meters that have lagged for too long, those that fail, and the first of these.

    ``read_at``: when, by the clock of the database.
    """

    lagging: int = 0
    oldest_seconds: float = 0.0
    failing: int = 0
    meters: Sequence[FailingMeter] = ()
    read_at: int = 0


def staleness_of(lagging: LaggingMeters, sync: SyncState, limit: int) -> Staleness:
    """How far the display lags, with up to ``limit`` failing meters; nothing lags while nothing is shown from it.

    Raises UnavailableError.
    """
    if Side.NEW not in sync.writes:
        return Staleness(read_at=sync.read_at)
    lag = lagging.lag(_before(sync, GRACE_SECONDS))
    failing, first = lagging.failing(limit)
    return Staleness(lag.meters, lag.seconds(sync.read_at), failing, first, sync.read_at)


class SweeperService:
    """Refreshes meters whose display lags, then outdated ones, within a time."""

    def __init__(
        self,
        lagging: LaggingMeters,
        queries: ReadingQueries,
        calculation: DisplayDataCalculationService,
        clock: Clock,
    ) -> None:
        self._lagging = lagging
        self._queries = queries
        self._calculation = calculation
        self._clock = clock

    def run(self, budget_seconds: float, limit: int = sys.maxsize) -> SweepReport:
        """One scheduled run: meters that lag for longer than the grace period, and failing ones whose pause is over.

        At most ``limit`` of them, where one is given.

        Raises:
            UnavailableError: the database did not answer in time; the next run goes on.
        """
        return self._sweep(GRACE_SECONDS, budget_seconds, limit)

    def run_at_once(self, budget_seconds: float) -> SweepReport:
        """All that lag or are outdated now, each once, whatever their pause. Raises UnavailableError."""
        return self._sweep(0.0, budget_seconds, None)

    def failing(self) -> tuple[int, list[FailingMeter]]:
        """How many meters fail, and the first thousand of them. Raises UnavailableError."""
        count, first = self._lagging.failing(SHOWN_FAILING)
        return count, list(first)

    def staleness(self, limit: int) -> Staleness:
        """How far the display lags; nothing does while nothing is shown from it. Raises UnavailableError."""
        return staleness_of(self._lagging, self._queries.sync(), limit)

    def outdated(self) -> int:
        """How many meters an older calculation shows, without those that lag. Raises UnavailableError."""
        return self._lagging.outdated()

    def _sweep(self, grace_seconds: float, budget_seconds: float, limit: int | None) -> SweepReport:
        sync = self._queries.sync()
        if Side.NEW not in sync.writes:
            return SweepReport("resting")
        now = self._by_the_database(sync.read_at)
        dirty_before = _before(sync, grace_seconds)
        lag = self._lagging.lag(dirty_before)
        report = SweepReport("unfinished", lag.meters, lag.seconds(sync.read_at))
        meters = self._meters(dirty_before, sync.read_at, limit)
        report = self._work(report, meters, now, sync.read_at + round(budget_seconds * 1000), limit)
        return replace(report, failing=self._lagging.failing(1)[0], outdated=self._lagging.outdated())

    def _by_the_database(self, read_at: int) -> Clock:
        """The clock of the database, which every sweeper and every write shares, from one look at it."""
        ahead = read_at - self._clock()
        return lambda: self._clock() + ahead

    def _work(
        self, report: SweepReport, meters: Iterable[LaggingMeter], now: Clock, deadline: int, limit: int | None
    ) -> SweepReport:
        for taken, meter in enumerate(meters):
            if taken == limit or now() >= deadline:
                return report
            report = self._attempt(report, meter, now)
        return replace(report, state="swept")

    def _meters(self, dirty_before: int, now: int, limit: int | None) -> Iterator[LaggingMeter]:
        """Those that lag, then outdated ones; without a limit also during their pause."""
        if limit is None:
            yield from self._lagging.every(dirty_before)
            yield from self._lagging.every_outdated()
            return
        yield from _page_by_page(partial(self._lagging.waiting, dirty_before, now))
        yield from _page_by_page(partial(self._lagging.waiting_outdated, now))

    def _attempt(self, report: SweepReport, meter: LaggingMeter, now: Clock) -> SweepReport:
        concerning(meter.id.rpartition("|")[0])
        try:
            done = self._refreshed(meter, now)
        except Exception as error:  # noqa: BLE001 whatever is wrong with this meter, the next one wants its figures
            self._note(meter.claimed, error)
            return replace(report, failed=report.failed + 1)
        if meter.outdated:
            return replace(report, brought_up=report.brought_up + done)
        return replace(report, refreshed=report.refreshed + done)

    def _refreshed(self, meter: LaggingMeter, now: Clock) -> bool:
        """Claim a meter and refresh it. False: somebody else was faster."""
        claimed = meter.claimed
        is_ours = self._lagging.claim(meter, now() + claimed.pause_ms)
        return is_ours and self._calculation.refresh(*claimed.key)

    def _note(self, claimed: LaggingMeter, error: Exception) -> None:
        """By the meter, whose owner has a pseudonym, and the kind of error: its text may hold what somebody typed."""
        name = type(error).__name__
        seen = {"meter": claimed.id, "attempt": claimed.attempts, "error": name, "pause_ms": claimed.pause_ms}
        logger().error("a meter cannot be refreshed", extra={**seen, "frames": format_tb(error.__traceback__)})
        try:
            self._lagging.failed(claimed, name)
        except UnavailableError:
            self._queries.sync()  # raises too where it is not this meter alone that the database does not answer for


def _page_by_page(look: Callable[[int], Sequence[LaggingMeter]]) -> Iterator[LaggingMeter]:
    """Each meter once: who was claimed is not named by the next look, and who could not be stays in its way."""
    seen: set[str] = set()
    at_once = METERS_AT_ONCE
    while page := look(at_once):
        new = [meter for meter in page if meter.id not in seen]
        if not new and len(page) < at_once:
            return
        at_once += len(page) - len(new)
        seen.update(meter.id for meter in new)
        yield from new


def _before(sync: SyncState, seconds: float) -> int:
    """So long before now, by the clock of the database."""
    return sync.read_at - round(seconds * 1000)
