"""Meter exchanges: ``/v2/exchanges`` and ``/v2/exchanges/{exchange_id}``."""

from http import HTTPStatus

from chalice import Response

from chalicelib.api.answers import json_answer, no_content
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import Routes
from chalicelib.api.v2.configuration_bodies import (
    ExchangeBody,
    ExchangeListBody,
    ExchangeListQuery,
    RecordedExchangeBody,
    StoredExchangeBody,
)

routes = Routes(__name__)


@routes.operation("GET", "/v2/exchanges", answers=(ExchangeListBody,))
def list_exchanges(call: Call, query: ExchangeListQuery) -> Response:
    """The exchanges of one meter."""
    configuration = call.container.configuration.configuration(call.user_id, query.type)
    return json_answer(ExchangeListBody.of(configuration).as_json())


@routes.operation(
    "POST",
    "/v2/exchanges",
    status=HTTPStatus.CREATED,
    answers=(RecordedExchangeBody,),
    headers=("Location",),
    refusals=(HTTPStatus.CONFLICT,),
)
def add_exchange(call: Call, body: ExchangeBody) -> Response:
    """Record that a meter was exchanged."""
    exchange, meter = call.container.configuration.add_exchange(call.user_id, body.draft())
    recorded = RecordedExchangeBody(exchange=StoredExchangeBody.of(exchange), meter=meter)
    return json_answer(recorded.as_json(), HTTPStatus.CREATED, {"Location": call.url(f"/v2/exchanges/{exchange.id}")})


@routes.operation(
    "DELETE",
    "/v2/exchanges/{exchange_id}",
    status=HTTPStatus.NO_CONTENT,
    headers=("X-Source-Version",),
    refusals=(HTTPStatus.NOT_FOUND,),
)
def remove_exchange(call: Call, exchange_id: str) -> Response:
    """Take an exchange back."""
    meter = call.container.configuration.remove_exchange(call.user_id, exchange_id)
    return no_content({"X-Source-Version": str(meter.source_version)})
