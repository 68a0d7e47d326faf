"""Adding answers of the usage log to hours: durations to a histogram, and each person once an hour. Pure.

Answers are added in the order of their instants. So who was seen in an hour before is known by the last hour alone,
and no hour keeps a list of people.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, log

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.figures import BackendFigures, ComponentFigures

HOUR_MS = 3_600_000
# A bucket ends 10 % above the one before, so that its upper bound is at most that much above what it holds.
GROWTH = 1.1
SLOWEST_MS = 60_000.0
LAST_BUCKET = ceil(log(SLOWEST_MS) / log(GROWTH))
BY_PERCENTAGE = {Reason.PERCENTAGE_IN, Reason.PERCENTAGE_OUT}

Place = tuple[Component, str]  # a person (a pseudonym) at a component
Hour = tuple[Component, int]  # an hour (its first instant) of a component


def hour_of(instant: int) -> int:
    """The first instant of the hour."""
    return instant - instant % HOUR_MS


def bucket_of(elapsed_ms: float) -> int:
    """The bucket of a duration: the first one holds all up to a millisecond, the last one all beyond a minute too."""
    if not elapsed_ms > 1:
        return 0
    return min(LAST_BUCKET, ceil(log(min(elapsed_ms, SLOWEST_MS)) / log(GROWTH)))


def upper_bound(bucket: int) -> float:
    """The longest duration of a bucket, in milliseconds."""
    return float(min(GROWTH**bucket, SLOWEST_MS))


@dataclass(frozen=True, slots=True)
class Use:
    """One answer, as the usage log knows it. ``user`` is a pseudonym."""

    component: Component
    backend: Backend
    user: str
    at: int
    elapsed_ms: float
    success: bool
    reason: str | None = None
    document_version: str | None = None


@dataclass(slots=True)
class Answers:
    """The answers of one backend: how many of each bucket, and how many failures among them."""

    failures: int = 0
    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, use: Use) -> None:
        """Count one more."""
        self.buckets[bucket_of(use.elapsed_ms)] += 1
        self.failures += not use.success

    def include(self, others: "Answers") -> None:
        """Count others too."""
        self.buckets.update(others.buckets)
        self.failures += others.failures

    def figures(self) -> BackendFigures:
        """What they come to."""
        p50, p95, p99 = (self._percentile(percent) for percent in (50, 95, 99))
        return BackendFigures(self.buckets.total(), self.failures, p50, p95, p99)

    def _percentile(self, percent: int) -> float | None:
        rank, seen = ceil(self.buckets.total() * percent / 100), 0
        for bucket, count in sorted(self.buckets.items()):
            seen += count
            if seen >= rank:
                return upper_bound(bucket)
        return None


@dataclass(slots=True)
class HourOfUse:
    """The answers of an hour, or of several, and the people who got them."""

    backends: dict[Backend, Answers] = field(default_factory=lambda: {backend: Answers() for backend in Backend})
    people: int = 0
    people_on_new: int = 0

    def include(self, others: "HourOfUse") -> None:
        """Count others too; people of two hours are counted twice."""
        for backend, answers in others.backends.items():
            self.backends[backend].include(answers)
        self.people += others.people
        self.people_on_new += others.people_on_new

    def figures(self, component: Component, since: int) -> ComponentFigures:
        """What they come to."""
        backends = {backend: answers.figures() for backend, answers in self.backends.items()}
        return ComponentFigures(component, since, backends, self.people, self.people_on_new)


@dataclass(frozen=True, slots=True)
class Seen:
    """The last hour in which a person was answered at a component, and the last one by the new backend.

    ``document_version`` names the last flag document whose percentage has put the person ``inside`` or outside.
    """

    hour: int | None = None
    hour_on_new: int | None = None
    document_version: str | None = None
    inside: bool = False

    def after(self, use: Use) -> "Seen":
        """Add one more answer."""
        hour = hour_of(use.at)
        on_new = hour if use.backend is Backend.NEW else self.hour_on_new
        if use.reason not in BY_PERCENTAGE:
            return Seen(hour, on_new, self.document_version, self.inside)
        return Seen(hour, on_new, use.document_version, use.reason == Reason.PERCENTAGE_IN)


NEVER = Seen()


class Additions:
    """What answers add to hours, and to what is known of people; ``known``: what was known before them."""

    def __init__(self, known: Mapping[Place, Seen], uses: Iterable[Use]) -> None:
        self.known = known
        self.seen: dict[Place, Seen] = {}
        self.hours: defaultdict[Hour, HourOfUse] = defaultdict(HourOfUse)
        for use in sorted(uses, key=lambda each: each.at):
            self._add(use)

    def changed(self) -> dict[Place, Seen]:
        """The people of whom something else is known now."""
        return {place: seen for place, seen in self.seen.items() if seen != self.known.get(place)}

    def _add(self, use: Use) -> None:
        place, hour = (use.component, use.user), hour_of(use.at)
        before = self.seen.get(place) or self.known.get(place, NEVER)
        after = self.seen[place] = before.after(use)
        added = self.hours[use.component, hour]
        added.backends[use.backend].add(use)
        added.people += before.hour != hour
        added.people_on_new += before.hour_on_new != after.hour_on_new
