"""What comes next for a rollout, as a function of its record, the gate's verdict, the deployed flag, and the time.

The way back comes first and waits for nothing. A rise needs the gate, the hold time, and a second person where the
plan asks for one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from chalicelib.domain.migration.gate.verdict import Breach, GateVerdict
from chalicelib.domain.migration.rollouts.plan import NOBODY, Step
from chalicelib.domain.migration.rollouts.rollout import CARRIED, Intent, Rollout, State
from chalicelib.domain.operating import COMMAND

OPEN_THE_GATE = f"{COMMAND} flags set global --on --reason WHY"
NOT_DONE = "not done, it is tried again"  # the beginning of what a run has seen of a refusal


@dataclass(frozen=True, slots=True)
class FlagNow:
    """A component's deployed flag. ``problem``: why it decides nothing, though it may say something."""

    version: str
    enabled: bool
    percent: Decimal
    global_enabled: bool
    problem: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether it sends anybody to the new backend, or could."""
        return self.enabled and self.global_enabled and self.problem is None

    def is_back_at(self, percent: Decimal | None) -> bool:
        """Whether it is at a percentage or below; None: off."""
        return not self.is_on or (percent is not None and self.percent <= percent)


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is done. ``until``: when the hold time is over, None: it is, or there is none."""

    text: str
    command: str = ""
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Rise:
    """Bring the flag to this step."""

    step: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Taken:
    """The flag has reached this step: write it down."""

    step: int


@dataclass(frozen=True, slots=True)
class Back:
    """Take the flag back to a percentage; None: off. ``ends``: the state that follows."""

    percent: Decimal | None
    reason: str
    ends: State = State.STOPPED


