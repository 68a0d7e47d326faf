"""Flags over HTTP: for operators, with the same refusals as on the command line."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from chalice.test import HTTPResponse

from app import app
from chalicelib.api.ops.migration.flag_bodies import FlagPatchBody
from chalicelib.api.ops.names import CHANGE_SECONDS
from chalicelib.bootstrap.container import using
from chalicelib.bootstrap.operations import ANSWER_SECONDS
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.readings import moment
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import FLAGS, GLOBAL
from chalicelib.monitoring.people import SOMEBODY, begin_call, hidden
from infra.simulation.memory.migration.appconfig import FakeAppConfig
from tests.functional.conftest import Api, problem
from tests.unit.flags.rollout import TABLE, Rollout

ROUTES = [(path, method) for path, methods in app.routes.items() if path.startswith("/ops/flags") for method in methods]
WORKING = [
    ("GET", "/ops/flags"),
    ("GET", "/ops/flags/history"),
    ("POST", "/ops/flags/kill"),
    ("PATCH", "/ops/flags/energy_table"),
    ("POST", "/ops/flags/energy_table/rollback"),
    ("GET", "/ops/flags/energy_table/plan?to=50"),
    ("GET", "/ops/flags/energy_table/explain?user=alice"),
    ("GET", "/ops/flags/energy_table/explain?user=alice&at=2026-11-01"),
]


class Operator:
    """Somebody with the role."""

    def __init__(self, api: Api, rollout: Rollout) -> None:
        self.api = api
        self.rollout = rollout

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        content = "" if body is None else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.api.request(method, path, content, user="olga", roles=("operator",), headers=named)

    def done(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        response = self.request(method, path, body, **headers)
        assert response.status_code == 200, response.body
        return response.json_body


@pytest.fixture
def operator(api: Api) -> Iterator[Operator]:
    rollout = Rollout()
    rollout.known("alice", "bob")
    with using(replace(api.container, flags=rollout.flags)):
        yield Operator(api, rollout)


@pytest.mark.parametrize(("method", "path"), WORKING)
def test_whoever_is_no_operator_is_refused_before_anything_happens(operator: Operator, method: str, path: str) -> None:
    body = json.dumps({"reason": "why not", "rolloutPercent": 100})
    for roles in ((), ("admin",), ("operators",)):
        problem(operator.api.request(method, path, body, roles=roles), 403)
    problem(operator.api.request(method, path, body, user=None), 401)
    assert operator.rollout.appconfig.calls == []


@pytest.mark.parametrize(("method", "path"), WORKING)
def test_a_viewer_sees_what_an_operator_sees_and_changes_nothing(operator: Operator, method: str, path: str) -> None:
    body = json.dumps({"reason": "why not", "rolloutPercent": 100}) if method != "GET" else ""
    answer = operator.api.request(method, path, body, user="vera", roles=("viewer",))
    if method == "GET":
        assert answer.json_body == operator.done(method, path)
    else:
        assert "the role operator" in problem(answer, 403)["detail"]
        assert operator.rollout.appconfig.calls == []


def test_every_route_under_ops_flags_is_among_those() -> None:
    tried = {(method, path.partition("?")[0].replace("energy_table", "{flag}")) for method, path in WORKING}
    served = {
        (method, path)
        for path, method in ROUTES
        if app.routes[path][method].view_function.__name__ != "method_not_allowed"
    }
    assert served == tried


@pytest.mark.parametrize(("method", "path"), [("PUT", "/ops/flags"), ("DELETE", "/ops/flags/energy_table")])
def test_other_methods_are_refused(operator: Operator, method: str, path: str) -> None:
    assert operator.request(method, path).headers["Allow"]


def test_an_operator_rolls_a_component_out_and_back(operator: Operator) -> None:
    operator.done("PATCH", "/ops/flags/global", {"enabled": True, "reason": "we begin"})
    made = operator.done("PATCH", "/ops/flags/energy_table", {"rolloutPercent": 12.5, "reason": "some"})
    assert (made["state"], made["by"], made["recorded"]) == ("deployed", "olga", True)
    assert made["after"][TABLE]["rolloutPercent"] == 12.5
    assert made["inEffectMs"] <= 15_000
    explained = operator.done("GET", "/ops/flags/energy_table/explain?user=alice")
    assert (explained["backend"], explained["reason"], explained["bucket"]) == ("new", "percentage_in", 346)
    assert explained["documentVersion"] == made["toVersion"]
    operator.done("POST", "/ops/flags/energy_table/rollback", {"toPercent": 0.1, "reason": "too many"})
    assert operator.done("GET", "/ops/flags/energy_table/explain?user=alice")["backend"] == "old"
    operator.done("POST", "/ops/flags/energy_table/rollback", {"reason": "all of it"})
    operator.done("POST", "/ops/flags/kill", {"reason": "everything"})
    changes = operator.done("GET", "/ops/flags/history?limit=10")["changes"]
    assert {change["action"] for change in changes} == {"set", "rollback", "kill"}
    assert len(operator.done("GET", "/ops/flags/history?flag=global")["changes"]) == 2


def test_who_answered_in_the_past_is_said_with_the_document_and_the_answers(operator: Operator) -> None:
    rollout = operator.rollout
    operator.done("PATCH", "/ops/flags/global", {"enabled": True, "reason": "begin"})
    made = operator.done("PATCH", "/ops/flags/energy_table", {"rolloutPercent": 50, "reason": "half"})
    rollout.appconfig.pass_time(60)
    at = rollout.now()
    decision = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 346, made["toVersion"])
    rollout.usage.insert(BackendUsage(Component.ENERGY_TABLE, "alice", decision, 3.0, True), "pseudonym", at)
    rollout.mode(SyncMode.DUAL_WRITE, 1)
    rollout.appconfig.pass_time(86_400)
    then = operator.done("GET", f"/ops/flags/energy_table/explain?user=alice&at={moment(at)}")
    assert (then["at"], then["mode"], then["modeSince"]) == (moment(at), "dual_write", "1970-01-01T00:00:00Z")
    assert [(each["backend"], each["reason"], each["documentVersion"]) for each in then["possible"]] == [
        ("old", "catching_up", None),
        ("new", "percentage_in", made["toVersion"]),
    ]
    assert then["backend"] is None
    assert then["possible"][1]["change"]["reason"] == "half"
    assert [(each["backend"], each["documentVersion"]) for each in then["answers"]] == [("new", made["toVersion"])]


def test_the_list_says_what_is_deployed_and_what_this_function_uses(operator: Operator) -> None:
    response = operator.request("GET", "/ops/flags")
    listed = response.json_body
    assert [flag["name"] for flag in listed["flags"]] == list(FLAGS)
    assert listed["flags"][2]["componentScope"] == "energy_table"
    assert set(listed["flags"][2]) >= {
        *("enabled", "rolloutPercent", "testUserIds", "blockedUserIds", "componentScope", "createdAt", "updatedAt")
    }
    assert listed["version"] == listed["inUse"] == response.headers["ETag"].strip('"')
    assert listed["blockedBy"] is None
    operator.rollout.mode(SyncMode.OLD_ONLY)
    assert "old_only" in operator.done("GET", "/ops/flags")["blockedBy"]


@pytest.mark.parametrize("name", ["addTestUserIds", "removeTestUserIds", "addBlockedUserIds", "removeBlockedUserIds"])
def test_whom_a_change_of_a_flag_is_about_no_log_line_says(name: str) -> None:
    begin_call()
    FlagPatchBody.model_validate({"reason": "x", name: ["auth0|marked"]}).patch()
    assert hidden("about auth0|marked and auth0|other") == f"about {SOMEBODY} and auth0|other"


def test_every_part_of_a_change_reaches_the_flags() -> None:
    body = {
        "reason": "x",
        "enabled": False,
        "rolloutPercent": Decimal("12.5"),
        "exact": True,
        "addTestUserIds": ["a"],
        "removeTestUserIds": ["b"],
        "addBlockedUserIds": ["c"],
        "removeBlockedUserIds": ["d"],
    }
    patch = FlagPatchBody.model_validate(body).patch()
    assert patch == FlagPatch(False, Decimal("12.5"), True, ("a",), ("b",), ("c",), ("d",))
    assert FlagPatchBody(reason="x", retire=True).patch() == FlagPatch(retire=True)


def test_a_plan_lists_who_enters(operator: Operator) -> None:
    plan = operator.done("GET", "/ops/flags/energy_table/plan?from=0&to=50")
    assert [step["user"] for step in plan["entering"]] == ["alice"]
    assert (plan["leaving"], plan["known"], plan["inAfter"]) == ([], 2, 1)
    exact = operator.done("GET", "/ops/flags/energy_table/plan?to=10&exact=true")
    assert (exact["to"], len(exact["entering"])) == ({"rolloutPercent": 10, "exact": True}, 1)


def test_a_change_of_a_document_that_has_moved_on_is_412(operator: Operator) -> None:
    seen = operator.request("GET", "/ops/flags").headers["ETag"]
    operator.done("PATCH", "/ops/flags/dashboard", {"rolloutPercent": 1, "reason": "mine"}, If_Match=seen)
    body = {"rolloutPercent": 2, "reason": "yours"}
    problem(operator.request("PATCH", "/ops/flags/dashboard", body, If_Match=seen), 412)
    operator.done("PATCH", "/ops/flags/dashboard", body, If_Match="*")


@pytest.mark.parametrize("percent", [101, -1, "ten", "10", True, 0.0001, None])
def test_a_percentage_that_is_none_is_422_and_named(operator: Operator, percent: Any) -> None:
    body = {"rolloutPercent": percent, "reason": "why"}
    if percent is None:  # is the same as saying nothing
        problem(operator.request("PATCH", "/ops/flags/energy_table", body), 409)
        return
    refused = problem(operator.request("PATCH", "/ops/flags/energy_table", body), 422)
    assert refused["errors"][0]["where"] == "rolloutPercent"
    refused = problem(operator.request("GET", f"/ops/flags/energy_table/plan?to={percent}x"), 422)
    assert refused["errors"][0]["where"] == "rolloutPercent"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/ops/flags/energy_tabel", {"rolloutPercent": 1, "reason": "why"}, 404),
        ("POST", "/ops/flags/global/rollback", {"reason": "why"}, 404),
        ("GET", "/ops/flags/nothing/explain?user=alice", None, 404),
        ("GET", "/ops/flags/history?flag=nothing", None, 404),
        ("GET", "/ops/flags/history?limit=0", None, 422),
        ("GET", "/ops/flags/energy_table/plan", None, 422),
        ("GET", "/ops/flags/energy_table/explain", None, 422),
        ("GET", "/ops/flags/energy_table/explain?user=alice&at=yesterday", None, 422),
        ("GET", "/ops/flags/energy_table/explain?user=alice&at=2999-01-01", None, 422),
        ("PATCH", "/ops/flags/energy_table", {"rolloutPercent": 1}, 422),
        ("PATCH", "/ops/flags/energy_table", {"rolloutPercent": 1, "reason": " "}, 422),
        ("PATCH", "/ops/flags/energy_table", {"percent": 1, "reason": "why"}, 422),
        ("PATCH", "/ops/flags/global", {"rolloutPercent": 1, "reason": "why"}, 422),
        ("PATCH", "/ops/flags/energy_table", {"enabled": False, "reason": "nothing changes"}, 409),
        ("POST", "/ops/flags/energy_table/rollback", {"toPercent": 50, "reason": "up is not back"}, 409),
        ("POST", "/ops/flags/kill", {}, 422),
    ],
)
def test_bad_input_is_refused(operator: Operator, method: str, path: str, body: Any, status: int) -> None:
    problem(operator.request(method, path, body), status)
    assert len(operator.rollout.appconfig.deployments) == 1


def test_a_rise_that_the_data_do_not_allow_is_409_and_says_what_to_do_first(operator: Operator) -> None:
    operator.rollout.mode(SyncMode.OLD_ONLY)
    refused = problem(operator.request("PATCH", "/ops/flags/energy_table", {"rolloutPercent": 1, "reason": "x"}), 409)
    assert "mode set dual_write" in refused["detail"]
    assert refused["type"].endswith(":rollout")


def test_without_appconfig_everything_is_503_and_a_decision_is_old(operator: Operator) -> None:
    with operator.rollout.appconfig.outage():
        problem(operator.request("GET", "/ops/flags"), 503)
        problem(operator.request("PATCH", f"/ops/flags/{GLOBAL}", {"enabled": True, "reason": "x"}), 503)
        problem(operator.request("POST", "/ops/flags/kill", {"reason": "x"}), 503)
        explained = operator.done("GET", "/ops/flags/energy_table/explain?user=alice")
    assert (explained["backend"], explained["reason"]) == ("old", "no_document")


def test_a_kill_that_the_sync_mode_overrules_says_so(operator: Operator) -> None:
    assert operator.done("GET", "/ops/flags")["overruled"] is None
    operator.rollout.mode(SyncMode.NEW_ONLY)
    made = operator.done("POST", "/ops/flags/kill", {"reason": "x"})
    assert "everybody gets the new backend whatever the flags say" in made["overruled"]
    assert operator.done("GET", "/ops/flags")["overruled"] == made["overruled"]


def slow(appconfig: FakeAppConfig) -> None:
    """Another deployment is under way for a while, and the change's own takes long."""
    appconfig.deployed(first_document())
    appconfig.deployments[-1].seconds = appconfig.deployment_seconds = 11


