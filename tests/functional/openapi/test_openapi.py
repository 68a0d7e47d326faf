"""The OpenAPI document says what the application does: listed in full, checked for drift, and held to by fuzzing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from schemathesis.generation import GenerationMode

from app import app
from chalicelib.api.operation import Operation
from chalicelib.api.routes import AUTHENTICATED
from chalicelib.api.v2.openapi import OPERATIONS, document
from tests.functional.conftest import Api
from tests.functional.openapi.described import JSON, Described, Known
from tests.functional.openapi.openapi_copy import COPIES, generated
from tests.functional.openapi.shown_household import household

READING, EXCHANGE = {"reading_id": "known"}, {"exchange_id": "known"}
NEW = {"type": "gas", "date": "2023-02-01", "amount": 1.5}
FILE = "date,type,amount\n2023-03-01,gas,7\n2023-02-31,gas,8\n"
# Requests whose answers are known, so that the schema of every answer is compared with one.
KNOWN: dict[str, Known] = {
    "list_readings": [(200, {}), (200, {"query": {"limit": 1, "type": "power", "sort": "-date"}})],
    "create_reading": [
        (201, {"body": NEW, **JSON}),
        (409, {"body": NEW | {"type": "power", "date": "2023-01-31"}, **JSON}),
        (422, {"body": NEW | {"type": "power"}, **JSON}),
        (422, {"body": NEW | {"type": "power", "amount": 110050, "date": "2023-03-01"}, **JSON}),
    ],
    "show_reading": [
        (200, {"path_parameters": READING}),
        (304, {"path_parameters": READING, "headers": {"If-None-Match": '"1"'}}),
        (404, {"path_parameters": {"reading_id": "other"}}),
    ],
    "update_reading": [
        (200, {"path_parameters": READING, "body": {"amount": 1001}, **JSON}),
        (412, {"path_parameters": READING, "body": {}, "headers": {"If-Match": '"7"'}, **JSON}),
    ],
    "delete_reading": [
        (204, {"path_parameters": READING}),
        (412, {"path_parameters": READING, "headers": {"If-Match": '"7"'}}),
    ],
    "import_readings": [
        (200, {"body": FILE, "query": {"mode": "partial"}, "media_type": "text/csv"}),
        (422, {"body": FILE, "media_type": "text/csv"}),
    ],
    "export_readings": [
        (200, {}),
        (200, {"query": {"format": "csv", "decimal": ",", "type": "power"}}),
        (200, {"query": {"format": "json", "from": "2023-01-31"}}),
        (422, {"query": {"format": "xml"}}),
    ],
    "list_imports": [(200, {}), (200, {"query": {"limit": 1}})],
    "undo_import": [
        (200, {"path_parameters": {"import_id": "known"}}),
        (404, {"path_parameters": {"import_id": "other"}}),
    ],
    "show_display": [
        (200, {"query": {"type": "power", "dataType": "monthly", "year": 2023}}),
        (200, {"query": {"type": "power", "dataType": "monthly", "year": 2031}}),
        (200, {"query": {"type": "power", "dataType": "histogram"}}),
        (200, {"query": {"type": "gas", "dataType": "histogram"}}),
        (200, {"query": {"type": "power", "dataType": "summary"}}),
        (200, {"query": {"type": "gas", "dataType": "summary"}}),
        (200, {"query": {"type": "power", "dataType": "summary", "consistent": "true"}}),
        (304, {"query": {"type": "gas", "dataType": "histogram"}, "headers": {"If-None-Match": "*"}}),
    ],
    "list_exchanges": [(200, {"query": {"type": "power"}})],
    "add_exchange": [
        (201, {"body": {"type": "gas", "date": "2023-01-01", "finalOld": 5}, **JSON}),
        (422, {"body": {"type": "power", "date": "2023-03-01", "finalOld": 1}, **JSON}),
    ],
    "show_exchange": [
        (200, {"path_parameters": EXCHANGE}),
        (304, {"path_parameters": EXCHANGE, "headers": {"If-None-Match": "*"}}),
        (404, {"path_parameters": {"exchange_id": "other"}}),
    ],
    "correct_exchange": [
        (200, {"path_parameters": EXCHANGE, "body": {"finalOld": 2001}, **JSON}),
        (412, {"path_parameters": EXCHANGE, "body": {}, "headers": {"If-Match": '"7"'}, **JSON}),
        (422, {"path_parameters": EXCHANGE, "body": {"finalOld": 110050}, **JSON}),
        (422, {"path_parameters": EXCHANGE, "body": {"finalOld": 10}, **JSON}),
    ],
    "remove_exchange": [
        (204, {"path_parameters": EXCHANGE}),
        (404, {"path_parameters": {"exchange_id": "other"}}),
        (412, {"path_parameters": EXCHANGE, "headers": {"If-Match": '"7"'}}),
    ],
    "show_settings": [(200, {})],
    "erase_account": [(200, {"query": {"confirm": "erase"}}), (422, {}), (422, {"query": {"confirm": "yes"}})],
    "export_account": [(200, {}), (200, {"query": {"cursor": "1"}}), (422, {"query": {"cursor": "none of ours"}})],
    "change_settings": [(200, {"body": {"zone": "UTC", "moduli": {"power": 10_000}}, **JSON})],
}


@pytest.fixture
def described(api: Api) -> Described:
    return Described(api, "/v2/openapi.json", household(api))


@pytest.mark.parametrize("copy", COPIES, ids=lambda copy: copy.stem)
def test_the_copy_in_the_repository_is_the_document(copy: Path) -> None:
    assert copy.read_text(encoding="utf-8") == generated(COPIES[copy]()), "run: make openapi"


def test_every_route_is_in_the_document_and_nothing_else() -> None:
    routes = {
        (path, method)
        for path, methods in app.routes.items()
        for method, route in methods.items()
        if path.startswith("/v2/") and getattr(route.view_function, AUTHENTICATED)
    }
    assert {(path, method.upper()) for path, methods in document()["paths"].items() for method in methods} == routes


def test_the_document_is_public_and_names_the_server_that_it_was_asked_at(api: Api) -> None:
    answer = api.request("GET", "/v2/openapi.json", user=None)
    assert answer.status_code == 200
    assert answer.json_body == {**json.loads(json.dumps(document())), "servers": [{"url": "/"}]}


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (each for key, each in value.items() if key == "$ref")
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from references(item)

    components = document()["components"]
    targets = {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in components[kind]}
    assert set(references(document())) == targets


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.view.__name__)
def test_known_requests_are_answered_as_known_and_as_described(described: Described, operation: Operation) -> None:
    described.answers_as_known(operation, KNOWN[operation.view.__name__])


@pytest.mark.long
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.view.__name__)
def test_whatever_is_sent_the_answer_is_one_of_those_described(
    described: Described, operation: Operation, mode: GenerationMode
) -> None:
    described.answers_as_described(operation, mode)
