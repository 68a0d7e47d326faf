"""Flags for operators: ``/ops/flags``, the same as ``python -m infra flags``."""

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import ANY_CONTENT, Call, refuse_other_methods
from chalicelib.api.ops.access import operator_endpoint
from chalicelib.api.ops.flag_bodies import (
    ExplainQuery,
    FlagPatchBody,
    HistoryQuery,
    PlanQuery,
    ReasonedBody,
    RollbackBody,
)
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.as_json import (
    change_document,
    explanation_document,
    listing_document,
    made_document,
    plan_document,
)
from chalicelib.flags.changes.patch import percentage
from chalicelib.flags.changes.request import COMPONENTS, ChangeRequest, component_flag_named, flag_named

# All that a change waits for: API Gateway gives up after 29 s, and a cold start comes before it.
CHANGE_SECONDS = 24.0
blueprint = Blueprint(__name__)


@blueprint.route("/ops/flags", methods=["GET"], content_types=ANY_CONTENT)
@operator_endpoint(blueprint)
def list_flags(call: Call) -> Response:
    """What is deployed, its version as ETag, and by which document this function decides."""
    listing = call.container.flags.overview.listing()
    return json_answer(listing_document(listing), headers={"ETag": f'"{listing.document.version}"'})


@blueprint.route("/ops/flags/history", methods=["GET"], content_types=ANY_CONTENT)
@operator_endpoint(blueprint)
def list_changes(call: Call) -> Response:
    """Who changed what, when and why, the newest first."""
    query = call.query(HistoryQuery)
    flag = None if query.flag is None else flag_named(query.flag)
    changes = call.container.flags.overview.changes(flag, query.limit)
    return json_answer({"changes": [change_document(change) for change in changes]})


@blueprint.route("/ops/flags/kill", methods=["POST"], content_types=ANY_CONTENT)
@operator_endpoint(blueprint)
def kill(call: Call) -> Response:
    """Everybody back to the old backend; answers when that is in effect, or with what is known after some seconds."""
    made = _changes(call).kill(_order(call, call.json(ReasonedBody)))
    return json_answer(made_document(made))


@blueprint.route("/ops/flags/{flag}", methods=["PATCH"], content_types=ANY_CONTENT)
@operator_endpoint(blueprint)
def change_flag(call: Call, flag: str) -> Response:
    """Change one flag; with If-Match only the document that the caller has seen."""
    body, name = call.json(FlagPatchBody), flag_named(flag)
    made = _changes(call).set(name, body.wish(), _order(call, body))
    return json_answer(made_document(made))


@blueprint.route("/ops/flags/{flag}/rollback", methods=["POST"], content_types=ANY_CONTENT)
@operator_endpoint(blueprint)
def rollback(call: Call, flag: str) -> Response:
    """One component off, or down to a percentage; answers when that is in effect, or after some seconds."""
    body, name = call.json(RollbackBody), component_flag_named(flag)
    made = _changes(call).rollback(name, body.percent(), _order(call, body))
    return json_answer(made_document(made))


@blueprint.route("/ops/flags/{flag}/plan", methods=["GET"], content_types=ANY_CONTENT)
@operator_endpoint(blueprint)
def plan(call: Call, flag: str) -> Response:
    """Who enters and who leaves between two percentages."""
    query, name = call.query(PlanQuery), component_flag_named(flag)
    start = None if query.start is None else percentage(query.start)
    found = call.container.flags.overview.plan(name, start, percentage(query.end), exact=query.exact)
    return json_answer(plan_document(found))


@blueprint.route("/ops/flags/{flag}/explain", methods=["GET"], content_types=ANY_CONTENT)
@operator_endpoint(blueprint)
def explain(call: Call, flag: str) -> Response:
    """Why a user gets the backend that they get."""
    user_id, component = call.query(ExplainQuery).user, COMPONENTS[component_flag_named(flag)]
    return json_answer(explanation_document(call.container.flags.overview.explain(user_id, component)))


def _changes(call: Call) -> FlagChanges:
    return call.container.flags.changes.within(CHANGE_SECONDS)


def _order(call: Call, body: ReasonedBody) -> ChangeRequest:
    seen = call.request.headers.get("if-match", "*").strip()
    return ChangeRequest(call.user_id, body.reason, None if seen == "*" else seen.strip('"'))


refuse_other_methods(
    blueprint,
    {
        "/ops/flags": ("GET",),
        "/ops/flags/history": ("GET",),
        "/ops/flags/kill": ("POST",),
        "/ops/flags/{flag}": ("PATCH",),
        "/ops/flags/{flag}/rollback": ("POST",),
        "/ops/flags/{flag}/plan": ("GET",),
        "/ops/flags/{flag}/explain": ("GET",),
    },
)
