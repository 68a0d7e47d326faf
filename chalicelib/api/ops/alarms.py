"""The deployment's alarms for operators: ``/ops/alarms``."""

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import Alarms
from chalicelib.api.routes import OperatorRoutes

routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/alarms", answers=(Alarms,))
def list_alarms(call: Call) -> Response:
    """Every alarm, those that ring first: since when, why, and the commands to look and to act."""
    return json_answer({"alarms": [alarm.as_document() for alarm in call.container.operators.alarms.alarms()]})
