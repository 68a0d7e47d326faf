"""Gathers the gate's evidence: each part is read once; where one fails, its condition is unknown, the rest counts."""

from collections.abc import Mapping
from functools import cache, cached_property, partial
from itertools import islice
from typing import TypeVar

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.migration.gate.census import is_outdated
from chalicelib.domain.migration.gate.census_records import Censuses
from chalicelib.domain.migration.gate.counted import Counted, judged_by, rules_ended
from chalicelib.domain.migration.gate.evidence import (
    Census,
    GateEvidence,
    Rehearsal,
    Surrounding,
    VerifySeen,
)
from chalicelib.domain.migration.gate.verdict import ConditionName
from chalicelib.domain.migration.records.comparison_log import IgnoreRule
from chalicelib.domain.migration.records.figures import Share
from chalicelib.domain.migration.rollouts.rollout import Rollout
from chalicelib.domain.migration.status.blocks import RingingAlarm
from chalicelib.domain.migration.status.flags import FlagsSeen, share_mismatch
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.migration.status.verdict import NOT_ADDED
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.operating import COMMAND, Obstacle
from chalicelib.services.migration.evidence.looking import Looks, Problem
from chalicelib.services.migration.evidence.sources import StatusSources
from chalicelib.services.refresh.sweeper import Staleness, staleness_of

# Alarms about what the gate looks at itself: it knows of which component, and sooner that it is mended.
SEEN_BY_THE_GATE = ("BackendsDiffer", "ComponentDiffers", "DataDiffer", "MetersFailing", "SyncStopped")
NO_CODE = Problem("nobody knows the digest of the deployed code; deploy it again")
T = TypeVar("T")
Unknown = dict[ConditionName, Obstacle]


class GateLook:
    """The evidence at one instant. The database is asked first: AWS may take long."""

    def __init__(self, sources: StatusSources, looks: Looks, now: int) -> None:
        self._sources = sources
        self._looks = looks
        self._now = now
        self.share = cache(self._share)

    def evidence(self, component: Component) -> GateEvidence:
        """Everything about one component."""
        unknown: Unknown = {}
        known = partial(_known, unknown)
        name = ConditionName
        sync = known(self._sync, None, name.VERIFIED, name.DATA, name.EVIDENCE, name.REHEARSAL)
        verified = known(self._verified, None, name.VERIFIED)
        readiness = known(self._readiness, None, name.DATA)
        display = known(self._display, Staleness(), name.DISPLAY)
        rules = known(self._rules, {}, name.ANSWERS, name.RULES)
        people = known(self._people, 0, name.EVIDENCE)
        censuses = known(self._censuses, Censuses(), name.EVIDENCE)
        drill = known(self._drill, None, name.REHEARSAL)
        rollout: Rollout | None = known(self.rollout(component), None, name.HOURS)
        counting = (name.ANSWERS, name.EVIDENCE, name.ERRORS, name.LATENCY, name.RULES)
        code = known(self._code, "", name.REHEARSAL, *counting, *(() if _lost(verified) else (name.VERIFIED,)))
        judged = judged_by(component)
        counted = known(self._looks.at(partial(self._sources.counted.counted, judged, code)), Counted(), *counting)
        ended = known(self._looks.at(partial(self._ended, judged, counted, rules)), (), name.RULES)
        flags = known(self.flags, None, name.SHARE, name.REHEARSAL)
        mismatch = known(self._mismatch(component, flags), None, name.SHARE)
        letters = known(self._letters, 0, name.DEAD_LETTERS)
        ringing = known(self._ringing, (), name.ALARMS)
        mode_since = sync.since if sync else None
        return GateEvidence(
            component=component,
            now=self._now,
            on=Surrounding(code, sync.mode.value if sync else "", flags.shape if flags else ""),
            people=people,
            readiness=readiness,
            mode_since=mode_since,
            verified=_verify_seen(verified),
            census=self._census(censuses, judged, code, mode_since),
            counted=counted.evidence(rules, self._now),
            mismatch=mismatch,
            lagging_ms=round(display.oldest_seconds * 1000),
            failing=display.failing,
            dead_letters=letters,
            alarms=[alarm.name for alarm in ringing if _concerns(alarm, component)],
            rules_ended=ended,
            rehearsal=_rehearsal(drill),
            hours=rollout.plan.hours if rollout else None,
            unknown=unknown,
        )

    @cached_property
    def flags(self) -> FlagsSeen | Problem:
        """The deployed document."""
        return self._looks.beside(self._sources.flags)

    def rollout(self, component: Component) -> Rollout | Problem | None:
        """What carries a component, or did; None: nothing ever."""
        return self._rollouts if isinstance(self._rollouts, Problem) else self._rollouts.get(component)

    @cached_property
    def _rollouts(self) -> Mapping[Component, Rollout] | Problem:
        return self._looks.at(lambda: {each.component: each for each in self._sources.rollouts.all()})

    @cached_property
    def _sync(self) -> SyncState | Problem:
        return self._looks.at(self._sources.control.state)

    @cached_property
    def _verified(self) -> Verified | Problem | None:
        return self._looks.at(self._sources.control.verified)

    @cached_property
    def _readiness(self) -> Obstacle | Problem | None:
        return self._looks.at(self._sources.readiness)

    @cached_property
    def _display(self) -> Staleness | Problem:
        return self._looks.at(lambda: staleness_of(self._sources.lagging, self._sources.control.state(), 1))

    @cached_property
    def _rules(self) -> Mapping[str, IgnoreRule] | Problem:
        return self._looks.at(self._sources.comparisons.rules)

    @cached_property
    def _people(self) -> int | Problem:
        """How many there are, no more than it takes to know that a census would be too long."""
        most = self._sources.limits.census_users + 1
        return self._looks.at(lambda: sum(1 for _ in islice(self._sources.users.known_users(), most)))

    @cached_property
    def _censuses(self) -> Censuses | Problem:
        return self._looks.at(self._sources.census.censuses)

    @cached_property
    def _drill(self) -> RollbackDrill | Problem | None:
        return self._looks.at(self._sources.records.drill)

    @cached_property
    def _code(self) -> str | Problem:
        return self._looks.beside(self._sources.release) or NO_CODE

    @cached_property
    def _letters(self) -> int | Problem:
        return self._looks.beside(self._sources.letters)

    @cached_property
    def _ringing(self) -> "list[RingingAlarm] | Problem":
        return self._looks.beside(lambda: [*self._sources.alarms()])

    def _share(self, component: Component) -> Share | Problem:
        """Who really got the new backend by the deployed document."""
        if isinstance(self.flags, Problem):
            return self.flags
        version = self.flags.version
        return self._looks.at(lambda: self._sources.figures.share(component, version))

    def _mismatch(self, component: Component, flags: FlagsSeen | None) -> str | Problem | None:
        share = self.share(component)
        if isinstance(share, Problem):
            return share
        if flags is not None and component in flags.malformed:
            return Problem(flags.malformed[component])
        flag = flags.flags.get(component) if flags else None
        return Problem(NOT_ADDED) if share.partial else share_mismatch(share, flag)

    def _ended(self, component: Component, counted: Counted, rules: Mapping[str, IgnoreRule]) -> list[str]:
        return rules_ended(self._sources.counted.known(component), counted, rules, self._now)

    def _census(self, kept: Censuses, component: Component, code: str, mode_since: int | None) -> Census | None:
        """The one under way where it has found something; the one that came to its end while it says anything."""
        running = kept.running.census(component) if kept.running else None
        if running is not None and running.code == code and (running.different or running.failed):
            return running
        ended = kept.finished.census(component) if kept.finished else None
        if ended is not None and not is_outdated(ended, code, mode_since, self._now, self._sources.limits):
            return ended
        return running or ended


