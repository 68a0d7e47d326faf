"""Comparing both sides and the display, for operators: ``/ops/verify``, as ``python -m infra verify``."""

from typing import Any

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import LastVerify, PerhapsReasonedBody, VerifyStep
from chalicelib.api.ops.names import meter_name
from chalicelib.api.routes import OperatorRoutes
from chalicelib.domain.operating import Action, Done
from chalicelib.domain.readings import to_datetime
from chalicelib.domain.sync.reconciliation import Finding
from chalicelib.monitoring.people import hidden

# A page of meters may take as long again.
STEP_SECONDS = 10.0
SHOWN = 20
COMMAND = "python -m infra verify"
routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/verify", answers=(LastVerify,))
def show_last_verify(call: Call) -> Response:
    """What the last comparison of all meters found."""
    last = call.container.operations.consistency.last_verified()
    return json_answer(
        {
            "at": last and to_datetime(last.at),
            "upTo": None,
            "meters": last and last.meters,
            "lagging": last and last.lagging,
            "differences": last and last.differences,
            "firstSeen": None,
            "lastSeen": None,
            "command": COMMAND,
        }
    )


@routes.operation("POST", "/ops/verify", answers=(VerifyStep,))
def verify(call: Call, body: PerhapsReasonedBody) -> Response:
    """Compare all meters for some seconds; asked again, it goes on where it was."""
    if body.reason is not None:
        call.container.desk.actions.keep(Done(Action.VERIFY, call.user_id, body.reason))
    consistency = call.container.operations.consistency
    seen, finished = consistency.verify_for(STEP_SECONDS)
    return json_answer(
        {
            "finished": finished,
            "meters": seen.meters,
            "of": seen.meters if finished else max(seen.meters, consistency.count_meters()),
            "differences": seen.differences,
            "findings": [_finding(finding) for finding in seen.findings[:SHOWN]],
            "command": COMMAND,
        }
    )


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "meter": meter_name(f"{finding.user_id}|{finding.type}"),
        "collection": finding.collection,
        "document": hidden(finding.document),
        "problem": hidden(finding.problem),
        "kind": finding.kind,
    }
