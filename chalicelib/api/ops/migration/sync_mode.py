"""The sync mode for operators: ``/ops/sync-mode``, as ``python -m infra mode``."""

from typing import Any

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import ModeBody, ModeReport
from chalicelib.api.routes import OperatorRoutes

routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/sync-mode", answers=(ModeReport,))
def show_sync_mode(call: Call) -> Response:
    """The mode, since when, and how long its drain still takes."""
    return json_answer(_shown(call))


@routes.operation("PUT", "/ops/sync-mode", answers=(ModeReport,))
def set_sync_mode(call: Call, body: ModeBody) -> Response:
    """Change the mode to a neighbour; refused, with what comes first, where a write could get lost."""
    call.container.operators.modes.set(body.mode, body.reason, call.user_id)
    return json_answer(_shown(call))


def _shown(call: Call) -> dict[str, Any]:
    return call.container.operators.modes.show().as_document() | {"command": "python -m infra mode show"}
