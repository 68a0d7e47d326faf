"""The OpenAPI document of the operators' routes, held to like version 2's."""

import json
from dataclasses import replace
from typing import Any

import pytest
from schemathesis.generation import GenerationMode

from app import app
from chalicelib.api.operation import Operation
from chalicelib.api.ops.openapi import OPERATIONS, document
from chalicelib.api.routes import AUTHENTICATED
from chalicelib.bootstrap.container import using
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.rollouts.plan import Plan
from tests.fakes.alarms import FakeCloudWatch
from tests.fakes.dead_letters import record
from tests.fakes.operating import STACK
from tests.functional.conftest import Api
from tests.functional.openapi.described import JSON, Described, Known
from tests.functional.openapi.shown_household import household
from tests.unit.flags.rollout import Rollout

WHY = {"body": {"reason": "as planned"}, **JSON}
NO_REASON = {"body": {}, **JSON}
TABLE = {"path_parameters": {"flag": "known"}}
OTHER_FLAG = {"path_parameters": {"flag": "other"}}
ROLLOUT = {"path_parameters": {"component": "known"}}
OTHER_ROLLOUT = {"path_parameters": {"component": "other"}}
PLAN = {
    "steps": [{"percent": 12.5, "holdSeconds": 60}, {"percent": 100, "holdSeconds": 0}],
    "approvals": 1,
    "hours": {"zone": "Europe/Berlin", "first": 9, "last": 17, "days": [0, 4]},
    "exact": True,
}
LETTER = {"path_parameters": {"letter_id": "known"}}
OTHER_LETTER = {"path_parameters": {"letter_id": "other"}}
# Requests whose answers are known, so that the schema of every answer is compared with one.
KNOWN: dict[str, Known] = {
    "show_status": [(200, {}), (422, {"query": {"hours": 0}})],
    "show_component": [
        (200, {"path_parameters": {"component": "known"}}),
        (404, {"path_parameters": {"component": "other"}}),
    ],
    "show_gate": [
        (200, {"path_parameters": {"component": "known"}}),
        (404, {"path_parameters": {"component": "other"}}),
    ],
    "show_retirement": [(200, {}), (200, {"query": {"days": 1}}), (422, {"query": {"days": 0}})],
    "list_flags": [(200, {})],
    "list_changes": [(200, {}), (404, {"query": {"flag": "nothing"}}), (422, {"query": {"limit": 0}})],
    "kill": [(200, WHY), (422, NO_REASON)],
    "change_flag": [
        (200, {"body": {"reason": "x", "rolloutPercent": 10}, **TABLE, **JSON}),
        (404, WHY | OTHER_FLAG),
        (409, {"body": {"reason": "x"}, **TABLE, **JSON}),
        (412, {"body": {"reason": "x"}, "headers": {"If-Match": '"7"'}, **TABLE, **JSON}),
    ],
    "rollback": [(200, WHY | TABLE), (404, WHY | OTHER_FLAG), (422, NO_REASON | TABLE)],
    "plan": [(200, {"query": {"to": "50"}, **TABLE}), (404, {"query": {"to": "50"}, **OTHER_FLAG}), (422, TABLE)],
    "explain": [(200, {"query": {"user": "alice"}, **TABLE}), (404, {"query": {"user": "alice"}, **OTHER_FLAG})],
    "list_rollouts": [(200, {})],
    "show_rollout": [(200, ROLLOUT), (404, OTHER_ROLLOUT)],
    "start_rollout": [
        (200, WHY | ROLLOUT),
        (200, {"body": {"reason": "x", "plan": PLAN}, **ROLLOUT, **JSON}),
        (404, WHY | OTHER_ROLLOUT),
        (422, {"body": {"reason": "x", "plan": {"steps": []}}, **ROLLOUT, **JSON}),
    ],
    "pause_rollout": [(200, WHY | ROLLOUT), (404, WHY | OTHER_ROLLOUT), (422, NO_REASON | ROLLOUT)],
    "resume_rollout": [(200, WHY | ROLLOUT), (404, WHY | OTHER_ROLLOUT), (422, NO_REASON | ROLLOUT)],
    "step_rollout": [(200, WHY | ROLLOUT), (404, WHY | OTHER_ROLLOUT), (422, NO_REASON | ROLLOUT)],
    "abort_rollout": [(200, WHY | ROLLOUT), (404, WHY | OTHER_ROLLOUT), (422, NO_REASON | ROLLOUT)],
    "approve_rollout": [(200, WHY | ROLLOUT), (404, WHY | OTHER_ROLLOUT), (422, NO_REASON | ROLLOUT)],
    "list_dead_letters": [(200, {})],
    "show_dead_letter": [(200, LETTER), (404, OTHER_LETTER)],
    "redrive_dead_letter": [(200, WHY | LETTER), (404, WHY | OTHER_LETTER), (422, NO_REASON | LETTER)],
    "discard_dead_letter": [(200, WHY | LETTER), (404, WHY | OTHER_LETTER), (422, NO_REASON | LETTER)],
    "show_staleness": [(200, {})],
    "sweep": [(200, WHY), (422, NO_REASON)],
    "show_sync_mode": [(200, {})],
    "set_sync_mode": [
        (200, {"body": {"mode": "old_only", "reason": "back"}, **JSON}),
        (409, {"body": {"mode": "dual_write", "reason": "it is so already"}, **JSON}),
        (422, {"body": {"mode": "both", "reason": "x"}, **JSON}),
    ],
    "show_last_verify": [(200, {})],
    "verify": [(200, NO_REASON), (200, WHY)],
    "list_alarms": [(200, {})],
    "list_actions": [(200, {}), (422, {"query": {"limit": 501}})],
}
EACH = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.view.__name__)


