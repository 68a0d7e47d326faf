"""The gate's evidence about one component: ``services.migration.gate`` gathers it, ``judge`` judges it. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.verdict import ConditionName
from chalicelib.domain.operating import Obstacle


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gate asks for. ``wrong``: the share of wrong answers that must be excluded, at ``doubt``.

    ``census_users``: the largest number of people at which everybody is asked. ``evidence``: the e-value at which a
    test of pairs stops a component. ``*_ms``: how old a census and a rehearsal may be, how long a meter may lag.
    """

    census_users: int = 10_000
    wrong: float = 0.01
    doubt: float = 0.05
    evidence: float = 20.0
    census_ms: int = 24 * 3_600_000
    rehearsal_ms: int = 7 * 24 * 3_600_000
    lag_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class Census:
    """Everybody's views asked of both backends, range by range, on one code in one mode.

    ``finished``: when it came to its end, None: it is under way. ``views`` and what came of them are of one component.
    """

    code: str
    mode_since: int | None
    started: int
    users: int
    views: int
    different: int
    failed: int
    finished: int | None = None


@dataclass(frozen=True, slots=True)
class PairCount:
    """A sequential test of pairs: how many were for and against the new backend, and the highest evidence against it.

    ``peak`` is the largest e-value that the sequence ever had, so one that has reached the limit stays there.
    """

    against: int = 0
    favour: int = 0
    peak: float = 1.0

    @property
    def pairs(self) -> int:
        """Pairs that say anything."""
        return self.against + self.favour


@dataclass(frozen=True, slots=True)
class CodeEvidence:
    """What was counted on one code since the last difference was answered.

    ``agreements``: equal answers in a row, each (user, view, source version) once. ``differences``: fingerprints seen
    on this code, ``unanswered`` those of them for which nobody has an answer yet.
    """

    agreements: int = 0
    differences: Sequence[str] = ()
    unanswered: Sequence[str] = ()
    errors: PairCount = PairCount()
    latency: PairCount = PairCount()


@dataclass(frozen=True, slots=True)
class Surrounding:
    """The code, the mode and the shape of the flag document (without percentages and lists) around a run."""

    code: str
    mode: str
    shape: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsal of the way back: when, on what, and whether nothing was lost where a loss would have been seen."""

    at: int
    on: Surrounding
    passed: bool


@dataclass(frozen=True, slots=True)
class VerifySeen:
    """The last verify: when, on what code, in the mode since when, and how many differences it found.

    ``calculated``: how many of them are of what is calculated of readings; the others are between the sides.
    """

    at: int
    code: str
    since: int | None
    differences: int
    calculated: int = 0


@dataclass(frozen=True, slots=True)
class AllowedHours:
    """When something may rise: from hour to hour (local, 0 to 24) of a zone, on these days (0: Monday)."""

    zone: str
    first: int
    last: int
    days: Sequence[int] = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEvidence:
    """Everything. ``unknown``: why a condition cannot be judged, where a part could not be looked at.

    ``readiness``: what the data say, None: they block nothing. ``people``: known users. ``mismatch``: why the
    share cannot have come about by chance. ``alarms``: names of critical alarms that ring and concern the component.
    ``rules_ended``: fingerprints whose ignore rule has ended. ``lagging_ms``: the oldest meter's lag.
    """

    component: Component
    now: int
    on: Surrounding
    people: int = 0
    readiness: Obstacle | None = None
    mode_since: int | None = None
    verified: VerifySeen | None = None
    census: Census | None = None
    counted: CodeEvidence = CodeEvidence()
    mismatch: str | None = None
    lagging_ms: int = 0
    failing: int = 0
    dead_letters: int = 0
    alarms: Sequence[str] = ()
    rules_ended: Sequence[str] = ()
    rehearsal: Rehearsal | None = None
    hours: AllowedHours | None = None
    unknown: Mapping[ConditionName, Obstacle] | None = None
