"""The parts of the status. Each says the command that prints its detail; one that could not be looked at says why.

Then ``problem`` holds a sentence and everything else is None. Instants are UTC milliseconds, percentages numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import DifferenceGroup
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.readings import moment

LAST_VERIFY = "python -m infra verify --last"
LONGEST_HOURS = 30 * 24  # how far a status looks back at most: rows of answers are kept so long


class Stage(StrEnum):
    """How far a component has come: who gets the new backend."""

    OFF = "off"
    TEST = "test"
    PARTIAL = "partial"
    EVERYBODY = "everybody"
    RETIRED = "retired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What every part has."""

    command: str
    problem: str | None = None

    def as_document(self) -> dict[str, Any]:
        """The part as JSON has it."""
        document: dict[str, Any] = _shown(self)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncBlock(Block):
    """The sync mode, the rest of its drain, and why the sync job is stopped."""

    mode: str | None = None
    since: int | None = None
    authoritative: str | None = None
    catching_up: str | None = None
    drain_seconds: float | None = None
    stopped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyBlock(Block):
    """The last verify. ``up_to``: the operation time of the database up to which it has seen everything."""

    at: int | None = None
    up_to: int | None = None
    meters: int | None = None
    lagging: int | None = None
    differences: int | None = None
    first_seen: int | None = None
    last_seen: int | None = None

    @classmethod
    def of(cls, found: Verified | None) -> "VerifyBlock":
        """Make it from the stored verification; empty where there never was one."""
        if found is None:
            return cls(command=LAST_VERIFY)
        return cls(
            command=LAST_VERIFY,
            at=found.at,
            up_to=found.up_to,
            meters=found.meters,
            lagging=found.lagging,
            differences=found.differences,
            first_seen=found.first_seen,
            last_seen=found.last_seen,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareBlock(Block):
    """About how many people the percentage has decided, and how many got the new backend, against the set share.

    ``partial``: older answers are not added up yet, and left out.
    """

    people: int | None = None
    new: int | None = None
    percent: float | None = None
    set: float | None = None
    mismatch: str | None = None
    partial: bool | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers of one backend; durations in milliseconds."""

    answers: int
    failures: int
    failure_percent: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendsBlock(Block):
    """Both backends side by side; ``partial``: older answers are not added up yet, and left out."""

    old: Answers | None = None
    new: Answers | None = None
    partial: bool | None = None


@dataclass(frozen=True, slots=True)
class FingerprintSeen:
    """One way in which the backends differ; ``gone``: when a replay did not show it any more."""

    fingerprint: str
    kind: str
    place: str
    answers: int
    users: int
    first: int
    last: int
    ignored_by: str | None
    ignored_until: int | None
    gone: int | None

    @classmethod
    def of(cls, group: DifferenceGroup) -> "FingerprintSeen":
        """Make it from a fingerprint's report, without the examples."""
        rule, gone = group.rule, group.gone
        return cls(
            fingerprint=group.fingerprint,
            kind=group.kind.value,
            place=group.place,
            answers=group.answers,
            users=group.users,
            first=group.first,
            last=group.last,
            ignored_by=rule.owner if rule else None,
            ignored_until=rule.until if rule else None,
            gone=gone.at if gone else None,
        )

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        document: dict[str, Any] = _shown(self)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonsBlock(Block):
    """What comparing both backends has shown; ``open``: fingerprints that somebody has to look at."""

    equal: int | None = None
    different: int | None = None
    lagging: int | None = None
    ignored: int | None = None
    failed: int | None = None
    other_calculation: int | None = None
    open: int | None = None
    fingerprints: Sequence[FingerprintSeen] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackBlock(Block):
    """What people say looks wrong: still open, and looked at."""

    open: int | None = None
    looked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastChangeBlock(Block):
    """The last change of a flag; all None: there was none."""

    at: int | None = None
    by: str | None = None
    action: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagsBlock(Block):
    """The deployed flag document."""

    version: str | None = None
    in_use: str | None = None
    global_enabled: bool | None = None
    overruled: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayBlock(Block):
    """Meters whose display is behind for longer than a refresh takes, that cannot be refreshed, or of older rules."""

    lagging: int | None = None
    oldest_seconds: float | None = None
    failing: int | None = None
    outdated: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettersBlock(Block):
    """Events that a function failed on for good."""

    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPublishedBlock(Block):
    """Events that did not get onto the bus."""

    count: int | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationsBlock(Block):
    """Scripts that are not applied."""

    open: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillBlock(Block):
    """The last drill of a rollback; ``is_this_code``: the deployed code is the one of the drill."""

    at: int | None = None
    component: str | None = None
    code: str | None = None
    is_this_code: bool | None = None
    writes: int | None = None
    lost_writes: int | None = None
    last_new_answer_seconds: float | None = None
    passed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasuresBlock(Block):
    """Accounts whose erasure is not finished."""

    waiting: int | None = None
    oldest_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementBlock(Block):
    """How far the old backend's end has come; ``withheld``: why the present or last brown-out was withheld."""

    phase: str | None = None
    sunset: int | None = None
    brown_out: int | None = None
    withheld: str | None = None


@dataclass(frozen=True, slots=True)
class RingingAlarm:
    """An alarm that rings: since when, and the command to look."""

    name: str
    severity: str
    since: int
    command: str | None

    @property
    def is_critical(self) -> bool:
        """Whether somebody must look at once."""
        return self.severity == "critical"

    def is_of(self, rules: Sequence[str]) -> bool:
        """Whether one of these rules makes it ring."""
        return any(f"-{rule}-" in f"{self.name}-" for rule in rules)

    def concerns(self, component: Component) -> bool:
        """Whether it speaks of a component: each one, unless its name ends with that of another."""
        named = next((each for each in Component if self.name.endswith(f"-{each}")), component)
        return named is component


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsBlock(Block):
    """The alarms that ring, critical ones first."""

    ringing: Sequence[RingingAlarm] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a component may go on, in a sentence, and the next command."""

    may_go_on: bool
    text: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutBlock(Block):
    """What carries a component, or did: ``state`` None: nothing ever. ``step`` and ``next`` as people call them.

    ``reason``: why it has this state. ``seconds_left``: of the step that is held, where another one follows by
    itself. ``waits``: why nothing rises, as the schedule saw it last.
    """

    state: str | None = None
    by: str | None = None
    reason: str | None = None
    step: str | None = None
    next: str | None = None
    seconds_left: int | None = None
    waits: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentStatus:
    """The status of one component: flag, people, figures, comparisons, verdict."""

    component: str
    flag: str
    stage: Stage
    enabled: bool | None = None
    percent: str | None = None
    exact: bool | None = None
    test_users: int | None = None
    blocked_users: int | None = None
    share: ShareBlock
    backends: BackendsBlock
    comparisons: ComparisonsBlock
    feedback: FeedbackBlock
    last_change: LastChangeBlock
    rollout: RolloutBlock
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything, as it was seen at one instant; ``hours``: how far figures and comparisons look back."""

    at: int
    hours: int
    alarms: AlarmsBlock
    sync: SyncBlock
    verify: VerifyBlock
    components: Sequence[ComponentStatus]
    flags: FlagsBlock
    display: DisplayBlock
    dead_letters: DeadLettersBlock
    events_not_published: NotPublishedBlock
    migrations: MigrationsBlock
    drill: DrillBlock
    erasures: ErasuresBlock
    retirement: RetirementBlock

    @property
    def may_go_on(self) -> bool:
        """Whether every component may."""
        return all(component.verdict.may_go_on for component in self.components)

    def as_document(self) -> dict[str, Any]:
        """The status as JSON has it, over HTTP and on the command line alike."""
        document: dict[str, Any] = _shown(self)
        return document


INSTANTS = frozenset(
    {"at", "since", "up_to", "first_seen", "last_seen", "first", "last", "ignored_until", "gone", "sunset", "brown_out"}
)


def _shown(value: Any, name: str = "") -> Any:
    if hasattr(value, "__dataclass_fields__"):
        members = {field.name: getattr(value, field.name) for field in fields(value)}
        if members.get("problem", value) is None:
            del members["problem"]  # only a part that has one says so
        return {_camel(member): _shown(item, member) for member, item in members.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    if isinstance(value, int) and name in INSTANTS:
        return moment(value)
    return value.value if isinstance(value, StrEnum) else value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def percent_text(percent: Decimal) -> str:
    """A percentage as a text: ``12.5``."""
    return f"{percent.normalize():f}"
