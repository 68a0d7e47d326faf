"""Meter exchanges: ``/v2/exchanges`` and ``/v2/exchanges/{exchange_id}``."""

from http import HTTPStatus

from chalice import Response

from chalicelib.api.answers import json_answer, no_content
from chalicelib.api.endpoint import Call
from chalicelib.api.preconditions import conditional_answer, seen_revision
from chalicelib.api.routes import Routes
from chalicelib.api.v2.configuration_bodies import (
    ExchangeBody,
    ExchangeCorrectionBody,
    ExchangeListBody,
    ExchangeListQuery,
    RecordedExchangeBody,
    StoredExchangeBody,
)
from chalicelib.domain.events.contracts import MeterChange
from chalicelib.domain.meters.configuration import Exchange

EXCHANGE = "/v2/exchanges/{exchange_id}"

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
    headers=("ETag", "Location"),
    refusals=(HTTPStatus.CONFLICT,),
)
def add_exchange(call: Call, body: ExchangeBody) -> Response:
    """Record that a meter was exchanged."""
    exchange, meter = call.container.configuration.add_exchange(call.user_id, body.draft())
    location = {"Location": call.url(f"/v2/exchanges/{exchange.id}")}
    return _recorded(exchange, meter, HTTPStatus.CREATED, location)


@routes.operation(
    "GET",
    EXCHANGE,
    answers=(StoredExchangeBody,),
    conditional="If-None-Match",
    headers=("ETag",),
    refusals=(HTTPStatus.NOT_FOUND,),
)
def show_exchange(call: Call, exchange_id: str) -> Response:
    """One exchange, its revision as ETag."""
    exchange = call.container.configuration.exchange(call.user_id, exchange_id)
    return conditional_answer(call, f'"{exchange.revision}"', lambda: StoredExchangeBody.of(exchange).as_json())


@routes.operation(
    "PUT",
    EXCHANGE,
    answers=(RecordedExchangeBody,),
    conditional="If-Match",
    headers=("ETag",),
    refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def correct_exchange(call: Call, body: ExchangeCorrectionBody, exchange_id: str) -> Response:
    """Change date or registers; with If-Match only the revision that the caller has seen."""
    correction = body.correction(seen_revision(call))
    exchange, meter = call.container.configuration.correct_exchange(call.user_id, exchange_id, correction)
    return _recorded(exchange, meter, HTTPStatus.OK, {})


@routes.operation(
    "DELETE",
    EXCHANGE,
    status=HTTPStatus.NO_CONTENT,
    conditional="If-Match",
    headers=("X-Source-Version",),
    refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def remove_exchange(call: Call, exchange_id: str) -> Response:
    """Take an exchange back; with If-Match only the revision that the caller has seen."""
    meter = call.container.configuration.remove_exchange(call.user_id, exchange_id, seen_revision(call))
    return no_content({"X-Source-Version": str(meter.source_version)})


def _recorded(exchange: Exchange, meter: MeterChange, status: HTTPStatus, headers: dict[str, str]) -> Response:
    body = RecordedExchangeBody(exchange=StoredExchangeBody.of(exchange), meter=meter)
    return json_answer(body.as_json(), status, {"ETag": f'"{exchange.revision}"', **headers})