class Operated(Described):
    """With one dead letter whenever something is asked, and the deployed flags as they were first."""

    def __init__(self, api: Api) -> None:
        super().__init__(
            api,
            "/ops/openapi.json",
            household(api) | {"flag": "energy_table", "component": "energy_table"},
            roles=("operator",),
        )
        add_alarms(api.aws.cloudwatch)

    def ask(self, case: Any, *, known: bool) -> int:
        sqs = self._api.aws.sqs
        sqs.messages.clear()
        self._ids["letter_id"] = sqs.send_message(MessageBody=record())["MessageId"]
        if case.path.startswith(("/ops/flags", "/ops/rollouts")):
            return self._ask_of_flags(case, known=known)
        return super().ask(case, known=known)

    def _ask_of_flags(self, case: Any, *, known: bool) -> int:
        rollout = Rollout()
        if case.path.startswith("/ops/rollouts"):
            begin(rollout, case.path)
        with using(replace(self._api.container, flags=rollout.flags)):
            return super().ask(case, known=known)


def begin(rollout: Rollout, path: str) -> None:
    """A rollout to which something can be done, unless it is to be begun."""
    rollout.open()
    if path.endswith("start"):
        return
    rollout.flags.rollouts.start(Component.ENERGY_TABLE, Plan(approvals=1), "olga", "it is time")
    if path.endswith("resume"):
        rollout.flags.rollouts.pause(Component.ENERGY_TABLE, "olga", "wait")


def add_alarms(cloudwatch: FakeCloudWatch) -> None:
    cloudwatch.add(f"{STACK}-one", "ALARM", "[warning] A queue grows | look: python -m infra dlq ls | act: wait")
    cloudwatch.add(f"{STACK}-other")


@pytest.fixture
def described(api: Api) -> Operated:
    return Operated(api)


def test_every_route_of_operators_is_in_the_document_and_nothing_else() -> None:
    routes = {
        (path, method)
        for path, methods in app.routes.items()
        for method, route in methods.items()
        if path.startswith("/ops/") and getattr(route.view_function, AUTHENTICATED)
    }
    assert {(path, method.upper()) for path, methods in document()["paths"].items() for method in methods} == routes


def test_the_document_is_public_and_says_that_each_route_asks_for_a_role(api: Api) -> None:
    answer = api.request("GET", "/ops/openapi.json", user=None)
    assert answer.json_body == {**json.loads(json.dumps(document())), "servers": [{"url": "/"}]}
    operations = [operation for methods in document()["paths"].values() for operation in methods.values()]
    assert all("403" in operation["responses"] for operation in operations)


@EACH
def test_known_requests_are_answered_as_known_and_as_described(described: Operated, operation: Operation) -> None:
    described.answers_as_known(operation, KNOWN[operation.view.__name__])


@pytest.mark.long
@pytest.mark.parametrize("mode", GenerationMode)
@EACH
def test_whatever_is_sent_the_answer_is_one_of_those_described(
    described: Operated, operation: Operation, mode: GenerationMode
) -> None:
    described.answers_as_described(operation, mode)
