"""The status over HTTP: ``/ops/status``, the same as ``python -m infra status --json``."""

from typing import Annotated

from chalice import Response
from pydantic import Field

from chalicelib.api.answers import json_answer
from chalicelib.api.bodies import DIGITS, Body
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import OperatorRoutes
from chalicelib.domain.migration.status.blocks import LONGEST_HOURS

routes = OperatorRoutes(__name__)


class StatusQuery(Body):
    """How far figures and comparisons look back."""

    hours: Annotated[int, Field(ge=1, le=LONGEST_HOURS), DIGITS] = 24


@routes.operation("GET", "/ops/status")
def show_status(call: Call, query: StatusQuery) -> Response:
    """Where the migration is, whether it may go on, and what comes first; 200 whatever could not be looked at."""
    return json_answer(call.container.status.status(query.hours).as_document())
