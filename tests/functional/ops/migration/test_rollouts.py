"""Rollouts over HTTP: an operator starts one, the scheduled function carries it, a viewer looks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.bootstrap.container import using
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.gate.verdict import Breach, Condition, ConditionName
from chalicelib.handlers.rollout_carrier import rollout_carrier
from chalicelib.monitoring.metrics import metrics
from tests.fakes.gate import BROKEN, SHUT
from tests.functional.conftest import Api, problem
from tests.functional.handlers.event_calls import Context
from tests.functional.ops.operating import Operator
from tests.unit.flags.rollout import TABLE, Rollout

PATH = "rollouts/energy_table"
SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
PLAN = {"steps": [{"percent": 10, "holdSeconds": 3600}, {"percent": 100, "holdSeconds": 60}]}


class Carried:
    """A stage whose schedule the test calls, at its own time."""

    def __init__(self, api: Api) -> None:
        self.api, self.rollout = api, Rollout()
        self.operator = Operator(api)
        self.rollout.open()

    def run(self, minutes: int = 1) -> dict[str, Any]:
        self.rollout.appconfig.pass_time(minutes * 60)
        metrics().clear_metrics()
        return dict(rollout_carrier(SCHEDULE, Context()))

    @property
    def percent(self) -> int:
        return int(self.rollout.table().rollout_percent)


@pytest.fixture
def carried(api: Api) -> Iterator[Carried]:
    carried = Carried(api)
    clocked = replace(api.container, flags=carried.rollout.flags, clock=carried.rollout.now)
    with using(clocked):
        yield carried


def test_a_component_is_carried_to_everybody_by_the_function_alone(carried: Carried) -> None:
    shown = carried.operator.posts(f"{PATH}/start", {"reason": "it is time", "plan": PLAN})
    assert (shown["state"], shown["step"], shown["next"]["percent"], shown["by"]) == ("running", None, 10, "olga")
    assert carried.run() == {"energy_table": "rise"}
    shown = carried.operator.sees(PATH)
    assert (shown["step"]["name"], shown["next"]["name"]) == ("10 %", "100 %")
    assert 3500 < shown["secondsLeft"] <= 3600
    assert carried.run(30) == {"energy_table": "wait"}
    assert "10 % is held" in carried.operator.sees(PATH)["seen"]["text"]
    assert carried.run(31) == {"energy_table": "rise"}
    assert carried.percent == 100
    carried.run(2)
    shown = carried.operator.sees(PATH)
    assert (shown["state"], shown["secondsLeft"]) == ("done", None)
    [change] = carried.rollout.flags.overview.changes(TABLE, 1)
    assert (change.action, change.by, change.evidence["gate"]["open"]) == ("rollout", "RolloutCarrier", True)


def test_a_planted_bug_stops_it_takes_it_back_and_rings(carried: Carried, capsys: pytest.CaptureFixture[str]) -> None:
    carried.operator.posts(f"{PATH}/start", {"reason": "it is time", "plan": PLAN})
    carried.run()
    carried.run(61)
    carried.rollout.gate.of[Component.ENERGY_TABLE] = BROKEN
    capsys.readouterr()
    assert carried.run() == {"energy_table": "back"}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [line["RolloutsStopped"] for line in lines if "RolloutsStopped" in line] == [[1.0]]
    shown = carried.operator.sees(PATH)
    assert (shown["state"], shown["reason"], carried.percent) == ("stopped", "the backends differ", 10)
    assert carried.rollout.flags.overview.changes(TABLE, 1)[0].action == "rollback"


def test_no_reason_is_too_long_to_go_back_for(carried: Carried) -> None:
    carried.operator.posts(f"{PATH}/start", {"reason": "it is time", "plan": PLAN})
    carried.run()
    long = Condition(ConditionName.ANSWERS, False, "they differ " * 100, "look", breach=Breach.STEP_BACK)
    carried.rollout.gate.conditions = (long,)
    assert carried.run() == {"energy_table": "back"}
    assert not carried.rollout.table().enabled


def test_an_operator_pauses_resumes_hurries_and_aborts(carried: Carried) -> None:
    operator = carried.operator
    operator.posts(f"{PATH}/start", {"reason": "it is time", "plan": PLAN})
    assert operator.posts(f"{PATH}/pause")["state"] == "paused"
    assert carried.run() == {"energy_table": "wait"}
    assert operator.posts(f"{PATH}/resume")["state"] == "running"
    carried.rollout.gate.conditions = SHUT
    refused = operator.refused("POST", f"{PATH}/step", {"reason": "now"}, 409)
    assert "drill rollback" in refused["detail"]
    shown = operator.posts(f"{PATH}/step", {"reason": "now", "hurry": True})
    assert (shown["step"]["percent"], carried.percent) == (10, 10)
    assert operator.posts(f"{PATH}/abort")["state"] == "aborted"
    assert carried.percent == 0
    assert [entry["what"] for entry in shown["log"]] == ["start", "pause", "resume", "step 10 %"]
    assert [each["component"] for each in operator.sees("rollouts")["rollouts"]] == ["energy_table"]


def test_a_second_person_agrees(carried: Carried) -> None:
    carried.operator.posts(f"{PATH}/start", {"reason": "it is time", "plan": PLAN | {"approvals": 1}})
    carried.operator.refused("POST", f"{PATH}/approve", {"reason": "I do"}, 409)
    assert carried.run() == {"energy_table": "wait"}
    shown = Operator(carried.api, user="otto").posts(f"{PATH}/approve", {"reason": "I have looked"})
    assert (shown["approval"]["by"], shown["approval"]["percent"]) == ("otto", 10)
    assert carried.run() == {"energy_table": "rise"}


def test_a_viewer_looks_and_changes_nothing(carried: Carried) -> None:
    viewer = Operator(carried.api, "viewer", "vera")
    carried.operator.posts(f"{PATH}/start", {"reason": "it is time"})
    assert viewer.sees(PATH) == carried.operator.sees(PATH)
    for action in ("start", "pause", "resume", "step", "abort", "approve"):
        viewer.refused("POST", f"{PATH}/{action}", {"reason": "why not"}, 403)


def test_without_a_rollout_there_is_nothing_to_show_and_the_way_to_one_is_named(carried: Carried) -> None:
    assert carried.operator.sees("rollouts") == {"rollouts": []}
    assert "rollout start energy_table" in carried.operator.refused("GET", PATH, None, 404)["detail"]
    carried.operator.refused("GET", "rollouts/global", None, 404)
    carried.operator.refused("POST", f"{PATH}/pause", {"reason": "why"}, 404)


@pytest.mark.parametrize(
    "plan",
    [
        {"steps": [{"percent": 50, "holdSeconds": 1}, {"percent": 10, "holdSeconds": 1}]},
        {"steps": [{"percent": 101, "holdSeconds": 1}]},
        {"steps": [{"percent": "10", "holdSeconds": 1}]},
        {"steps": []},
        {"approvals": 2},
        {"hours": {"zone": "Nowhere", "first": 9, "last": 17}},
        {"hours": {"zone": "UTC", "first": 17, "last": 9}},
        {"other": 1},
    ],
)
def test_a_plan_that_nobody_could_follow_is_refused(carried: Carried, plan: Any) -> None:
    carried.operator.refused("POST", f"{PATH}/start", {"reason": "why", "plan": plan}, 422)
    assert carried.operator.sees("rollouts") == {"rollouts": []}


def test_a_rise_by_hand_is_refused_while_the_gate_is_shut_and_passes_in_a_hurry(carried: Carried) -> None:
    carried.rollout.gate.conditions = SHUT
    body = {"rolloutPercent": 5, "reason": "by hand"}
    refused = problem(carried.operator.request("PATCH", "flags/energy_table", body), 409)
    assert "the gate is shut" in refused["detail"]
    made = carried.operator.request("PATCH", "flags/energy_table", body | {"hurry": True}).json_body
    assert (made["evidence"]["hurry"], made["evidence"]["gate"]["open"]) == (True, False)


def test_without_the_database_lambda_sees_the_failure(carried: Carried) -> None:
    carried.rollout.store.down = True
    with pytest.raises(UnavailableError):
        carried.run()
