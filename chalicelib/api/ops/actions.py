"""The record of operators' actions beside flags and the sync mode: ``/ops/actions``."""

from dataclasses import asdict
from typing import Annotated

from chalice import Response
from pydantic import Field

from chalicelib.api.answers import json_answer
from chalicelib.api.bodies import DIGITS, Body
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import DoneActions
from chalicelib.api.routes import OperatorRoutes
from chalicelib.domain.readings import to_datetime

routes = OperatorRoutes(__name__)


class ActionsQuery(Body):
    """How many."""

    limit: Annotated[int, Field(ge=1, le=500), DIGITS] = 50


@routes.operation("GET", "/ops/actions", answers=(DoneActions,))
def list_actions(call: Call, query: ActionsQuery) -> Response:
    """Who sent a dead letter again, discarded one, swept or verified, when and why; the newest first."""
    newest = call.container.operators.actions.newest(query.limit)
    return json_answer({"actions": [asdict(done) | {"at": done.at and to_datetime(done.at)} for done in newest]})