def _known(unknown: Unknown, found: T | Problem, otherwise: T, *names: ConditionName) -> T:
    """What was found; where that is a problem, these conditions are unknown by it, unless another one came first."""
    if not isinstance(found, Problem):
        return found
    for name in names:
        unknown.setdefault(name, Obstacle(f"nobody can say: {found.text}", COMMANDS[name]))
    return otherwise


def _lost(verified: Verified | None) -> bool:
    """Whether data are lost: they are, whichever code has seen it."""
    return verified is not None and verified.differences > 0


def _verify_seen(last: Verified | None) -> VerifySeen | None:
    return None if last is None else VerifySeen(last.at, last.code, last.since, last.differences, last.calculated)


def _rehearsal(drill: RollbackDrill | None) -> Rehearsal | None:
    if drill is None:
        return None
    return Rehearsal(drill.at, Surrounding(drill.code, drill.mode, drill.shape), drill.passed)


def _concerns(alarm: RingingAlarm, component: Component) -> bool:
    return alarm.is_critical and alarm.concerns(component) and not alarm.is_of(SEEN_BY_THE_GATE)


COMMANDS: Mapping[ConditionName, str] = {
    ConditionName.ANSWERS: f"{COMMAND} compare report",
    ConditionName.VERIFIED: f"{COMMAND} verify --last",
    ConditionName.DATA: f"{COMMAND} mode show",
    ConditionName.EVIDENCE: f"{COMMAND} compare report",
    ConditionName.ERRORS: f"{COMMAND} compare report",
    ConditionName.LATENCY: f"{COMMAND} compare times",
    ConditionName.SHARE: f"{COMMAND} flags list",
    ConditionName.DISPLAY: f"{COMMAND} sweep --list",
    ConditionName.DEAD_LETTERS: f"{COMMAND} dlq ls",
    ConditionName.ALARMS: f"{COMMAND} alarms",
    ConditionName.RULES: f"{COMMAND} compare report",
    ConditionName.REHEARSAL: f"{COMMAND} drill last",
    ConditionName.HOURS: f"{COMMAND} rollout status",
}
