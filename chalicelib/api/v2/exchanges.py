"""Meter exchanges: ``/v2/exchanges`` and ``/v2/exchanges/{exchange_id}``."""

from http import HTTPStatus

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer, no_content
from chalicelib.api.endpoint import ANY_CONTENT, Call, endpoint, refuse_other_methods
from chalicelib.api.v2.configuration_bodies import (
    ExchangeBody,
    ExchangeListBody,
    ExchangeListQuery,
    RecordedExchangeBody,
    StoredExchangeBody,
)

blueprint = Blueprint(__name__)


@blueprint.route("/v2/exchanges", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def list_exchanges(call: Call) -> Response:
    """The exchanges of one meter."""
    configuration = call.container.configuration.configuration(call.user_id, call.query(ExchangeListQuery).type)
    return json_answer(ExchangeListBody.of(configuration).as_json())


@blueprint.route("/v2/exchanges", methods=["POST"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def add_exchange(call: Call) -> Response:
    """Record that a meter was exchanged."""
    exchange, meter = call.container.configuration.add_exchange(call.user_id, call.json(ExchangeBody).draft())
    body = RecordedExchangeBody(exchange=StoredExchangeBody.of(exchange), meter=meter)
    return json_answer(body.as_json(), HTTPStatus.CREATED, {"Location": call.url(f"/v2/exchanges/{exchange.id}")})


@blueprint.route("/v2/exchanges/{exchange_id}", methods=["DELETE"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def remove_exchange(call: Call, exchange_id: str) -> Response:
    """Take an exchange back."""
    meter = call.container.configuration.remove_exchange(call.user_id, exchange_id)
    return no_content({"X-Source-Version": str(meter.source_version)})


refuse_other_methods(blueprint, {"/v2/exchanges": ("GET", "POST"), "/v2/exchanges/{exchange_id}": ("DELETE",)})
