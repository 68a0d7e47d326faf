"""Operators' commands on a rollout. Every refusal says what comes first."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import NotFoundError, RevisionError, RolloutError, UnavailableError
from chalicelib.domain.migration.gate.verdict import Gate
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.rollouts.next_action import (
    OPEN_THE_GATE,
    Back,
    FlagNow,
    Rise,
    Wait,
    hurried_action,
    next_action,
    reached,
)
from chalicelib.domain.migration.rollouts.plan import NOBODY, Plan
from chalicelib.domain.migration.rollouts.ports import Asked, RolloutFlags, Rollouts
from chalicelib.domain.migration.rollouts.rollout import (
    UNDER_WAY,
    Approval,
    Rollout,
    State,
    approved,
    paused,
    resumed,
    started,
)
from chalicelib.domain.operating import COMMAND, checked_reason
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.migration.rollouts.taking import By, OvertakenError, Taking

ABORT_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class RolloutCommands:
    """Starts, pauses, resumes, hurries, aborts and approves."""

    rollouts: Rollouts
    flags: RolloutFlags
    gate: Gate
    taking: Taking
    clock: Clock

    def all(self) -> Sequence[Rollout]:
        """Every rollout there is, in the order of the components. Raises UnavailableError."""
        return sorted(self.rollouts.all(), key=lambda rollout: [*Component].index(rollout.component))

    def one(self, component: Component) -> Rollout:
        """The rollout of a component. Raises NotFoundError, UnavailableError."""
        found = self.rollouts.find(component)
        if found is None:
            raise NotFoundError(
                f"{component} has no rollout; begin one: {COMMAND} rollout start {component} --reason WHY"
            )
        return found

    def planned(self, component: Component) -> Plan:
        """The plan of a rollout for which nobody says another: that of the one before. Raises UnavailableError."""
        before = self.rollouts.find(component)
        return Plan() if before is None else before.plan

    def start(self, component: Component, plan: Plan | None, by: str, reason: str) -> Rollout:
        """Begin one, by a plan, by that of the rollout before, or by the default; the schedule takes the first step.

        Raises:
            RolloutError: one is under way, nobody may be moved, or a second person must agree to fewer approvals.
            UnavailableError: the database or AppConfig did not answer.
        """
        before, reason = self.rollouts.find(component), checked_reason(reason)
        if before is not None and before.state in UNDER_WAY:
            raise RolloutError(f"the rollout of {component} is {before.state} already; {_ends(component)}")
        if before is not None:
            _check_way_back(before)
        plan = plan or (Plan() if before is None else before.plan)
        if before is not None and plan.approvals < before.plan.approvals:
            _check_fewer(before, by)
        flag = self._movable(component)
        fresh = Rollout(component=component, plan=plan, state=State.RUNNING, by=by, reason=reason, since=self.clock())
        return self.taking.stored(started(before, replace(fresh, step=reached(fresh, flag)), self.clock()))

    def pause(self, component: Component, by: str, reason: str) -> Rollout:
        """Let nothing rise until somebody resumes it; a breach still goes back. Raises as ``start``.

        A step that is on its way may still come: ``seen`` says so.
        """
        rollout = self._in(component, State.RUNNING)
        _check_way_back(rollout)
        return self.taking.stored(paused(rollout, by, checked_reason(reason), self.clock()))

    def resume(self, component: Component, by: str, reason: str) -> Rollout:
        """Go on from where the flag is. Raises as ``start``."""
        rollout, reason = self._in(component, State.PAUSED, State.STOPPED), checked_reason(reason)
        _check_way_back(rollout)
        flag = self._movable(component)
        return self.taking.stored(resumed(rollout, reached(rollout, flag), by, reason, self.clock()))

    def approve(self, component: Component, percent: Decimal | None, by: str, reason: str) -> Rollout:
        """Agree to the next step, or to a change to ``percent`` that somebody makes, also past a gate that is shut.

        Raises:
            RolloutError: nobody has to agree, nothing comes next, or who asks is the one who agrees.
        """
        rollout, reason = self.one(component), checked_reason(reason)
        if rollout.plan.approvals == 0:
            raise RolloutError(f"the plan of {component} asks nobody to agree")
        if by == rollout.by and rollout.state in UNDER_WAY:
            raise RolloutError("who asks for a rise cannot agree to it: a second person has to")
        wanted, following = percent, rollout.following
        if wanted is None and following is not None:
            wanted = following.percent
        if wanted is None:
            raise RolloutError(f"no step of {component} comes next: say --percent")
        approval = Approval(wanted, self.clock(), by, reason, named=percent is not None)
        return self.taking.stored(approved(rollout, approval))

    def step(self, component: Component, by: str, reason: str, seconds: float, *, hurry: bool) -> FlagChange | None:
        """Take the next step now. ``hurry``: past the hold time and what holds the gate shut, never past a breach.

        Raises:
            RolloutError: it may not be taken, with what comes first; or somebody else has changed the flags.
            ConflictError, UnavailableError: the next run of the schedule looks how far it came.
        """
        rollout, reason = self._in(component, State.RUNNING), checked_reason(reason)
        flag, verdict = self.flags.now(component), self.gate.verdict(component)
        if hurry:
            action = hurried_action(rollout, verdict, flag, by)
        else:
            action = next_action(rollout, verdict, flag, self.clock())
        if not isinstance(action, Rise):
            raise RolloutError(_refusal(component, action))
        if not rollout.is_approved(action.percent, by):
            raise RolloutError("who asks for a rise cannot agree to it: a second person has to")
        try:
            return self.taking.rise(rollout, action, flag, verdict, By(by, reason, hurry), seconds)
        except RevisionError as error:
            raise RolloutError(str(error)) from error

    def abort(self, component: Component, by: str, reason: str, seconds: float) -> FlagChange:
        """End it and go to 0 %: nobody but test users stays.

        The flag goes back all the same without the database, or while others keep changing the record.

        Raises:
            RolloutError: there is none, or it has ended.
            UnavailableError: AppConfig did not answer.
        """
        back = Back(NOBODY, checked_reason(reason), State.ABORTED)
        for _ in range(ABORT_ATTEMPTS):
            if (rollout := self._abortable(component)) is None:
                break
            with suppress(OvertakenError):
                return self.taking.back(rollout, back, None, By(by, reason), seconds)
        return self.flags.back(component, NOBODY, Asked(by, reason, {}), seconds)

    def _abortable(self, component: Component) -> Rollout | None:
        """None: the database does not answer."""
        with suppress(UnavailableError):
            return self._in(component, *UNDER_WAY, State.STOPPED)
        return None

    def _in(self, component: Component, *states: State) -> Rollout:
        rollout = self.one(component)
        if rollout.state not in states:
            raise RolloutError(
                f"the rollout of {component} is {rollout.state}: {rollout.reason}; this needs {' or '.join(states)}"
            )
        return rollout

    def _movable(self, component: Component) -> FlagNow:
        """The flag, where it may move people. Raises RolloutError, UnavailableError."""
        flag = self.flags.now(component)
        if flag.problem is not None:
            raise RolloutError(f"{component}: {flag.problem}; look at it: {COMMAND} flags list")
        if not flag.global_enabled:
            raise RolloutError(f"the global gate is shut: everybody gets the old backend; first: {OPEN_THE_GATE}")
        return flag


def _check_fewer(before: Rollout, by: str) -> None:
    agreed = before.approval
    if agreed is None or agreed.percent != NOBODY or agreed.by == by:
        raise RolloutError(
            "the plan before asks a second person to agree, and so does doing without: "
            f"{COMMAND} rollout approve {before.component} --percent 0 --reason WHY"
        )


def _check_way_back(rollout: Rollout) -> None:
    """Nobody takes the place of a way back that has not come to its end. Raises RolloutError."""
    back = rollout.way_back
    if back is not None:
        raise RolloutError(
            f"the way back to {back.name} was begun ({back.by}: {back.reason}) and has not come to its end; the "
            f"schedule tries it each minute; first: {COMMAND} rollout status {rollout.component}"
        )


def _ends(component: Component) -> str:
    return f"first: {COMMAND} rollout abort {component} --reason WHY"


def _refusal(component: Component, action: object) -> str:
    if isinstance(action, Wait):
        return action.text + (f"; first: {action.command}" if action.command else "")
    return f"the schedule looks after {component} first: {type(action).__name__.lower()}; try again in a minute"
