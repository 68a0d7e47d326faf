"""The port that serves the deployed API: HTTP arrives at the function as it was sent, and only the API is there."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from infra.deployment.application import Target
from infra.deployment.cloudformation import Stack, _AnyTag
from infra.local.layout import API_ID, API_STAGE, REGION, Layout
from infra.local.waiting import wait_until

RESOURCES = Path(__file__).parents[3] / "infra" / "resources.yaml"
MB = 1024 * 1024

ECHO = """
import base64, json
def handler(event, context):
    body = json.dumps({name: event[name] for name in
        ("httpMethod", "path", "multiValueQueryStringParameters", "headers", "body", "isBase64Encoded")})
    if event["path"].endswith("/picture"):
        return {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "isBase64Encoded": True,
                "body": base64.b64encode(bytes(range(256))).decode()}
    return {"statusCode": 201, "headers": {"X-Backend": "new"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": body}
"""


@dataclass(frozen=True)
class Api:
    """A tiny API whose only function echoes what it gets."""

    layout: Layout

    def request(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        url = f"http://127.0.0.1:{self.layout.ports.api}{path}"
        return urllib3.PoolManager(retries=False, timeout=60).request(method, url, **options)

    def echoed(self, method: str, path: str, **options: Any) -> Any:
        return self.request(method, f"/{API_STAGE}{path}", **options).json()


@pytest.fixture(scope="module")
def api(emulator: Layout) -> Api:
    target = Target(REGION, emulator.localstack_url)
    _deploy(target.client("apigateway"), _function(target.client("lambda")))
    return Api(emulator)


def _function(client: Any) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("echo.py", ECHO)
    arn = client.create_function(
        FunctionName="echo",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/sample",
        Handler="echo.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=20,
    )["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName="echo", WaiterConfig={"Delay": 1})
    return str(arn)


def _deploy(client: Any, function: str) -> None:
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    method = {"responses": {}, "x-amazon-apigateway-integration": integration}
    specification = {
        "swagger": "2.0",
        "info": {"title": "echo", "version": "1"},
        "paths": {"/things/{name}": dict.fromkeys(["get", "post", "put", "delete"], method)},
        "x-amazon-apigateway-binary-media-types": ["application/octet-stream", "image/png"],
        "x-amazon-apigateway-gateway-responses": _gateway_responses(),
    }
    client.create_rest_api(name="echo", tags={"_custom_id_": API_ID})
    client.put_rest_api(restApiId=API_ID, mode="overwrite", body=json.dumps(specification))
    client.create_deployment(restApiId=API_ID, stageName=API_STAGE)


def _gateway_responses() -> dict[str, Any]:
    """Those of the project's own template, in the words of an OpenAPI document, as AWS SAM puts them there."""
    template = yaml.load(RESOURCES.read_text(), Loader=_AnyTag)
    return {
        kind: {
            "statusCode": response.get("StatusCode"),
            "responseParameters": {
                f"gatewayresponse.header.{name}": value
                for name, value in response["ResponseParameters"]["Headers"].items()
            },
            "responseTemplates": response["ResponseTemplates"],
        }
        for kind, response in template["Resources"]["RestAPI"]["Properties"]["GatewayResponses"].items()
    }


def assert_problem(answer: urllib3.BaseHTTPResponse, status: int, kind: str) -> None:
    """The application's error shape, as far as API Gateway can give it."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (f"urn:energy-monitor:problem:{kind}", status)
    assert {"type", "title", "status", "detail"} == set(problem)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_every_method_arrives(api: Api, method: str) -> None:
    assert api.echoed(method, "/things/one")["httpMethod"] == method


def test_encoded_characters_of_the_path_arrive_as_they_were_sent(api: Api) -> None:
    assert api.echoed("GET", "/things/a%2Fb%20%C3%A9")["path"] == "/things/a%2Fb%20%C3%A9"


def test_a_path_that_repeats_the_stage_keeps_it(api: Api) -> None:
    assert api.echoed("GET", f"/things/{API_STAGE}")["path"] == f"/things/{API_STAGE}"


def test_repeated_and_encoded_query_parameters_arrive(api: Api) -> None:
    query = api.echoed("GET", "/things/one?x=1&x=2&y=%26%20")["multiValueQueryStringParameters"]
    assert query == {"x": ["1", "2"], "y": ["& "]}


def test_text_arrives_as_text_and_bytes_as_base64(api: Api) -> None:
    text = api.echoed("POST", "/things/one", body="grün".encode(), headers={"Content-Type": "application/json"})
    assert (text["body"], text["isBase64Encoded"]) == ("grün", False)
    headers = {"Content-Type": "application/octet-stream"}
    assert api.echoed("POST", "/things/one", body=b"\xff\x00", headers=headers)["isBase64Encoded"] is True


def test_text_of_a_binary_type_arrives_as_base64(api: Api) -> None:
    sent = {"body": b"text", "headers": {"Content-Type": "application/octet-stream; charset=utf-8"}}
    arrived = api.echoed("POST", "/things/one", **sent)
    assert (arrived["body"], arrived["isBase64Encoded"]) == ("dGV4dA==", True)


def test_status_headers_and_bytes_of_the_answer_come_back(api: Api) -> None:
    answer = api.request("GET", f"/{API_STAGE}/things/one")
    assert (answer.status, answer.headers["X-Backend"]) == (201, "new")
    assert answer.headers.getlist("Set-Cookie") == ["a=1", "b=2"]
    picture = api.request("GET", f"/{API_STAGE}/things/picture", headers={"Accept": "image/png"})
    assert (picture.headers["Content-Type"], picture.data) == ("image/png", bytes(range(256)))


def test_a_browser_of_another_origin_meets_the_api_and_no_rules_of_localstack(api: Api) -> None:
    answer = api.request("GET", f"/{API_STAGE}/things/one", headers={"Origin": "https://elsewhere.example"})
    assert answer.status == 201
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PATCH", "/things/one"), ("GET", "")])
def test_an_unknown_route_gets_the_answer_that_the_template_defines(api: Api, method: str, path: str) -> None:
    assert_problem(api.request(method, f"/{API_STAGE}{path}"), 404, "unknown-route")


@pytest.mark.parametrize(
    "body",
    [
        b"x" * (10 * MB + 1),
        b"x" * 6 * MB,  # with what else is in the event it is more than Lambda takes
        b"\xff" * 5 * MB,  # as base64 it is more
    ],
    ids=["for API Gateway", "for Lambda as text", "for Lambda as base64"],
)
def test_a_body_that_is_too_large_is_refused(api: Api, body: bytes) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    answer = api.request("POST", f"/{API_STAGE}/things/one", body=body, headers=headers)
    assert_problem(answer, 413, "body-too-large")


def test_a_body_that_lambda_takes_arrives(api: Api) -> None:
    answer = api.request(
        "POST", f"/{API_STAGE}/things/one", body=b"x" * (5 * MB), headers={"Content-Type": "text/plain"}
    )
    assert (answer.status, len(answer.json()["body"])) == (201, 5 * MB)


@pytest.mark.parametrize("path", ["/_localstack/health", "/other/things/one", "/_aws/execute-api/energymonitor/api/"])
def test_nothing_but_the_api_is_on_its_port(api: Api, path: str) -> None:
    answer = api.request("GET", path)
    assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize("page", ["/", "/ops-console"])
def test_a_page_without_the_stage_leads_to_the_stage(api: Api, page: str) -> None:
    answer = api.request("GET", page, redirect=False)
    assert (answer.status, answer.headers["Location"]) == (302, f"/{API_STAGE}{page}")


def test_the_other_port_does_not_have_the_short_route(api: Api) -> None:
    url = f"{api.layout.localstack_url}/{API_STAGE}/things/one"
    assert wait_until(lambda: urllib3.request("GET", url).status == 404, 5)


def _routes(*paths: str) -> str:
    """A stack whose API answers 200 on these paths; like AWS SAM's, its deployment has a name of its own each time."""
    answer = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200"}},
    }
    method = {"responses": {"200": {"description": "OK"}}, "x-amazon-apigateway-integration": answer}
    body = {
        "swagger": "2.0",
        "info": {"title": "r", "version": "1"},
        "paths": {path: {"get": method} for path in paths},
    }
    deployment = f"Deployment{len(paths)}"
    stage = {"RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": deployment}, "StageName": "api"}
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}},
        deployment: {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}},
        "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": stage},
    }
    return json.dumps({"Resources": resources, "Outputs": {"ApiId": {"Value": {"Ref": "Api"}}}})


def test_a_stack_whose_routes_change_is_deployed_again_under_the_same_address(api: Api) -> None:
    stack = Stack(Target(REGION, api.layout.localstack_url).client("cloudformation"), "routes")
    http = urllib3.PoolManager(retries=False, timeout=60)
    addresses, found = [], []
    for paths in (["/one"], ["/one", "/two"], ["/one", "/three", "/four"]):
        assert stack.deploy(_routes(*paths), {})
        address = f"{api.layout.localstack_url}/_aws/execute-api/{stack.outputs()['ApiId']}/api"
        addresses.append(address)
        statuses = {path: http.request("GET", address + path).status for path in ("/one", "/two", "/three", "/four")}
        found.append([path for path, status in statuses.items() if status == 200])
    assert found == [["/one"], ["/one", "/two"], ["/one", "/three", "/four"]]
    assert len(set(addresses)) == 1
