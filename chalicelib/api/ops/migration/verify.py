"""Comparing both sides and the display, for operators: ``/ops/verify``, as ``python -m infra verify``."""

from typing import Any

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import LastVerify, PerhapsReasonedBody, VerifyStep
from chalicelib.api.ops.names import meter_name
from chalicelib.api.routes import OperatorRoutes
from chalicelib.domain.meters.walks import Finding
from chalicelib.domain.operating import Action, Done
from chalicelib.domain.people.ids import people_of
from chalicelib.domain.readings import to_datetime
from chalicelib.monitoring.people import concerning, hidden

# A page of meters may take as long again.
STEP_SECONDS = 10.0
SHOWN = 20
COMMAND = "python -m infra verify"
READINGS = "source_energy_readings"
routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/verify", answers=(LastVerify,))
def show_last_verify(call: Call) -> Response:
    """What the last comparison of all meters found."""
    last = call.container.operations.consistency.last_verified()
    return json_answer(
        {
            "at": last and to_datetime(last.at),
            "upTo": last and last.up_to and to_datetime(last.up_to),
            "meters": last and last.meters,
            "lagging": last and last.lagging,
            "differences": last and last.differences,
            "firstSeen": last and last.first_seen and to_datetime(last.first_seen),
            "lastSeen": last and last.last_seen and to_datetime(last.last_seen),
            "command": f"{COMMAND} --last",
        }
    )


@routes.operation("POST", "/ops/verify", answers=(VerifyStep,))
def verify(call: Call, body: PerhapsReasonedBody) -> Response:
    """Compare all meters for some seconds; asked again, it goes on where it was."""
    if body.reason is not None:
        call.container.operators.actions.keep(Done(Action.VERIFY, call.user_id, body.reason))
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
    """People by their pseudonyms. What is wrong with a reading says amounts: of that there is the kind alone."""
    concerning(*people_of([finding.document, finding.problem]))
    return {
        "meter": meter_name(f"{finding.user_id}|{finding.type}"),
        "collection": finding.collection,
        "document": hidden(finding.document),
        "problem": finding.kind if finding.collection == READINGS else hidden(finding.problem),
        "kind": finding.kind,
    }
