"""Everything about one component over HTTP, for operators."""

from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Request
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import DAY_MS
from tests.functional.conftest import NOW, Api, problem

TABLE, CHARTS = Component.ENERGY_TABLE, Component.MONTHLY_CHARTS
OLD, NEW = Backend
PSEUDONYMS = Pseudonyms(b"key")
PATH = "/ops/components/energy_table"
AT = "2023-11-14T22:13:20Z"
NONE = {"answers": 0, "failures": 0, "p50": None, "p95": None, "p99": None}


def asked(api: Api, path: str = PATH) -> Any:
    response = api.request("GET", path, user="olga", roles=("operator",))
    assert response.status_code == 200, response.body
    return response.json_body


def answered(api: Api, user: str, backend: Backend, *, component: Component = TABLE, at: int = NOW) -> None:
    usage = BackendUsage(component, "alice", Decision(backend, Reason.TEST_USER), 1.0, success=backend is OLD)
    api.ports.usage.insert(usage, user, at)


def differed(api: Api, component: Component = TABLE, at: int = NOW) -> str:
    """Something differs; returns its fingerprint."""
    difference = Difference(DifferenceKind.VALUE, ("readings", 4, "amount"), 1, 2)
    request = Request(component, "alice", {"limit": 5})
    result = ComparisonResult(request, Outcome.DIFFERENT, (difference,))
    api.ports.comparisons.add(result, PSEUDONYMS, at)
    [fingerprint] = result.distinct
    return fingerprint


def test_hours_are_shown_old_beside_new(api: Api) -> None:
    answered(api, "anna", OLD)
    answered(api, "bert", NEW)
    answered(api, "bert", NEW, at=NOW - DAY_MS)
    answered(api, "carl", NEW, component=CHARTS)
    fast = {"answers": 1, "failures": 0, "p50": 1.0, "p95": 1.0, "p99": 1.0}
    assert asked(api) == {
        "component": "energy_table",
        "hours": [
            {"at": "2023-11-13T22:00:00Z", "people": 1, "onNew": 1, "old": NONE, "new": fast | {"failures": 1}},
            {"at": "2023-11-14T22:00:00Z", "people": 2, "onNew": 1, "old": fast, "new": fast | {"failures": 1}},
        ],
        "fingerprints": [],
        "feedback": [],
    }


@pytest.mark.parametrize(("query", "hours"), [("", 2), ("?hours=24", 2), ("?hours=1", 1)])
def test_one_looks_back_as_far_as_one_says(api: Api, query: str, hours: int) -> None:
    for at in (NOW, NOW - DAY_MS, NOW - 8 * DAY_MS):
        answered(api, "anna", OLD, at=at)
    assert len(asked(api, PATH + query)["hours"]) == hours


def test_what_differed_is_shown_with_examples_and_who_answers_for_it(api: Api) -> None:
    fingerprint = differed(api)
    differed(api, CHARTS)
    differed(api, at=NOW - 9 * DAY_MS)
    [found] = asked(api)["fingerprints"]
    [example] = found.pop("examples")
    assert example["place"] == "readings[4].amount"
    assert (example["at"], example["user"]) == (AT, PSEUDONYMS.of("user", "alice"))
    assert example["old"] != example["new"]
    assert found == {
        "fingerprint": fingerprint,
        "kind": "value",
        "place": "readings[].amount",
        "answers": 1,
        "users": 1,
        "first": AT,
        "last": AT,
        "ignoredBy": None,
        "ignoredUntil": None,
        "gone": None,
    }
    api.ports.comparisons.save_rule(IgnoreRule(fingerprint, "olga", "known", NOW + DAY_MS))
    [ignored] = asked(api)["fingerprints"]
    assert (ignored["ignoredBy"], ignored["ignoredUntil"]) == ("olga", "2023-11-15T22:13:20Z")


def test_what_people_say_looks_wrong_is_shown_without_their_names_and_ids_of_readings(api: Api) -> None:
    parameters = {"limit": 5, "after": "0123", "reading_id": "4567", "start": None}
    api.ports.feedback.add("alice", Feedback(TABLE, parameters, NEW, Reason.TEST_USER, {}), "pseudonym", NOW)
    api.ports.feedback.add("alice", Feedback(CHARTS, None, NEW, Reason.TEST_USER, {}), "pseudonym", NOW)
    assert asked(api)["feedback"] == [
        {"at": AT, "user": "pseudonym", "backend": "new", "state": "open", "parameters": {"limit": 5}}
    ]


def test_nobody_is_named(api: Api) -> None:
    answered(api, "pseudonym", OLD)
    differed(api)
    api.ports.feedback.add("alice", Feedback(TABLE, {"limit": 5}, NEW, Reason.TEST_USER, {}), "pseudonym", NOW)
    assert "alice" not in str(asked(api))


def test_a_component_that_is_none_is_named(api: Api) -> None:
    body = problem(api.request("GET", "/ops/components/cellar", user="olga", roles=("operator",)), 404)
    assert "cellar" in body["detail"]


@pytest.mark.parametrize("hours", ["0", "721", "many", "-1"])
def test_hours_have_bounds(api: Api, hours: str) -> None:
    problem(api.request("GET", f"{PATH}?hours={hours}", user="olga", roles=("operator",)), 422)


def test_nobody_else_may_look(api: Api) -> None:
    problem(api.request("GET", PATH), 403)
    problem(api.request("GET", PATH, user=None), 401)


def test_without_the_database_it_is_unavailable(api: Api) -> None:
    api.store.down = True
    problem(api.request("GET", PATH, user="olga", roles=("operator",)), 503)
