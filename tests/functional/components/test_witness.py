"""The page as a witness: what people say looks wrong and what pages have measured, as the routes take it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from chalice.test import HTTPResponse

from chalicelib.api.components.witness_bodies import AT_ONCE, LONGEST_MS
from chalicelib.api.endpoint import TRACE_ID
from chalicelib.bootstrap.container import Surroundings, compose, using
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import DAY_MS, EnergyType
from chalicelib.services.migration.comparison.feedback import A_DAY
from infra.simulation.memory.migration.feedback import FakeFeedbackLog
from infra.simulation.memory.migration.measurements import FakePageMeasurements
from tests.functional.components.feedback import SEEN, WRONG, Members
from tests.functional.conftest import NOW, Api, problem

# What the page asks each component.
QUERIES = {
    "dashboard": {"consistent": "true"},
    "energy_table": {"type": "gas", "from": "2023-01-02", "to": "2023-01-06", "sort": "-date", "limit": "7"},
    "timeline_slider": {"type": "power", "from": "2023-01-01", "to": "2024-01-01", "buckets": "3"},
    "monthly_charts": {"type": "power", "year": "2023", "shape": "energies"},
    "energy_forms": {"type": "power"},
}
FETCH: Members = {"component": "dashboard", "backend": "old", "kind": "fetch", "elapsedMs": 12.5}
ERROR: Members = {**FETCH, "kind": "error", "elapsedMs": 0, "error": "TypeError"}


def say(api: Api, user: str = "alice", **changed: Any) -> HTTPResponse:
    return api.request("POST", "/components/feedback", json.dumps(WRONG | changed), user=user)


def kept(api: Api) -> FakeFeedbackLog:
    return cast(FakeFeedbackLog, api.ports.feedback)


def only(api: Api) -> Feedback:
    [(_, given)] = kept(api).rows.values()
    return given.feedback


def send(api: Api, *measurements: Members, user: str | None = "alice") -> HTTPResponse:
    return api.request("POST", "/components/measurements", json.dumps({"measurements": measurements}), user=user)


def rows(api: Api) -> list[tuple[PageMeasurement, str, int]]:
    return cast(FakePageMeasurements, api.ports.measurements).rows


def test_feedback_is_kept_with_what_was_asked_who_answered_why_and_at_which_versions(api: Api) -> None:
    answer = say(api)
    assert answer.status_code == 201
    [(key, (user, given))] = kept(api).rows.items()
    assert answer.json_body == {"id": key}
    assert (user, given.at, given.is_open) == ("alice", NOW, True)
    assert given.feedback == Feedback(
        Component.MONTHLY_CHARTS,
        {"type": "power", "year": 2023, "consistent": False},
        Backend.NEW,
        Reason.PERCENTAGE_IN,
        {EnergyType.POWER: 7, EnergyType.GAS: 0},
        answer.headers[TRACE_ID],
    )


@pytest.mark.parametrize("component", QUERIES)
def test_what_is_kept_is_the_read_that_the_component_itself_makes_of_the_query(api: Api, component: str) -> None:
    assert api.request("PUT", "/v2/settings", '{"zone": "America/New_York"}').status_code == 200
    query = QUERIES[component]
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    assert api.request("GET", f"/components/{component}?{asked}").status_code == 200
    assert say(api, component=component, query=query).status_code == 201
    assert only(api).parameters == api.usage.rows[-1][0].parameters is not None


def test_every_component_that_shows_something_is_among_these() -> None:
    assert {*QUERIES} == {*Component} - {Component.CSV_IMPORT}


@pytest.mark.parametrize(
    ("component", "query"),
    [
        ("csv_import", {}),
        ("csv_import", {"preview": "true"}),
        ("energy_forms", {}),
        ("energy_forms", {"forceOld": "true"}),
    ],
)
def test_a_form_that_writes_has_no_read_and_the_feedback_counts_all_the_same(
    api: Api, component: str, query: Members
) -> None:
    assert say(api, component=component, query=query, meters=[]).status_code == 201
    assert only(api).parameters is None


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"component": "kitchen"}, "component"),
        ({"backend": "newest"}, "backend"),
        ({"reason": "because I say so"}, "reason"),
        ({"note": "the bar of May is far too long"}, "note"),
        ({"amount": 4711}, "amount"),
        ({"query": {"type": "power"}}, "query.year"),
        ({"query": {"type": "power", "year": 2023}}, "query.year"),
        ({"query": WRONG["query"] | {"comment": "odd"}}, "query.comment"),
        ({"query": None}, "query"),
        ({"component": "energy_table", "query": {"cursor": "nonsense"}}, "query.cursor"),
        ({"component": "energy_table", "query": {"from": "2023-02-31"}}, "query.date"),
        ({"meters": [{"type": "water", "sourceVersion": 1}]}, "meters.0.type"),
        ({"meters": [{"type": "power", "sourceVersion": 1.5}]}, "meters.0.sourceVersion"),
        ({"meters": [{"type": "power", "sourceVersion": -1}]}, "meters.0.sourceVersion"),
        ({"meters": [{"type": "power", "sourceVersion": 2**53}]}, "meters.0.sourceVersion"),
        ({"meters": [{"type": "power", "sourceVersion": True}]}, "meters.0.sourceVersion"),
        ({"meters": [{"type": "power", "sourceVersion": 1, "amount": 5}]}, "meters.0.amount"),
        ({"meters": [SEEN[0], SEEN[0]]}, "body"),
        ({"meters": [*SEEN, SEEN[0]]}, "meters"),
    ],
)
def test_anything_else_is_refused_by_its_place_and_nothing_is_kept(api: Api, changed: Members, where: str) -> None:
    body = problem(say(api, **changed), 422)
    assert [error["where"] for error in body["errors"]] == [where]
    assert not kept(api).rows


@pytest.mark.parametrize("name", WRONG)
def test_nothing_of_it_may_be_left_out(api: Api, name: str) -> None:
    body = {key: value for key, value in WRONG.items() if key != name}
    answer = problem(api.request("POST", "/components/feedback", json.dumps(body)), 422)
    assert [error["where"] for error in answer["errors"]] == [name]


def test_a_person_gives_so_much_a_day_and_others_are_not_held_up(api: Api) -> None:
    times = iter(range(NOW, NOW + A_DAY))
    with using(later(api, lambda: next(times))):
        assert {say(api).status_code for _ in range(A_DAY)} == {201}
    with using(later(api, lambda: NOW + DAY_MS - 1_500)):
        answer = say(api)
        body = problem(answer, 429)
        assert (body["type"], answer.headers["Retry-After"]) == ("urn:energy-monitor:problem:too-many", "2")
        assert say(api, user="bob").status_code == 201
    with using(later(api, lambda: NOW + DAY_MS)):
        assert say(api).status_code == 201
        problem(say(api), 429)
    assert len(kept(api).rows) == A_DAY + 2


def later(api: Api, clock: Any) -> Any:
    return compose(api.ports, api.container.verifier, clock, Surroundings(api.flags))


def test_feedback_needs_a_token_and_no_decision(api: Api) -> None:
    problem(api.request("POST", "/components/feedback", json.dumps(WRONG), user=None), 401)
    assert say(api).status_code == 201
    assert not api.flags.asked
    assert not api.usage.rows


def test_feedback_that_cannot_be_kept_is_503(api: Api) -> None:
    api.store.down = True
    problem(say(api), 503)


def test_a_batch_is_kept_by_component_backend_and_kind_under_a_pseudonym(api: Api) -> None:
    ports, hidden = api.ports, Pseudonyms(b"key")
    render = {**FETCH, "component": "energy_table", "backend": "new", "kind": "render", "elapsedMs": 3}
    with using(compose(ports, api.container.verifier, lambda: NOW, Surroundings(api.flags, hidden))):
        answer = send(api, FETCH, render, ERROR, {**ERROR, "error": "5xx"}, {**ERROR, "error": None})
    assert (answer.status_code, answer.body) == (202, b"")
    dashboard, error = (Component.DASHBOARD, Backend.OLD), MeasurementKind.ERROR
    assert [each for each, _, _ in rows(api)] == [
        PageMeasurement(*dashboard, MeasurementKind.FETCH, 12.5),
        PageMeasurement(Component.ENERGY_TABLE, Backend.NEW, MeasurementKind.RENDER, 3),
        PageMeasurement(*dashboard, error, 0, "TypeError"),
        PageMeasurement(*dashboard, error, 0, "5xx"),
        PageMeasurement(*dashboard, error, 0),
    ]
    assert {(user, at) for _, user, at in rows(api)} == {(hidden.of("user", "alice"), NOW)}


def lines(capsys: pytest.CaptureFixture[str]) -> list[Members]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def test_metrics_say_it_in_one_line_per_component_and_backend(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    new = {**FETCH, "backend": "new"}
    click = {**FETCH, "kind": "interaction", "elapsedMs": 40}
    send(api, FETCH, new, click, {**FETCH, "elapsedMs": 7}, {**FETCH, "kind": "render", "elapsedMs": 2}, ERROR, ERROR)
    names = ("component", "backend", "PageFetch", "PageRender", "PageInteraction", "PageErrors")
    said = [tuple(line.get(name) for name in names) for line in lines(capsys)]
    assert said == [
        ("dashboard", "new", [12.5], None, None, [0.0]),
        ("dashboard", "old", [12.5, 7.0], [2.0], [40.0], [2.0]),
    ]


def test_a_full_batch_of_one_kind_is_one_line(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert send(api, *[FETCH] * AT_ONCE).status_code == 202
    [line] = lines(capsys)
    assert (len(line["PageFetch"]), line["PageErrors"]) == (AT_ONCE, [0.0])
    assert len(rows(api)) == AT_ONCE


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"component": "kitchen"}, ".component"),
        ({"backend": "none"}, ".backend"),
        ({"kind": "paint"}, ".kind"),
        ({"elapsedMs": -0.1}, ".elapsedMs"),
        ({"elapsedMs": LONGEST_MS + 0.1}, ".elapsedMs"),
        ({"elapsedMs": "12"}, ".elapsedMs"),
        ({"elapsedMs": True}, ".elapsedMs"),
        ({"elapsedMs": None}, ".elapsedMs"),
        ({"error": "TypeError"}, ""),
        ({"kind": "error", "elapsedMs": 1}, ""),
        ({"kind": "error", "elapsedMs": 0, "error": "the bar of May is far too long"}, ".error"),
        ({"kind": "error", "elapsedMs": 0, "error": "E" * 65}, ".error"),
        ({"kind": "error", "elapsedMs": 0, "error": ""}, ".error"),
        ({"user": "bob"}, ".user"),
        ({"userId": "bob"}, ".userId"),
    ],
)
def test_a_malformed_batch_is_refused_as_a_whole(api: Api, changed: Members, where: str) -> None:
    body = problem(send(api, FETCH, FETCH | changed), 422)
    assert [error["where"] for error in body["errors"]] == [f"measurements.1{where}"]
    assert not rows(api)


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999"])
def test_a_number_that_is_beyond_arithmetic_is_refused_by_its_place(api: Api, number: str) -> None:
    batch = json.dumps({"measurements": [FETCH]}).replace("12.5", number)
    body = problem(api.request("POST", "/components/measurements", batch), 422)
    assert [error["where"] for error in body["errors"]] == ["measurements.0.elapsedMs"]


@pytest.mark.parametrize("count", [0, AT_ONCE + 1])
def test_a_batch_has_one_measurement_to_a_hundred(api: Api, count: int) -> None:
    body = problem(send(api, *[FETCH] * count), 422)
    assert [error["where"] for error in body["errors"]] == ["measurements"]
    assert not rows(api)


@pytest.mark.parametrize("elapsed", [0, LONGEST_MS, 0.0001, 599_999.9999])
def test_every_time_up_to_ten_minutes_is_taken(api: Api, elapsed: float) -> None:
    assert send(api, {**FETCH, "elapsedMs": elapsed}).status_code == 202
    assert rows(api)[0][0].elapsed_ms == round(elapsed, 3)


def test_measurements_need_a_token_and_nothing_else(api: Api) -> None:
    problem(send(api, FETCH, user=None), 401)
    assert send(api, FETCH).status_code == 202
    assert not api.flags.asked
    assert not api.usage.rows


class Full:
    """Keeps nothing."""

    def insert(self, *_: object) -> None:
        raise OSError("no room")


@pytest.mark.parametrize("broken", [{}, {"measurements": Full()}])
def test_a_person_never_feels_that_nothing_can_be_kept(
    api: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], broken: Mapping[str, Any]
) -> None:
    api.store.down = not broken
    with using(compose(replace(api.ports, **broken), api.container.verifier, lambda: NOW, Surroundings(api.flags))):
        answer = send(api, FETCH, user="somebody@example.org")
    assert (answer.status_code, answer.body) == (202, b"")
    said = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.getMessage() for record in said] == ["measurements of a page were not kept"]
    printed = "".join(capsys.readouterr()) + str([vars(record) for record in caplog.records])
    assert "PageFetch" in printed
    assert "somebody" not in printed


@pytest.mark.parametrize("elapsed", ["1e999999999", "-1e999999999", "1e400"])
def test_a_number_beyond_all_times_is_refused(api: Api, elapsed: str) -> None:
    batch = json.dumps({"measurements": [FETCH]}).replace("12.5", elapsed)
    problem(api.request("POST", "/components/measurements", batch, user="alice"), 422)
    assert not rows(api)
