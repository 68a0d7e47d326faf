"""The status of the deployed stack: the route and the command say the same, and it fails in parts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.repositories.database import open_database
from chalicelib.repositories.status_records import MongoStatusRecords
from infra.deployment.packaging import ROOT, digest_of_sources
from infra.operations.status.commands import seen
from infra.targets.target import Target
from tests.e2e.conftest import Deployed, eventually

DRILL = RollbackDrill(1_700_000_000_000, "energy_forms", "another code", 500, 0, 14.5, passed=True)
AT_REST = ("sync", "verify", "flags", "migrations", "drill", "deadLetters")


@pytest.fixture
def database(deployed: Deployed) -> Iterator[Database[Any]]:
    opened = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    yield opened
    opened.client.close()


def by_route(deployed: Deployed) -> dict[str, Any]:
    answer = deployed.request("GET", "/ops/status?hours=5", user="olga", roles=("operator",))
    assert answer.status == 200
    status: dict[str, Any] = answer.json
    return status


def by_command(deployed: Deployed) -> dict[str, Any]:
    return seen(Target.of_stack(deployed.layout), 5).as_document()


def test_the_route_and_the_command_say_the_same(deployed: Deployed) -> None:
    def asked() -> tuple[dict[str, Any], dict[str, Any]]:
        return by_route(deployed), by_command(deployed)

    # the Sweeper may have verified between the two
    route, command = eventually(asked, lambda both: both[0]["verify"]["at"] == both[1]["verify"]["at"])
    assert route.keys() == command.keys()
    for part in AT_REST:
        assert "problem" not in route[part]
        assert route[part] == command[part]
    assert [each["stage"] for each in route["components"]] == [each["stage"] for each in command["components"]]


@pytest.mark.parametrize(("code", "same"), [("another code", False), (digest_of_sources(ROOT), True)])
def test_a_drill_on_the_deployed_code_is_known_as_one(
    deployed: Deployed, database: Database[Any], code: str, same: bool
) -> None:
    MongoStatusRecords(database).save_drill(replace(DRILL, code=code))
    assert by_route(deployed)["drill"]["isThisCode"] is by_command(deployed)["drill"]["isThisCode"] is same