def unseen(appconfig: FakeAppConfig) -> None:
    """The data plane is down."""

    def refused(**asked: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://appconfigdata.example")

    appconfig.start_configuration_session = refused  # type: ignore[method-assign]


@pytest.mark.parametrize("troubles", [[slow], [unseen], [slow, unseen]])
def test_a_change_is_answered_in_time_with_what_is_known_of_it(
    operator: Operator, troubles: list[Callable[[FakeAppConfig], None]]
) -> None:
    appconfig = operator.rollout.appconfig
    for trouble in troubles:
        trouble(appconfig)
    begun = appconfig.now
    made = operator.done("PATCH", "/ops/flags/global", {"enabled": True, "reason": "x"})
    assert appconfig.now - begun <= 24.25
    assert (made["state"], made["deployment"]) == ("deployed", len(appconfig.deployments))
    assert (made["inEffectMs"], made["problem"]) == (None, "deployed, not yet seen in effect everywhere")
    [kept] = operator.done("GET", "/ops/flags/history")["changes"]
    assert made == kept | {"recorded": True, "overruled": None}


def test_the_way_back_works_without_the_database(operator: Operator) -> None:
    operator.rollout.store.down = True
    made = operator.done("POST", "/ops/flags/energy_table/rollback", {"reason": "x"})
    assert made["recorded"] is False
    assert operator.done("GET", "/ops/flags")["blockedBy"]


def test_what_a_change_waits_for_leaves_time_to_write_down_that_it_was_made() -> None:
    """Else an operator is answered 503 to a step that was taken, and no record says who took it."""
    assert CHANGE_SECONDS + 2 <= ANSWER_SECONDS
