"""How a gateway response is filled."""

import json

from hypothesis import given
from hypothesis import strategies as st

from infra.local.localstack_plugin.process_lambda import gateway_templates

RESPONSE = {
    "responseTemplates": {
        "application/problem+json": '{"title":$context.error.messageString,"id":"$context.requestId"}'
    },
    "responseParameters": {
        "gatewayresponse.header.X-Kind": "'literal'",
        "gatewayresponse.header.X-Id": "context.requestId",
    },
}


@given(st.text())
def test_any_message_stays_valid_json(message: str) -> None:
    content_type, body = gateway_templates.body(RESPONSE, {"error": {"messageString": message}, "requestId": "id-1"})
    assert content_type == "application/problem+json"
    assert json.loads(body) == {"title": message, "id": "id-1"}


def test_without_a_template_the_body_is_api_gateways_own() -> None:
    assert gateway_templates.body({}, {"error": {"messageString": "No"}}) == ("application/json", '{"message":"No"}')


def test_headers_take_literals_and_context_variables() -> None:
    headers = dict(gateway_templates.headers(RESPONSE, {"requestId": "id-1"}))
    assert headers == {"X-Kind": "literal", "X-Id": "id-1"}


def test_an_unknown_variable_is_empty() -> None:
    response = {"responseTemplates": {"application/json": "[$context.no.such]"}}
    assert gateway_templates.body(response, {"no": "thing"})[1] == "[]"


def test_definitions_come_from_the_openapi_document() -> None:
    specification = {"x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": 429}}}
    definition = gateway_templates.parse_definitions(specification)["THROTTLED"]
    assert (definition["statusCode"], definition["responseTemplates"]) == ("429", {})
    assert gateway_templates.parse_definitions({}) == {}
