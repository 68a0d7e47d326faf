"""Component routes that take feedback from people, and measurements from their pages."""

from functools import cache
from http import HTTPStatus

from chalice import Response

from chalicelib.api.answers import accepted, json_answer
from chalicelib.api.components import forms, views
from chalicelib.api.components.bodies import ReadQuery
from chalicelib.api.components.witness_bodies import FeedbackBody, FeedbackReceipt, MeasurementsBody
from chalicelib.api.endpoint import Call, validated
from chalicelib.api.routes import Routes
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.services.components.component_reads import ComponentRead

FORCE_OLD = "forceOld"  # what an operator may add to any query

routes = Routes(__name__)


@routes.operation(
    "POST",
    "/components/feedback",
    status=HTTPStatus.CREATED,
    answers=(FeedbackReceipt,),
    refusals=(HTTPStatus.TOO_MANY_REQUESTS,),
)
def give_feedback(call: Call, body: FeedbackBody) -> Response:
    """Say that a component looks wrong: both backends are asked for the same next."""
    read = _meant(call, body.component, body.query)
    receipt = FeedbackReceipt(id=call.container.feedback.give(call.user_id, body.feedback(read)))
    return json_answer(receipt.as_json(), HTTPStatus.CREATED)


@routes.operation("POST", "/components/measurements", status=HTTPStatus.ACCEPTED)
def take_measurements(call: Call, body: MeasurementsBody) -> Response:
    """Take what a page has measured, whatever becomes of it."""
    call.container.measurements.record(call.user_id, [each.measurement() for each in body.measurements])
    return accepted()


def _meant(call: Call, component: Component, query: dict[str, str]) -> ComponentRead | None:
    """The read that a query means to a component; None where it writes: then its query is not looked at.

    The form for a reading shows one where it is asked for a meter, and else writes.
    """
    model = _read_queries().get(component)
    if model is None or (component is Component.ENERGY_FORMS and query.keys() <= {FORCE_OLD}):
        return None
    asked = validated(model, query, "query")
    try:
        return asked.read(call)
    except InvalidInputError as error:
        fields = tuple(FieldError(f"query.{field.where}", field.reason) for field in error.errors)
        raise InvalidInputError(str(error), fields) from error


@cache
def _read_queries() -> dict[Component, type[ReadQuery]]:
    """The query of each component's own route, where it shows something."""
    operations = (*views.routes.operations, *forms.routes.operations)
    return {
        Component(operation.path.split("/")[2]): operation.query
        for operation in operations
        if operation.query and issubclass(operation.query, ReadQuery)
    }
