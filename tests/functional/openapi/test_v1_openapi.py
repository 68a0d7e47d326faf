"""Version 1's OpenAPI document: every operation deprecated, each with what takes its place, and held to by fuzzing."""

import json

import pytest
from schemathesis.generation import GenerationMode

from app import app
from chalicelib.api.operation import Operation
from chalicelib.api.routes import AUTHENTICATED
from chalicelib.api.v1.openapi import OPERATIONS, document
from chalicelib.api.v1.retirement import SUCCESSORS
from chalicelib.api.v2.openapi import document as document_of_v2
from tests.functional.conftest import Api
from tests.functional.openapi.described import JSON, Described, Known
from tests.functional.openapi.shown_household import household

READING = {"reading_id": "known"}
NEW = {"type": "gas", "date": "2023-02-01", "amount": 1.5}
FILE = "date,type,amount\n2023-03-01,gas,7\n2023-02-31,gas,8\n"
# Requests whose answers are known, so that the schema of every answer is compared with one.
KNOWN: dict[str, Known] = {
    "list_energies": [(200, {}), (200, {"query": {"type": "gas"}}), (422, {"query": {"type": "water"}})],
    "add_energy": [
        (201, {"body": NEW, **JSON}),
        (409, {"body": NEW | {"type": "power", "date": "2023-01-31"}, **JSON}),
        (422, {"body": NEW | {"type": "power"}, **JSON}),
    ],
    "change_energy": [
        (200, {"path_parameters": READING, "body": {"amount": 1001}, **JSON}),
        (404, {"path_parameters": {"reading_id": "other"}, "body": {"amount": 1001}, **JSON}),
    ],
    "remove_energy": [(200, {"path_parameters": READING}), (404, {"path_parameters": {"reading_id": "other"}})],
    "import_energies": [
        (200, {"body": FILE, "query": {"mode": "partial"}, "media_type": "text/csv"}),
        (422, {"body": FILE, "media_type": "text/csv"}),
    ],
    "monthly": [(200, {"query": {"type": "power", "year": 2023}}), (422, {"query": {"type": "power", "year": 1}})],
    "histogram": [(200, {"query": {"type": "power"}}), (422, {"query": {"type": "power", "buckets": 0}})],
    "summary": [(200, {"query": {"type": "power"}}), (422, {"query": {"type": "water"}})],
}
EACH = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.view.__name__)


@pytest.fixture
def described(api: Api) -> Described:
    return Described(api, "/v1/openapi.json", household(api))


def test_every_route_of_version_1_is_in_the_document_and_each_is_deprecated() -> None:
    routes = {
        (path, method)
        for path, methods in app.routes.items()
        for method, route in methods.items()
        if path.startswith("/v1/") and getattr(route.view_function, AUTHENTICATED)
    }
    paths = document()["paths"]
    assert {(path, method.upper()) for path, methods in paths.items() for method in methods} == routes
    assert all(operation["deprecated"] is True for methods in paths.values() for operation in methods.values())


def test_version_2_has_what_takes_the_place_of_each_route() -> None:
    assert set(SUCCESSORS) == set(document()["paths"])
    assert {successor.partition("?")[0] for successor in SUCCESSORS.values()} <= set(document_of_v2()["paths"])


def test_the_document_is_public(api: Api) -> None:
    answer = api.request("GET", "/v1/openapi.json", user=None)
    assert answer.json_body == {**json.loads(json.dumps(document())), "servers": [{"url": "/"}]}


@EACH
def test_known_requests_are_answered_as_known_and_as_described(described: Described, operation: Operation) -> None:
    described.answers_as_known(operation, KNOWN[operation.view.__name__])


@pytest.mark.long
@pytest.mark.parametrize("mode", GenerationMode)
@EACH
def test_whatever_is_sent_the_answer_is_one_of_those_described(
    described: Described, operation: Operation, mode: GenerationMode
) -> None:
    described.answers_as_described(operation, mode)
