"""The components' OpenAPI document, held to like version 2's."""

import json

import pytest
from schemathesis.generation import GenerationMode

from app import app
from chalicelib.api.components.openapi import OPERATIONS, document
from chalicelib.api.operation import Operation
from chalicelib.api.routes import AUTHENTICATED
from chalicelib.domain.backends.sync_mode import Side
from tests.functional.conftest import Api
from tests.functional.openapi.described import JSON, Described, Known
from tests.functional.openapi.shown_household import household

READING = {"reading_id": "known"}
NEW = {"type": "gas", "date": "2023-02-01", "amount": 1.5}
FILE = "date,type,amount\n2023-03-01,gas,7\n2023-02-31,gas,8\n"
POWER_2023 = {"type": "power", "year": 2023}
FEEDBACK = {
    "component": "monthly_charts",
    "query": {"type": "power", "year": "2023"},
    "backend": "old",
    "reason": "global_off",
    "meters": [{"type": "power", "sourceVersion": 3}],
}
MEASURED = {"component": "dashboard", "backend": "old", "kind": "render", "elapsedMs": 7.5}
# Requests whose answers are known, so that the schema of every answer is compared with one.
KNOWN: dict[str, Known] = {
    "show_dashboard": [
        (200, {}),
        (200, {"query": {"forceOld": "true"}}),
        (304, {"headers": {"If-None-Match": "*"}}),
        (422, {"query": {"forceOld": "perhaps"}}),
    ],
    "show_energy_table": [(200, {"query": {"limit": 1, "type": "power", "sort": "-date"}}), (200, {})],
    "show_timeline_slider": [(200, {"query": {"type": "power"}}), (200, {"query": {"type": "gas", "buckets": 3}})],
    "show_monthly_charts": [
        (200, {"query": POWER_2023}),
        (200, {"query": POWER_2023 | {"shape": "energies"}}),
        (304, {"query": POWER_2023, "headers": {"If-None-Match": "*"}}),
    ],
    "add_energy_form": [
        (201, {"body": NEW, **JSON}),
        (409, {"body": NEW | {"type": "power", "date": "2023-01-31"}, **JSON}),
        (422, {"body": NEW | {"type": "power"}, **JSON}),
    ],
    "show_new_form": [
        (200, {"query": {"type": "power"}}),
        (200, {"query": {"type": "gas"}}),
        (422, {"query": {}}),
    ],
    "show_energy_form": [
        (200, {"path_parameters": READING}),
        (304, {"path_parameters": READING, "headers": {"If-None-Match": "*"}}),
        (404, {"path_parameters": {"reading_id": "other"}}),
    ],
    "change_energy_form": [
        (200, {"path_parameters": READING, "body": {"amount": 1001}, **JSON}),
        (412, {"path_parameters": READING, "body": {}, "headers": {"If-Match": '"7"'}, **JSON}),
    ],
    "remove_energy_form": [
        (204, {"path_parameters": READING}),
        (412, {"path_parameters": READING, "headers": {"If-Match": '"7"'}}),
    ],
    "list_csv_imports": [(200, {}), (200, {"query": {"limit": 1}})],
    "undo_csv_import": [
        (200, {"path_parameters": {"import_id": "known"}}),
        (404, {"path_parameters": {"import_id": "other"}}),
    ],
    "import_csv": [
        (200, {"body": FILE, "query": {"mode": "partial"}, "media_type": "text/csv"}),
        (422, {"body": FILE, "media_type": "text/csv"}),
    ],
    "export_csv": [(200, {}), (200, {"query": {"format": "json"}}), (422, {"query": {"cursor": "here"}})],
    "give_feedback": [
        (201, {"body": FEEDBACK, **JSON}),
        (201, {"body": FEEDBACK | {"component": "csv_import", "query": {}}, **JSON}),
        (422, {"body": FEEDBACK | {"query": {}}, **JSON}),
    ],
    "take_measurements": [
        (202, {"body": {"measurements": [MEASURED] * 2}, **JSON}),
        (422, {"body": {"measurements": []}, **JSON}),
    ],
}
EACH = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.view.__name__)


@pytest.fixture(params=Side)
def described(api: Api, request: pytest.FixtureRequest) -> Described:
    api.flags.side = request.param
    return Described(api, "/components/openapi.json", household(api), roles=("operator",))


def test_every_component_route_is_in_the_document_and_nothing_else() -> None:
    routes = {
        (path, method)
        for path, methods in app.routes.items()
        for method, route in methods.items()
        if path.startswith("/components/") and getattr(route.view_function, AUTHENTICATED)
    }
    assert {(path, method.upper()) for path, methods in document()["paths"].items() for method in methods} == routes


def test_the_document_is_public(api: Api) -> None:
    answer = api.request("GET", "/components/openapi.json", user=None)
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
