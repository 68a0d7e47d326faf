"""Dead letters for operators: ``/ops/dead-letters``, as ``python -m infra dlq`` works on them."""

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import DiscardedLetter, Letters, ReasonedBody, Redriven, WholeLetter
from chalicelib.api.ops.names import NOT_THERE
from chalicelib.api.routes import OperatorRoutes

routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/dead-letters", answers=(Letters,))
def list_dead_letters(call: Call) -> Response:
    """The events that functions failed on for good, the oldest first."""
    return json_answer(call.container.operators.letters.listed())


@routes.operation("GET", "/ops/dead-letters/{letter_id}", answers=(WholeLetter,), refusals=NOT_THERE)
def show_dead_letter(call: Call, letter_id: str) -> Response:
    """One of them with its event."""
    return json_answer(call.container.operators.letters.shown(letter_id))


@routes.operation("POST", "/ops/dead-letters/{letter_id}/redrive", answers=(Redriven,), refusals=NOT_THERE)
def redrive_dead_letter(call: Call, body: ReasonedBody, letter_id: str) -> Response:
    """Call the function again with what it failed on."""
    return json_answer(call.container.operators.letters.redrive(letter_id, call.user_id, body.reason))


@routes.operation("POST", "/ops/dead-letters/{letter_id}/discard", answers=(DiscardedLetter,), refusals=NOT_THERE)
def discard_dead_letter(call: Call, body: ReasonedBody, letter_id: str) -> Response:
    """Take one away for good; the record keeps it."""
    return json_answer(call.container.operators.letters.discard(letter_id, call.user_id, body.reason))
