"""Rollouts for operators: ``/ops/rollouts``, the same as ``python -m infra rollout``."""

from http import HTTPStatus

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import ReasonedBody
from chalicelib.api.ops.migration.rollout_bodies import (
    ApproveBody,
    ShownRollout,
    ShownRollouts,
    StartBody,
    StepNowBody,
)
from chalicelib.api.ops.names import CHANGE_SECONDS, NOT_THERE
from chalicelib.api.routes import OperatorRoutes
from chalicelib.domain.backends.component import Component
from chalicelib.flags.changes.request import COMPONENTS, component_flag_named
from chalicelib.services.migration.rollouts.as_json import rollout_document
from chalicelib.services.migration.rollouts.commands import RolloutCommands

REFUSED = (*NOT_THERE, HTTPStatus.CONFLICT)
routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/rollouts", answers=(ShownRollouts,))
def list_rollouts(call: Call) -> Response:
    """Every rollout that there is or was."""
    now = call.container.clock()
    return json_answer({"rollouts": [rollout_document(each, now) for each in _commands(call).all()]})


@routes.operation("GET", "/ops/rollouts/{component}", answers=(ShownRollout,), refusals=NOT_THERE)
def show_rollout(call: Call, component: str) -> Response:
    """The rollout of a component."""
    return _shown(call, _named(component))


@routes.operation("POST", "/ops/rollouts/{component}/start", answers=(ShownRollout,), refusals=REFUSED)
def start_rollout(call: Call, body: StartBody, component: str) -> Response:
    """Begin one; the schedule takes the first step within a minute."""
    wanted, plan = _named(component), None if body.plan is None else body.plan.plan()
    _commands(call).start(wanted, plan, call.user_id, body.reason)
    return _shown(call, wanted)


@routes.operation("POST", "/ops/rollouts/{component}/pause", answers=(ShownRollout,), refusals=REFUSED)
def pause_rollout(call: Call, body: ReasonedBody, component: str) -> Response:
    """Let nothing rise until somebody resumes it; a breach still goes back."""
    wanted = _named(component)
    _commands(call).pause(wanted, call.user_id, body.reason)
    return _shown(call, wanted)


@routes.operation("POST", "/ops/rollouts/{component}/resume", answers=(ShownRollout,), refusals=REFUSED)
def resume_rollout(call: Call, body: ReasonedBody, component: str) -> Response:
    """Go on from where the flag is."""
    wanted = _named(component)
    _commands(call).resume(wanted, call.user_id, body.reason)
    return _shown(call, wanted)


@routes.operation("POST", "/ops/rollouts/{component}/step", answers=(ShownRollout,), refusals=REFUSED)
def step_rollout(call: Call, body: StepNowBody, component: str) -> Response:
    """Take the next step now; answers when it is in effect, or after some seconds."""
    wanted = _named(component)
    _commands(call).step(wanted, call.user_id, body.reason, CHANGE_SECONDS, hurry=body.hurry)
    return _shown(call, wanted)


@routes.operation("POST", "/ops/rollouts/{component}/abort", answers=(ShownRollout,), refusals=REFUSED)
def abort_rollout(call: Call, body: ReasonedBody, component: str) -> Response:
    """End it and go to 0 %; answers when that is in effect, or after some seconds."""
    wanted = _named(component)
    _commands(call).abort(wanted, call.user_id, body.reason, CHANGE_SECONDS)
    return _shown(call, wanted)


@routes.operation("POST", "/ops/rollouts/{component}/approve", answers=(ShownRollout,), refusals=REFUSED)
def approve_rollout(call: Call, body: ApproveBody, component: str) -> Response:
    """Agree to a rise that somebody else asks for."""
    wanted = _named(component)
    _commands(call).approve(wanted, body.percent, call.user_id, body.reason)
    return _shown(call, wanted)


def _commands(call: Call) -> RolloutCommands:
    return call.container.flags.rollouts


def _shown(call: Call, component: Component) -> Response:
    return json_answer(rollout_document(_commands(call).one(component), call.container.clock()))


def _named(component: str) -> Component:
    """The component that is named. Raises NotFoundError."""
    return COMPONENTS[component_flag_named(component)]
