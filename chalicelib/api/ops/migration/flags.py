"""Flags for operators: ``/ops/flags``, the same as ``python -m infra flags``."""

from dataclasses import replace

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import ReasonedBody
from chalicelib.api.ops.migration.flag_bodies import (
    ExplainQuery,
    FlagPatchBody,
    HistoryQuery,
    PlanQuery,
    RollbackBody,
)
from chalicelib.api.ops.names import CHANGE_SECONDS, NOT_THERE
from chalicelib.api.routes import OperatorRoutes
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.as_json import (
    change_document,
    explanation_document,
    listing_document,
    made_document,
    past_document,
    plan_document,
)
from chalicelib.flags.changes.past import past_instant
from chalicelib.flags.changes.patch import percentage
from chalicelib.flags.changes.request import COMPONENTS, ChangeRequest, component_flag_named, flag_named
from chalicelib.monitoring.people import concerning

routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/flags", headers=("ETag",))
def list_flags(call: Call) -> Response:
    """What is deployed, its version as ETag, and by which document this function decides."""
    listing = call.container.flags.overview.listing()
    return json_answer(listing_document(listing), headers={"ETag": f'"{listing.document.version}"'})


@routes.operation("GET", "/ops/flags/history", refusals=NOT_THERE)
def list_changes(call: Call, query: HistoryQuery) -> Response:
    """Who changed what, when and why, the newest first."""
    flag = None if query.flag is None else flag_named(query.flag)
    changes = call.container.flags.overview.changes(flag, query.limit)
    return json_answer({"changes": [change_document(change) for change in changes]})


@routes.operation("POST", "/ops/flags/kill")
def kill(call: Call, body: ReasonedBody) -> Response:
    """Everybody back to the old backend; answers when that is in effect, or with what is known after some seconds."""
    made = _changes(call).kill(_requested(call, body))
    return json_answer(made_document(made))


@routes.operation("PATCH", "/ops/flags/{flag}", conditional="If-Match", refusals=NOT_THERE)
def change_flag(call: Call, body: FlagPatchBody, flag: str) -> Response:
    """Change one flag; with If-Match only the document that the caller has seen. A higher percentage asks the gate."""
    request = replace(_requested(call, body), hurry=body.hurry)
    made = _changes(call).set(flag_named(flag), body.patch(), request)
    return json_answer(made_document(made))


@routes.operation("POST", "/ops/flags/{flag}/rollback", refusals=NOT_THERE)
def rollback(call: Call, body: RollbackBody, flag: str) -> Response:
    """One component off, or down to a percentage; answers when that is in effect, or after some seconds."""
    made = _changes(call).rollback(component_flag_named(flag), body.percent(), _requested(call, body))
    return json_answer(made_document(made))


@routes.operation("GET", "/ops/flags/{flag}/plan", refusals=NOT_THERE)
def plan(call: Call, query: PlanQuery, flag: str) -> Response:
    """Who enters and who leaves between two percentages."""
    name = component_flag_named(flag)
    start = None if query.start is None else percentage(query.start)
    found = call.container.flags.overview.plan(name, start, percentage(query.end), exact=query.exact)
    return json_answer(plan_document(found))


@routes.operation("GET", "/ops/flags/{flag}/explain", refusals=NOT_THERE)
def explain(call: Call, query: ExplainQuery, flag: str) -> Response:
    """Why a user gets the backend that they get; with ``at``: who answered then, by the records."""
    concerning(query.user)
    component, flags = COMPONENTS[component_flag_named(flag)], call.container.flags
    if query.at is None:
        return json_answer(explanation_document(flags.overview.explain(query.user, component)))
    return json_answer(past_document(flags.past.explain(query.user, component, past_instant(query.at))))


def _changes(call: Call) -> FlagChanges:
    return call.container.flags.changes.within(CHANGE_SECONDS)


def _requested(call: Call, body: ReasonedBody) -> ChangeRequest:
    seen = call.request.headers.get("if-match", "*").strip()
    return ChangeRequest(call.user_id, body.reason, None if seen == "*" else seen.strip('"'))
