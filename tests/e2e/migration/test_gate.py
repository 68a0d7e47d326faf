"""The gate of the deployed stack: its census asks everybody, and the route and the command say the same."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.verdict import ConditionName
from chalicelib.repositories.database import open_database
from infra.targets.database import own_code
from infra.targets.flags import gate_of
from infra.targets.target import Target
from tests.e2e.account import Account
from tests.e2e.conftest import Deployed, eventually

DASHBOARD = Component.DASHBOARD
WHOLE = ("finished", "not due")


@pytest.fixture
def database(deployed: Deployed) -> Iterator[Database[Any]]:
    opened = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    yield opened
    opened.client.close()


def go_on(deployed: Deployed) -> str:
    """What a run of the deployed census says."""
    account = Account(deployed)
    answer = account["lambda"].invoke(FunctionName=account.name_of("CensusTaker"), Payload=b"{}")
    return str(json.loads(answer["Payload"].read())["state"])


def conditions(deployed: Deployed) -> dict[str, dict[str, Any]]:
    answer = deployed.request("GET", f"/ops/gate/{DASHBOARD}", user="olga", roles=("operator",))
    assert answer.status == 200
    return {each["name"]: each for each in answer.json["conditions"]}


def test_everybody_is_asked_by_the_deployed_function_and_the_gate_goes_by_it(
    deployed: Deployed, database: Database[Any]
) -> None:
    shell_operations(database, own_code).consistency.verify(restart=True)
    eventually(lambda: go_on(deployed), lambda state: state in WHOLE, 180)
    found = conditions(deployed)
    for name in (ConditionName.ANSWERS, ConditionName.VERIFIED, ConditionName.EVIDENCE, ConditionName.DATA):
        assert found[name]["holds"] is True, found[name]
    assert found[ConditionName.EVIDENCE]["n"] > 0
    assert all(each["holds"] is not None for each in found.values()), found


def test_the_route_and_the_command_say_the_same(deployed: Deployed) -> None:
    with gate_of(Target.of_stack(deployed.layout)) as gate:
        command = {each.name: each.holds for each in gate.verdict(DASHBOARD).conditions}
    assert {name: each["holds"] for name, each in conditions(deployed).items()} == command
