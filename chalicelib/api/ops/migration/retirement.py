"""The retirement of version 1 for operators: ``/ops/retirement``, as ``python -m infra retire show``."""

from typing import Annotated

from chalice import Response
from pydantic import Field

from chalicelib.api.answers import json_answer
from chalicelib.api.bodies import DIGITS, Body
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import OperatorRoutes
from chalicelib.domain.migration.retirement.callers import KEPT_DAYS, QUIET_DAYS
from chalicelib.services.migration.retirement.as_json import callers_document

routes = OperatorRoutes(__name__)


class RetirementQuery(Body):
    """How many days back to look for callers."""

    days: Annotated[int, Field(ge=1, le=KEPT_DAYS), DIGITS] = QUIET_DAYS


@routes.operation("GET", "/ops/retirement")
def show_retirement(call: Call, query: RetirementQuery) -> Response:
    """What is announced, why a brown-out would not begin now, and who calls version 1."""
    commands = call.container.operators.retirement
    callers, more = commands.callers(query.days), commands.more_callers(query.days)
    return json_answer(commands.document() | callers_document(callers, query.days, more))
