"""Bodies of the operators' routes for rollouts."""

from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt

from chalicelib.api.bodies import Body, Number
from chalicelib.api.ops.bodies import ReasonedBody
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.rollouts.plan import EVERYBODY, LONGEST_HOLD_MS, SECOND_MS, STEPS, Plan, Step

Percent = Annotated[Number, Field(description=f"0 (test users alone) to {EVERYBODY}, at most three decimals")]
HoldSeconds = Annotated[StrictInt, Field(ge=0, le=LONGEST_HOLD_MS // SECOND_MS)]
WholeHour = Annotated[StrictInt, Field(ge=0, le=24)]
Weekday = Annotated[StrictInt, Field(ge=0, le=6, description="0: Monday")]


class StepBody(Body):
    """A percentage, and how long it is held."""

    percent: Percent
    hold_seconds: HoldSeconds

    def step(self) -> Step:
        """Convert to the plan's value."""
        return Step(self.percent, self.hold_seconds * SECOND_MS)


class HoursBody(Body):
    """When something may rise: from an hour to a later one, local."""

    zone: Annotated[str, Field(max_length=60)]
    first: WholeHour
    last: WholeHour
    days: tuple[Weekday, ...] = tuple(range(7))

    def hours(self) -> AllowedHours:
        """Convert to the plan's value."""
        return AllowedHours(self.zone, self.first, self.last, self.days)


class PlanBody(Body):
    """A plan; what is left out is as in the default."""

    steps: tuple[StepBody, ...] | None = None
    approvals: Annotated[StrictInt, Field(ge=0, le=1)] = 0
    hours: HoursBody | None = None
    exact: StrictBool = False

    def plan(self) -> Plan:
        """What the use case takes. Raises InvalidInputError."""
        steps = STEPS if self.steps is None else tuple(step.step() for step in self.steps)
        hours = None if self.hours is None else self.hours.hours()
        return Plan(steps, self.approvals, hours, self.exact)


class StartBody(ReasonedBody):
    """Without a plan that of the rollout before counts, or the default."""

    plan: PlanBody | None = None


class StepNowBody(ReasonedBody):
    """The next step now."""

    hurry: StrictBool = Field(False, description="past the hold time and what holds the gate shut, not past a breach")


class ApproveBody(ReasonedBody):
    """Agree to the next step, or to a change by hand to a percentage."""

    percent: Percent | None = None


class ShownRollout(Body):
    """How far a rollout is, what comes next, what the schedule saw last, and what happened so far."""

    component: str
    state: str
    by: str
    reason: str
    since: str
    step: dict[str, Any] | None
    next: dict[str, Any] | None
    seconds_left: int | None
    intent: dict[str, Any] | None
    approval: dict[str, Any] | None
    plan: dict[str, Any]
    seen: dict[str, Any] | None
    log: tuple[dict[str, Any], ...]
    command: str


class ShownRollouts(Body):
    """Those that there are, in the order of the components."""

    rollouts: tuple[ShownRollout, ...]
