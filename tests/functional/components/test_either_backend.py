"""Component routes while two backends run: who has answered and why, who may insist, and what is noted of it."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from chalice import Response

from chalicelib.api.components import routed
from chalicelib.api.components.bodies import ComponentQuery
from chalicelib.api.components.component import ComponentRoutes
from chalicelib.api.components.request import ComponentRequest
from chalicelib.bootstrap.container import (
    Surroundings,
    compose,
    using,
)
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import (
    SyncMode,
    SyncState,
)
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import (
    EnergyType,
    parse_instant,
)
from chalicelib.services.components.component_reads import read_of
from infra.simulation.memory.migration.sides import reading
from tests.functional.components.asking import BERLIN, OPERATOR, READING, READS, ask, record
from tests.functional.conftest import (
    NOW,
    Api,
    problem,
)


def noted(api: Api) -> BackendUsage:
    """The last row of the usage log."""
    return api.usage.rows[-1][0]


@pytest.mark.parametrize("side", Backend)
@pytest.mark.parametrize("path", READS)
def test_an_answer_says_who_gave_it_and_why(api: Api, path: str, side: Backend) -> None:
    record(api)
    api.flags.side = side
    answer = ask(api, path)
    assert answer.status_code == 200
    assert set(answer.json_body) == READS[path]
    assert answer.headers["X-Backend"] == side
    assert answer.headers["X-Flag-Reason"] == {"old": "percentage_out", "new": "percentage_in"}[side]
    assert api.flags.asked[-1] == ("alice", path.partition("?")[0])


@pytest.mark.parametrize("path", ["dashboard?", "timeline_slider?type=power&", "monthly_charts?type=power&year=2023&"])
def test_who_has_just_written_sees_the_same_by_either_backend(api: Api, path: str) -> None:
    record(api, date="2023-10-20")
    api.container.calculation.refresh("alice", EnergyType.POWER)
    record(api, date="2023-10-31", amount=1100)
    api.flags.side = Backend.OLD
    old = ask(api, path).body
    assert ask(api, f"{path}consistent=true").body == old
    api.flags.side = Backend.NEW
    assert ask(api, f"{path}consistent=true").body == old


SAYS_THE_SECOND = ["dashboard?", "energy_table?", "timeline_slider?type=power&", "monthly_charts?type=power&year=2023&"]


@pytest.mark.parametrize("path", SAYS_THE_SECOND)
@pytest.mark.parametrize("consistent", ["", "consistent=true"])
def test_each_backend_shows_the_readings_of_its_own_side(api: Api, path: str, consistent: str) -> None:
    """What another application has just written is on the old side alone until the sync job has run."""
    record(api)
    api.container.calculation.refresh("alice", EnergyType.POWER)
    query = path if "table" in path else path + consistent
    before = {side: body_by(api, side, query) for side in Backend}
    assert before[Backend.OLD] == before[Backend.NEW]
    february = parse_instant("2023-02-28", BERLIN)
    api.sides.write("alice", reading("a" * 24, EnergyType.POWER, february, 1100))
    assert body_by(api, Backend.NEW, query) == before[Backend.NEW]
    assert body_by(api, Backend.OLD, query) != before[Backend.OLD]


@pytest.mark.parametrize(("side", "status"), [(Backend.OLD, 200), (Backend.NEW, 404)])
def test_each_backend_finds_single_readings_on_its_own_side(api: Api, side: Backend, status: int) -> None:
    api.sides.write("alice", reading("a" * 24, EnergyType.POWER, parse_instant("2023-02-28", BERLIN), 1100))
    api.flags.side = side
    assert ask(api, f"energy_forms/{'a' * 24}").status_code == status


def test_an_operator_may_insist_on_the_old_backend(api: Api) -> None:
    api.flags.side = Backend.NEW
    for value, backend, reason in (("true", "old", "forced_old"), ("false", "new", "percentage_in")):
        answer = ask(api, f"dashboard?forceOld={value}", roles=OPERATOR)
        assert (answer.headers["X-Backend"], answer.headers["X-Flag-Reason"]) == (backend, reason)


@pytest.mark.parametrize("roles", [(), ("user", "operators", "Operator")])
def test_who_is_no_operator_may_not_insist_on_a_backend(api: Api, roles: tuple[str, ...]) -> None:
    for path in ("dashboard?forceOld=true", "energy_table?forceOld=true", "energy_forms/any?forceOld=true"):
        body = problem(ask(api, path, roles=roles), 403)
        assert "operator" in body["detail"]
    answer = api.request("POST", "/components/energy_forms?forceOld=true", json.dumps(READING), roles=roles)
    problem(answer, 403)
    assert not api.store.stored.readings
    assert not api.usage.rows


def test_where_only_the_new_side_is_written_nobody_can_insist_on_the_old_one(api: Api) -> None:
    api.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    answer = ask(api, "dashboard?forceOld=true", roles=OPERATOR)
    assert (answer.headers["X-Backend"], answer.headers["X-Flag-Reason"]) == ("new", "new_only")


@pytest.mark.parametrize("value", ["", "1", "yes", "True", "true%20"])
def test_force_old_is_true_or_false(api: Api, value: str) -> None:
    body = problem(ask(api, f"dashboard?forceOld={value}", roles=OPERATOR), 422)
    assert [error["where"] for error in body["errors"]] == ["forceOld"]


def test_a_refusal_says_who_gave_it_too(api: Api) -> None:
    answer = ask(api, "energy_forms/nobody")
    problem(answer, 404)
    assert answer.headers["X-Backend"] == "old"
    assert (noted(api).success, noted(api).error) == (True, "NotFoundError")


def test_a_backend_that_cannot_answer_is_noted_as_failed(api: Api) -> None:
    class Broken:
        def summaries(self, *_: object, **__: object) -> None:
            raise RuntimeError("secret detail")

    broken = replace(api.container.router.route("alice", Component.DASHBOARD), backend=Broken())  # type: ignore[arg-type]

    class Router:
        def route(self, *_: object, **__: object) -> Any:
            return broken

    with using(replace(api.container, router=Router())):  # type: ignore[arg-type]
        answer = ask(api, "dashboard")
    assert b"secret" not in answer.body
    problem(answer, 500)
    assert (noted(api).success, noted(api).error) == (False, "RuntimeError")


@pytest.mark.parametrize("side", Backend)
@pytest.mark.parametrize("path", [*READS, "energy_table?type=gas&from=2023-01-02&sort=-date&limit=7"])
def test_what_was_read_is_noted_so_that_it_can_be_asked_again(api: Api, path: str, side: Backend) -> None:
    record(api)
    api.container.calculation.refresh("alice", EnergyType.POWER)
    api.flags.side = side
    body = ask(api, path).json_body
    usage, pseudonym, at = api.usage.rows[-1]
    assert (usage.component, usage.user_id, usage.decision.backend, at) == (path.partition("?")[0], "alice", side, NOW)
    assert usage.elapsed_ms >= 0
    assert "alice" not in pseudonym
    assert usage.parameters is not None
    read = read_of(usage.component, json.loads(json.dumps(usage.parameters)))
    for backend in (api.container.old, api.container.new):
        again = read.ask(backend, "alice").body
        assert set(again) - {"next"} == set(body) - {"nextCursor", "zone"}
        assert again.get("sourceVersion") == body.get("sourceVersion")


def test_the_time_that_a_backend_took_is_noted_to_the_microsecond(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([100.0, 100.0123456789])

    class Time:
        perf_counter = staticmethod(lambda: next(moments))

    monkeypatch.setattr(routed, "time", Time)
    ask(api, "dashboard")
    assert api.usage.rows[-1][0].elapsed_ms == 12.346


def test_a_write_is_noted_without_what_was_written(api: Api) -> None:
    record(api)
    usage, _, _ = api.usage.rows[-1]
    assert (usage.component, usage.success, usage.parameters) == (Component.ENERGY_FORMS, True, None)
    assert "1000.5" not in repr(usage)


def test_metrics_and_log_lines_know_users_by_pseudonyms_only(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    rollout = Surroundings(api.flags, Pseudonyms(b"key"))
    ports = api.ports
    user = "somebody@example.org"
    with using(compose(ports, api.container.verifier, lambda: NOW, rollout)):
        ask(api, "dashboard", user=user)
    printed = capsys.readouterr()
    assert user not in printed.out + printed.err
    [line] = [json.loads(line) for line in printed.out.splitlines() if "BackendDuration" in line]
    assert line["user"] == Pseudonyms(b"key").of("user", user)
    assert (line["component"], line["backend"], line["reason"]) == ("dashboard", "old", "percentage_out")
    assert line["BackendDuration"][0] >= 0
    assert line["BackendFailures"] == [0]
    dimensions = [each["Dimensions"] for each in line["_aws"]["CloudWatchMetrics"]]
    assert [["service", "component", "backend"]] in dimensions


def test_an_answer_does_not_depend_on_being_noted(api: Api) -> None:
    class Full:
        def insert(self, *_: object) -> None:
            raise OSError("no room")

        def between(self, *_: object) -> Any:
            return ()

    ports = replace(api.ports, usage=Full())
    with using(compose(ports, api.container.verifier, lambda: NOW, Surroundings(api.flags))):
        assert ask(api, "dashboard").status_code == 200
        assert record(api)["sourceVersion"] == 1


def body_by(api: Api, side: Backend, path: str) -> Any:
    api.flags.side = side
    answer = ask(api, path)
    assert answer.status_code == 200
    return answer.json_body


def test_every_route_says_who_answered_and_takes_the_query_of_components() -> None:
    def view(request: ComponentRequest) -> Response:
        return Response(str(request))

    routes = ComponentRoutes("any")
    declared = routes.operation("GET", "/components/one", headers=("ETag",), refusals=(HTTPStatus.NOT_FOUND,))(view)
    [operation] = routes.operations
    assert declared is view
    assert (operation.headers, operation.refusals) == (("ETag", "X-Backend", "X-Flag-Reason"), (403, 404))
    assert operation.query is ComponentQuery
