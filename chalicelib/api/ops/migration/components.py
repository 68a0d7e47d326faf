"""Components for operators: ``/ops/components/...``, how each backend answers and what looks wrong."""

from typing import Annotated

from chalice import Response
from pydantic import Field

from chalicelib.api.answers import json_answer
from chalicelib.api.bodies import DIGITS, Body
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.names import NOT_THERE
from chalicelib.api.routes import OperatorRoutes
from chalicelib.flags.changes.request import COMPONENTS, component_flag_named
from chalicelib.services.migration.figures.as_json import report_document

HOUR_MS = 3_600_000
KEPT_HOURS = 30 * 24  # people are known for so long
routes = OperatorRoutes(__name__)


class HoursQuery(Body):
    """How far back to look."""

    hours: Annotated[int, Field(ge=1, le=KEPT_HOURS), DIGITS] = 168


@routes.operation("GET", "/ops/components/{component}", refusals=NOT_THERE)
def show_component(call: Call, query: HoursQuery, component: str) -> Response:
    """Answers by the hour, old beside new; what differed, with examples; what people say looks wrong."""
    wanted = COMPONENTS[component_flag_named(component)]
    since = call.container.clock() - query.hours * HOUR_MS
    return json_answer(report_document(call.container.component_reports.report(wanted, since)))
