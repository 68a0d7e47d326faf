"""Filling the template of a gateway response."""

import json
from http import HTTPStatus
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.errors import title_of
from infra.deployment.cloudformation import _AnyTag
from infra.local.localstack_plugin.process_lambda.gateway import templates

TEMPLATE = yaml.load((Path(__file__).parents[6] / "infra" / "resources.yaml").read_text(), Loader=_AnyTag)
OURS = TEMPLATE["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]

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
    content_type, body = templates.body(RESPONSE, {"error": {"messageString": message}, "requestId": "id-1"})
    assert content_type == "application/problem+json"
    assert json.loads(body) == {"title": message, "id": "id-1"}


def test_without_a_template_the_body_is_api_gateways_own() -> None:
    assert templates.body({}, {"error": {"messageString": "No"}}) == ("application/json", '{"message":"No"}')


def test_headers_take_literals_and_context_variables() -> None:
    headers = dict(templates.headers(RESPONSE, {"requestId": "id-1"}))
    assert headers == {"X-Kind": "literal", "X-Id": "id-1"}


def test_an_unknown_variable_is_empty() -> None:
    response = {"responseTemplates": {"application/json": "[$context.no.such]"}}
    assert templates.body(response, {"no": "thing"})[1] == "[]"


def test_definitions_come_from_the_openapi_document() -> None:
    specification = {"x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": 429}}}
    definition = templates.parse_definitions(specification)["THROTTLED"]
    assert (definition["statusCode"], definition["responseTemplates"]) == ("429", {})
    assert templates.parse_definitions({}) == {}


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("text", ["Forbidden", 'say "no"', "back\\slash\n"])
def test_what_the_gateway_answers_by_itself_is_a_problem_whatever_it_says(kind: str, text: str) -> None:
    response = OURS[kind]
    context = {"error": {"messageString": text}, "path": text}
    problem = json.loads(templates.body({"responseTemplates": response["ResponseTemplates"]}, context)[1])
    assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"
    assert problem["type"].startswith("urn:energy-monitor:problem:")
    assert problem["title"]
    assert problem["detail"]


@pytest.mark.parametrize("kind", [kind for kind in OURS if not kind.startswith("DEFAULT_")])
def test_a_gateway_response_of_one_status_says_it(kind: str) -> None:
    status = OURS[kind]["StatusCode"]
    problem = json.loads(templates.body({"responseTemplates": OURS[kind]["ResponseTemplates"]}, {})[1])
    assert (problem["status"], problem["title"]) == (status, title_of(HTTPStatus(status)))
