"""The gate over HTTP: ``/ops/gate/...``, the same as ``python -m infra gate show --json``."""

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.names import NOT_THERE
from chalicelib.api.routes import OperatorRoutes
from chalicelib.flags.changes.request import COMPONENTS, component_flag_named

routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/gate/{component}", refusals=NOT_THERE)
def show_gate(call: Call, component: str) -> Response:
    """Whether a component may go on: each condition with figure, limit and command; 200 whatever is not known."""
    wanted = COMPONENTS[component_flag_named(component)]
    return json_answer(call.container.gate.verdict(wanted).as_document())