@dataclass(frozen=True, slots=True)
class Kill:
    """Send everybody to the old backend: data was lost."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """Write down that it does not go on by itself any more."""

    state: State
    reason: str


Action: TypeAlias = Wait | Rise | Taken | Back | Kill | End


def reached(rollout: Rollout, flag: FlagNow) -> int:
    """The step that the flag has reached; -1: none, or it is off."""
    return rollout.plan.reached(flag.percent) if flag.is_on else -1


def next_action(rollout: Rollout, verdict: GateVerdict, flag: FlagNow, now: int) -> Action:
    """What the next run does."""
    if rollout.state not in CARRIED:
        return Wait(f"it is {rollout.state}")
    return _way_back(rollout, verdict, flag) or _onwards(rollout, verdict, flag, now)


def hurried_action(rollout: Rollout, verdict: GateVerdict, flag: FlagNow, by: str) -> Action:
    """The next step now, whatever the hold time and the gate say, but not against a breach or a second person."""
    following = rollout.following
    if back := _way_back(rollout, verdict, flag):
        return back
    if verdict.breach is not None:
        return Wait(verdict.breach.text, verdict.breach.command)
    if rollout.state is not State.RUNNING or following is None:
        return _resting(rollout)
    agreed = _unapproved(rollout, following, by, gate_is_open=verdict.is_open)
    first = next(iter([*_before(flag), *agreed]), None)
    return first or Rise(rollout.step + 1, following.percent)


def _way_back(rollout: Rollout, verdict: GateVerdict, flag: FlagNow) -> Action | None:
    """What has to be taken back now, or has been taken back by somebody."""
    breach = verdict.breach if flag.is_on else None
    if breach is not None and breach.breach is Breach.KILL:
        return Kill(breach.text)
    intent = rollout.way_back
    if intent is not None:
        if flag.is_back_at(intent.percent):
            return End(intent.ends, intent.reason)
        return Back(intent.percent, intent.reason, intent.ends)
    is_lower = rollout.state is State.RUNNING and reached(rollout, flag) < rollout.step
    if is_lower and (breach is None or _is_a_step_back(rollout, flag)):
        return End(State.STOPPED, _why_taken_back(rollout, verdict, flag))
    if breach is not None and rollout.state is not State.STOPPED:
        return Back(rollout.plan.below(flag.percent), breach.text)
    return None


def _onwards(rollout: Rollout, verdict: GateVerdict, flag: FlagNow, now: int) -> Action:
    if rollout.state is not State.RUNNING:
        late = rollout.late_step(now)
        return _resting(rollout) if late is None else Wait(late)
    if (found := reached(rollout, flag)) > rollout.step:
        return Taken(found)
    is_held = now < rollout.held_until
    if rollout.following is None:
        until = Wait(f"{_name(rollout)} is held", until=rollout.held_until)
        return until if is_held else End(State.DONE, "the last step was held for its time")
    if (first := next(_waits(rollout, rollout.following, verdict, flag, now), None)) is not None:
        return Wait(first.text, first.command, rollout.held_until if is_held else None)
    return Rise(rollout.step + 1, rollout.following.percent)


def _waits(rollout: Rollout, following: Step, verdict: GateVerdict, flag: FlagNow, now: int) -> Iterator[Wait]:
    """What a rise waits for. Test users alone wait for the data, which publishing looks at, and for a breach."""
    yield from _before(flag)
    shut = verdict.first if following.percent > NOBODY else verdict.breach
    if shut is not None:
        yield Wait(shut.text, shut.command)
    yield from _unapproved(rollout, following, rollout.by)
    if now < rollout.held_until:
        yield Wait(f"{_name(rollout)} is held")
    if rollout.intent is not None and now < rollout.intent.again_at:
        yield _being_taken(rollout, rollout.intent)


def _before(flag: FlagNow) -> Iterator[Wait]:
    if flag.problem is not None:
        yield Wait(flag.problem, f"{COMMAND} flags list")
    if not flag.global_enabled:
        yield Wait("first open the global gate: while it is closed, everybody gets the old backend", OPEN_THE_GATE)


def _unapproved(rollout: Rollout, following: Step, by: str, *, gate_is_open: bool = True) -> Iterator[Wait]:
    if not rollout.is_approved(following.percent, by, gate_is_open=gate_is_open):
        named = "" if gate_is_open else f" --percent {following.percent.normalize():f}"
        command = f"{COMMAND} rollout approve {rollout.component}{named} --reason WHY"
        shut = "" if gate_is_open else ", although the gate is shut"
        yield Wait(f"a second person must agree to {following.name}{shut}", command)


def _being_taken(rollout: Rollout, intent: Intent) -> Wait:
    """Somebody is at the step, or it was refused: then why, which the last run has seen."""
    if rollout.seen is not None and rollout.seen.text.startswith(NOT_DONE):
        return Wait(rollout.seen.text, rollout.seen.command)
    return Wait(f"the step to {intent.name} is being taken")


def _resting(rollout: Rollout) -> Wait:
    if rollout.state is State.RUNNING:
        return Wait("the last step is held: nothing comes after it")
    return Wait(
        f"it is {rollout.state}: {rollout.reason}", f"{COMMAND} rollout resume {rollout.component} --reason WHY"
    )


def _is_a_step_back(rollout: Rollout, flag: FlagNow) -> bool:
    """Whether the flag is where a breach would bring it from the step that is held."""
    return rollout.held is not None and flag.is_back_at(rollout.plan.below(rollout.held.percent))


def _why_taken_back(rollout: Rollout, verdict: GateVerdict, flag: FlagNow) -> str:
    """A breach that lasts comes first: a run may have gone back for it and died before it could say so."""
    found = _taken_back(rollout, flag)
    return found if verdict.breach is None else f"{verdict.breach.text}; {found}"


def _taken_back(rollout: Rollout, flag: FlagNow) -> str:
    """Why a flag is lower than the rollout has left it."""
    if flag.problem is not None:
        return flag.problem
    if not flag.global_enabled:
        return "the global gate was shut: everybody gets the old backend"
    now = "switched off" if not flag.enabled else f"set to {Step(flag.percent, 0).name}"
    return f"the flag was {now} while the rollout was at {_name(rollout)}: flags history says by whom and why"


def _name(rollout: Rollout) -> str:
    return "the flag as it was" if rollout.held is None else rollout.held.name
