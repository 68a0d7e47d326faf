"""The gauges of the rollout: present figures, read each minute, for the alarms that watch them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import ComparisonLog
from chalicelib.domain.migration.records.feedback import FeedbackLog
from chalicelib.domain.migration.records.figures import RolloutFigures
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagHistory
from chalicelib.domain.migration.sync.reconciliation import SyncControl
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.names import MetricName

COUNTED_FEEDBACK = 1_000  # more is as bad
MINUTE_MS = 60_000  # from one report to the next
LATEST_CHANGES = 50  # of flags, more than there are in three minutes
WAYS_BACK = ("rollback", "kill")
Percentages = tuple[str, Mapping[Component, Decimal]]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure, of a component or of the system."""

    name: MetricName
    value: float
    component: Component | None = None


@dataclass(frozen=True, slots=True)
class GaugeService:
    """Reads the gauges.

    ``percentages``: the version of the deployed flag document, and the percentage of each component that has a flag.
    ``dead_letters``: how many there are. ``open_migrations``: the scripts that are not applied. ``history``: where the
    ways back are found, because most of them are commands, and no command sends metrics to CloudWatch.
    """

    figures: RolloutFigures
    feedback: FeedbackLog
    comparisons: ComparisonLog
    control: SyncControl
    percentages: Callable[[], Percentages]
    dead_letters: Callable[[], int]
    open_migrations: Callable[[], Sequence[str]]
    history: FlagHistory
    clock: Clock

    def read(self) -> list[Gauge]:
        """All that can be read; what cannot is logged and left out, so that each fails alone."""
        return [gauge for source in self._sources() for gauge in _alone(source)]

    def _sources(self) -> tuple[Callable[[], Iterable[Gauge]], ...]:
        return (
            self._shares,
            self._open_differences,
            self._verified,
            self._feedback,
            self._migrations,
            self._dead_letters,
            self._rollbacks,
        )

    def _shares(self) -> Iterator[Gauge]:
        """The percentages first: AppConfig knows them, and the database may be away."""
        version, percentages = self.percentages()
        yield from (Gauge(MetricName.FLAG_PERCENT, float(each), component) for component, each in percentages.items())
        for component in percentages:
            share = self.figures.share(component, version)
            if share.people:
                yield Gauge(MetricName.NEW_SHARE, 100 * share.new / share.people, component)

    def _open_differences(self) -> Iterator[Gauge]:
        """Of all that is kept: what was seen once is open until somebody answers for it, or finds it gone."""
        now = self.clock()
        still_open = Counter(group.component for group in self.comparisons.groups(0) if group.is_open(now))
        yield from (Gauge(MetricName.DIFFERENCES_OPEN, still_open[component], component) for component in Component)

    def _verified(self) -> Iterator[Gauge]:
        if verified := self.control.verified():
            yield Gauge(MetricName.VERIFY_DIFFERENCES, verified.differences)

    def _feedback(self) -> Iterator[Gauge]:
        yield Gauge(MetricName.FEEDBACK_OPEN, len(self.feedback.open([*Component], COUNTED_FEEDBACK)))

    def _migrations(self) -> Iterator[Gauge]:
        yield Gauge(MetricName.MIGRATIONS_OPEN, len(self.open_migrations()))

    def _dead_letters(self) -> Iterator[Gauge]:
        yield Gauge(MetricName.DEAD_LETTERS, self.dead_letters())

    def _rollbacks(self) -> Iterator[Gauge]:
        """Those that began in the minute before the last one: they are deployed and recorded by now."""
        end = (self.clock() // MINUTE_MS - 1) * MINUTE_MS
        back = (change for change in self.history.changes(None, LATEST_CHANGES) if change.action in WAYS_BACK)
        made = (change for change in back if change.state is not ChangeState.FAILED)
        yield Gauge(MetricName.ROLLBACKS, sum(end - MINUTE_MS <= change.at < end for change in made))


def _alone(source: Callable[[], Iterable[Gauge]]) -> Iterator[Gauge]:
    try:
        yield from source()
    except Exception as error:  # noqa: BLE001 one that cannot be read must not take the others away
        logger().warning("a gauge cannot be read", exc_info=error, extra={"gauge": source.__name__.strip("_")})
