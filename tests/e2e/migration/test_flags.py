"""Flags on the deployed stack: a component moves to the new backend and back, by real deployments of AppConfig."""

import json
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.flags.changes.request import ChangeRequest
from infra.targets.flags import Flags
from tests.e2e.account import Account
from tests.e2e.conftest import TABLE, Answer, Deployed, deploy_table, eventually

pytestmark = pytest.mark.long

PATH = "/components/energy_table?type=power"


def ops(deployed: Deployed, method: str, path: str, body: Any = None) -> Answer:
    content = None if body is None else json.dumps(body).encode()
    return deployed.request(method, path, content, user="olga", roles=("operator",))


def backend(deployed: Deployed, user: str) -> str:
    answer = deployed.request("GET", PATH, user=user)
    assert answer.status == 200, answer.body
    return answer.headers["X-Backend"]


def test_a_component_moves_and_an_operator_takes_it_back_over_http(deployed: Deployed, flags: Flags) -> None:
    user = f"person-{uuid4().hex}"
    assert deployed.record(user, "2023-01-31", 1000).status == 201
    assert backend(deployed, user) == "old"
    deploy_table(flags, enabled=True)
    eventually(lambda: backend(deployed, user), lambda found: found == "new")
    assert deployed.request("POST", "/ops/flags/kill", b'{"reason": "mine"}', user=user).status == 403
    made = ops(deployed, "POST", "/ops/flags/energy_table/rollback", {"reason": "a test"})
    assert made.status == 200, made.body
    assert made.json["inEffectMs"] < 20_000
    assert backend(deployed, user) == "old"
    listed = ops(deployed, "GET", "/ops/flags").json
    assert listed["inUse"] == listed["version"] == made.json["toVersion"]
    [change] = flags.operations.overview.changes(TABLE, 1)
    assert change.by == "olga"
    assert flags.wait_for_answer(change)


def test_the_shell_waits_until_the_deployed_api_decides_by_its_change(deployed: Deployed, flags: Flags) -> None:
    made = flags.operations.changes.kill(ChangeRequest(flags.by, "a test"))
    assert made.recorded
    assert made.change.in_effect_ms is not None
    assert flags.wait_for_answer(made.change)


def test_operators_are_answered_by_a_function_of_their_own(deployed: Deployed) -> None:
    """Only its role may change flags."""
    account, asked = Account(deployed), '"route":"/ops/flags/history"'
    assert ops(deployed, "GET", "/ops/flags/history").status == 200
    eventually(lambda: account.lines("OperatorsApi"), lambda lines: any(asked in line for line in lines))
    assert not any('"route":"/ops/' in line for line in account.lines("APIHandler"))
