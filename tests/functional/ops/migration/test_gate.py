"""The gate over HTTP: for operators and viewers, 200 whatever is away."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.bootstrap.container import using
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.verdict import ConditionName
from tests.functional.conftest import Api, problem
from tests.unit.services.migration.status.system import System

PATH = "/ops/gate/energy_table"


@pytest.fixture
def system(api: Api) -> Iterator[System]:
    """What the application's gate looks at."""
    system = System()
    with using(replace(api.container, gate=system.gate())):
        yield system


@pytest.mark.parametrize("role", ["operator", "viewer"])
def test_each_condition_is_shown_with_figure_limit_and_command(api: Api, system: System, role: str) -> None:
    answer = api.request("GET", PATH, roles=(role,))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    said = answer.json_body
    assert (said["component"], said["open"], said["code"]) == ("energy_table", True, "code")
    assert [each["name"] for each in said["conditions"]] == [*ConditionName]
    assert said == system.gate().verdict(Component.ENERGY_TABLE).as_document()


def test_what_is_shut_says_why_and_what_is_away_is_not_known(api: Api, system: System) -> None:
    system.letters = 3
    system.rollout.store.down = True
    answer = api.request("GET", PATH, roles=("operator",))
    assert (answer.status_code, answer.json_body["open"]) == (200, False)
    holds = {each["name"]: each["holds"] for each in answer.json_body["conditions"]}
    assert (holds["dead_letters"], holds["verified"], holds["alarms"]) == (False, None, True)


def test_a_component_that_nobody_knows_is_not_found_and_whoever_is_no_operator_is_refused(api: Api) -> None:
    problem(api.request("GET", "/ops/gate/nothing", roles=("operator",)), 404)
    problem(api.request("GET", PATH, roles=("admin",)), 403)
    problem(api.request("GET", PATH, user=None), 401)
