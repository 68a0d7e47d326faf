"""How far a rollout is, and how each thing that happens to it changes that. Every function returns a new one."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.rollouts.plan import NOBODY, Plan, Step

KEPT_ENTRIES = 50
LEASE_MS = 60_000  # the time of the function: who wrote an intent within it may still be at it
LONGEST_PAUSE_MS = 60 * LEASE_MS


class State(StrEnum):
    """What becomes of a rollout."""

    RUNNING = "running"
    PAUSED = "paused"  # by a person: nothing rises
    STOPPED = "stopped"  # by itself: a breach, or somebody has taken the flag back
    ABORTED = "aborted"
    DONE = "done"


CARRIED = (State.RUNNING, State.PAUSED, State.STOPPED)  # what the schedule looks at
UNDER_WAY = (State.RUNNING, State.PAUSED)


class Direction(StrEnum):
    """The direction of a flag's change."""

    RISE = "rise"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody is about to do to the flag. ``percent`` None: switch it off. ``ends``: the state that follows.

    ``tries``: how often it was begun; what is refused begins again.
    """

    direction: Direction
    percent: Decimal | None
    at: int
    by: str
    reason: str
    ends: State = State.RUNNING
    tries: int = 1

    @property
    def name(self) -> str:
        """The name of the target for people: a percentage, or off."""
        return "off" if self.percent is None else Step(self.percent, 0).name

    @property
    def again_at(self) -> int:
        """When a step may begin again: later each time, because each try leaves its traces in the records."""
        return self.at + min(LEASE_MS << min(self.tries - 1, 10), LONGEST_PAUSE_MS)


@dataclass(frozen=True, slots=True)
class Approval:
    """A second person agrees to a rise to this percentage. ``named``: they named it, so past a shut gate as well."""

    percent: Decimal
    at: int
    by: str
    reason: str
    named: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened to a rollout."""

    at: int
    what: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last run of the schedule found: why nothing rises, and the command that shows more."""

    at: int
    text: str
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The rollout of one component.

    ``by``: who asked for what comes next. ``reason``: why it has this state. ``step``: the step that is held,
    -1: none yet; ``since``: when it began, in ms. ``version``: of the record, 0: it was never stored.
    """

    component: Component
    plan: Plan
    state: State
    by: str
    reason: str
    since: int
    step: int = -1
    intent: Intent | None = None
    approval: Approval | None = None
    log: tuple[Entry, ...] = ()
    seen: Seen | None = None
    version: int = 0

    @property
    def held(self) -> Step | None:
        """The step that is held."""
        return self.plan.steps[self.step] if self.step >= 0 else None

    @property
    def following(self) -> Step | None:
        """The step that comes next; None: the last one is held."""
        return self.plan.steps[self.step + 1] if self.step + 1 < len(self.plan.steps) else None

    @property
    def held_until(self) -> int:
        """When the hold time of the present step is over."""
        return self.since if self.held is None else self.since + self.held.hold_ms

    @property
    def way_back(self) -> Intent | None:
        """The way back that was begun and has not come to its end."""
        return self.intent if self.intent is not None and self.intent.direction is Direction.BACK else None

    @property
    def needs_a_person(self) -> bool:
        """Whether it has stopped by itself, or its way back is refused."""
        return self.state is State.STOPPED or (self.way_back is not None and self.way_back.tries > 1)

    def late_step(self, now: int) -> str | None:
        """The step that may still come although nothing rises any more; None: there is none."""
        rise = self.intent
        if rise is None or rise.direction is Direction.BACK or now - rise.at >= LEASE_MS:
            return None
        return f"the step to {rise.name} had begun before and may still come, within a minute"

    def is_approved(self, percent: Decimal, by: str, *, gate_is_open: bool = True) -> bool:
        """Whether ``by`` may bring about a rise to this percentage. Test users alone need no second person."""
        if self.plan.approvals == 0 or percent == NOBODY:
            return True
        agreed = self.approval
        if agreed is None or not (gate_is_open or agreed.named):
            return False
        return agreed.percent == percent and agreed.by != by


def started(before: Rollout | None, fresh: Rollout, at: int) -> Rollout:
    """A new rollout in place of the one before, whose history it goes on with."""
    log, version = ((), 0) if before is None else (before.log, before.version)
    return _noted(replace(fresh, log=log, version=version), at, "start", fresh.by, fresh.reason)


def paused(rollout: Rollout, by: str, reason: str, at: int) -> Rollout:
    """Let nothing rise until somebody resumes it; a step that is already on its way still may: it is named."""
    late = rollout.late_step(at)
    seen = None if late is None else Seen(at, late)
    return _noted(replace(rollout, state=State.PAUSED, reason=reason, seen=seen), at, "pause", by, reason)


def resumed(rollout: Rollout, step: int, by: str, reason: str, at: int) -> Rollout:
    """Go on from the step that the flag says; a step that is another one by now is held from its beginning."""
    same = rollout.state is State.PAUSED and step == rollout.step
    rollout = replace(rollout, state=State.RUNNING, by=by, reason=reason, step=step, intent=None, seen=None)
    return _noted(rollout if same else replace(rollout, since=at), at, "resume", by, reason)


def approved(rollout: Rollout, approval: Approval) -> Rollout:
    """A second person agrees."""
    what = f"approve {Step(approval.percent, 0).name}"
    return _noted(replace(rollout, approval=approval), approval.at, what, approval.by, approval.reason)


def used_up(rollout: Rollout) -> Rollout:
    """What a second person has agreed to is done by hand."""
    return replace(rollout, approval=None)


def intended(rollout: Rollout, intent: Intent) -> Rollout:
    """Somebody is about to change the flag, for the first time or again."""
    before = rollout.intent
    if before is None or (before.direction, before.percent) != (intent.direction, intent.percent):
        return replace(rollout, intent=intent, seen=None)
    return replace(rollout, intent=replace(intent, tries=before.tries + 1))


def taken(rollout: Rollout, step: int, by: str, reason: str, at: int) -> Rollout:
    """The flag has reached a step: its hold time begins, and an approval of it is used up."""
    agreed = rollout.approval
    left = agreed if agreed is not None and agreed.percent > rollout.plan.steps[step].percent else None
    rollout = replace(rollout, step=step, since=at, intent=None, approval=left, seen=None)
    return _noted(rollout, at, f"step {rollout.plan.steps[step].name}", by, reason)


def ended(rollout: Rollout, state: State, step: int, by: str, reason: str, at: int) -> Rollout:
    """It does not go on by itself any more: stopped, aborted or done."""
    same = state is State.DONE
    rollout = replace(rollout, state=state, reason=reason, step=step, intent=None, approval=None, seen=None)
    return _noted(rollout if same else replace(rollout, since=at), at, state.value, by, reason)


def _noted(rollout: Rollout, at: int, what: str, by: str, reason: str) -> Rollout:
    return replace(rollout, log=(*rollout.log, Entry(at, what, by, reason))[-KEPT_ENTRIES:])
