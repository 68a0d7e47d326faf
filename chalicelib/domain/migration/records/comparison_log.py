"""The comparison log: what was asked of both backends, and how their answers differed.

``differences`` says how two answers differ; ``services.migration.comparison`` decides what is asked, when, how often.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.people.pseudonyms import Pseudonyms


class Outcome(StrEnum):
    """What came of one comparison."""

    EQUAL = "equal"
    DIFFERENT = "different"
    IGNORED = "ignored"  # different, and somebody has said why that is so for now
    LAG = "lag"  # no moment was found at which both showed one source version
    OTHER_CALCULATION = "other_calculation"  # they were calculated by different rules, which says nothing of either
    FAILED = "failed"  # a backend did not answer, or not in time


# Both answers were seen at one source version, by the same rules: only these say anything about the backends.
COMPARED = (Outcome.EQUAL, Outcome.DIFFERENT, Outcome.IGNORED)


@dataclass(frozen=True, slots=True)
class Request:
    """A read to be asked of both backends.

    Recorded when a person asked it (``usage``), or said that it looks wrong (``feedback``); or asked on demand.
    ``trace_id``: of what that person did, or of the call that asks on demand.
    """

    component: Component
    user_id: str
    parameters: Mapping[str, Any]
    usage: str | None = None
    feedback: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """What came of asking both: how they differ, at which source versions, how long each took (milliseconds).

    ``calculations``: the calculation versions of the views in both answers, the old backend's first. ``broken``: the
    backends that gave no answer, or failed at one. ``code``: the digest of the code that was asked.
    """

    request: Request
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    versions: tuple[int, ...] = ()
    old_ms: float | None = None
    new_ms: float | None = None
    error: str | None = None
    calculations: tuple[int, ...] = ()
    broken: tuple[Backend, ...] = ()
    code: str = ""

    @property
    def distinct(self) -> dict[str, Difference]:
        """The first difference of each fingerprint: an answer that is wrong in many places is so in a few ways."""
        found: dict[str, Difference] = {}
        for difference in self.differences:
            found.setdefault(difference.fingerprint(self.request.component), difference)
        return found


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """A difference that somebody answers for until a day."""

    fingerprint: str
    owner: str
    reason: str
    until: int


@dataclass(frozen=True, slots=True)
class Replay:
    """Somebody asked again what had shown a difference: what came of it, and how many reads ``showing`` it still.

    ``lost``: recorded reads that could not be asked again. ``unasked``: those beyond the limit.
    """

    fingerprint: str
    operator: str
    at: int
    outcomes: Mapping[Outcome, int]
    showing: int
    lost: int = 0
    unasked: int = 0

    @property
    def asked(self) -> int:
        """How many reads were asked again."""
        return sum(self.outcomes.values())

    @property
    def unseen(self) -> int:
        """How many of these gave no answers that say anything about the backends."""
        return self.asked - sum(self.outcomes.get(outcome, 0) for outcome in COMPARED)

    @property
    def gone(self) -> bool:
        """Whether everything that is recorded was asked again and compared, and nothing showed it."""
        return self.asked > 0 and not (self.showing or self.unseen or self.lost or self.unasked)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place where a difference was seen; the user and both values are pseudonyms. ``place`` has positions."""

    at: int
    user: str
    place: str
    control: str
    candidate: str


@dataclass(frozen=True, slots=True)
class DifferenceGroup:
    """All differences of one fingerprint: in how many answers to how many users, first and last, some of the latest.

    ``rule``: somebody answers for it, or did. ``gone``: the last replay since then, where that did not show it.
    """

    fingerprint: str
    component: Component
    kind: DifferenceKind
    place: str
    answers: int
    users: int
    first: int
    last: int
    examples: Sequence[Sighting]
    rule: IgnoreRule | None = None
    gone: Replay | None = None

    def is_ignored(self, now: int) -> bool:
        """Whether somebody answers for it now."""
        return self.rule is not None and self.rule.until > now

    def is_open(self, now: int) -> bool:
        """Whether somebody has to look at it."""
        return self.gone is None and not self.is_ignored(now)


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """Comparisons per component and outcome, what differed (most often first), and who asked again (latest first)."""

    outcomes: Mapping[Component, Mapping[Outcome, int]]
    groups: Sequence[DifferenceGroup]
    replays: Sequence[Replay] = ()

    @property
    def compared(self) -> int:
        """How many comparisons say anything about the backends."""
        return sum(counts.get(outcome, 0) for counts in self.outcomes.values() for outcome in COMPARED)


@dataclass(frozen=True, slots=True)
class Example:
    """A comparison that showed a difference, and what was asked: ``user`` is a pseudonym.

    A read that somebody made can be asked again while its note is kept (``usage``, ``feedback``), one on demand by
    ``parameters``.
    """

    component: Component
    user: str
    usage: str | None
    parameters: Mapping[str, Any] | None
    feedback: str | None = None


@dataclass(frozen=True, slots=True)
class Examples:
    """The latest reads that showed a difference, each once, and how many there are in all."""

    latest: Sequence[Example]
    count: int


class ComparisonLog(Protocol):
    """Recorded reads, and what came of comparing them. All methods raise UnavailableError."""

    def requests(self, component: Component, after: int, limit: int) -> Sequence[Request]:
        """Recorded reads after an instant, the latest first: those that a backend failed on too, but no writes."""

    def request(self, usage: str) -> Request | None:
        """One recorded read; None: it is not kept any more."""

    def looked_at(self) -> int | None:
        """The instant up to which recorded reads have been looked at."""

    def set_looked_at(self, instant: int) -> None:
        """Remember that instant."""

    def add(self, compared: ComparisonResult, pseudonyms: Pseudonyms, at: int) -> None:
        """Remember what came of a comparison: user, values and ids as pseudonyms only. It counts nowhere by that."""

    def report(self, since: int, component: Component | None = None) -> ComparisonReport:
        """What was found from an instant on, of one component or of all."""

    def groups(self, since: int) -> Sequence[DifferenceGroup]:
        """What differed from an instant on, most often first."""

    def has_seen(self, fingerprint: str) -> bool:
        """Whether a comparison that showed this difference is kept."""

    def examples(self, fingerprint: str, limit: int) -> Examples:
        """Reads that showed a difference, the latest first, and their number."""

    def audit(self, replay: Replay) -> None:
        """Remember that somebody has asked again."""

    def save_rule(self, rule: IgnoreRule) -> None:
        """Set a rule for a fingerprint that was found, in place of an older one."""

    def rules(self) -> Mapping[str, IgnoreRule]:
        """All rules by fingerprint, those that have expired too."""
