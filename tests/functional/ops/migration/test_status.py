"""The status over HTTP: for operators, 200 whatever is away."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.bootstrap.container import using
from chalicelib.bootstrap.status import status_service
from tests.functional.conftest import Api, problem
from tests.unit.flags.rollout import Rollout

STATUS = "/ops/status"
OPERATOR = ("operator",)


@pytest.fixture
def rollout(api: Api) -> Iterator[Rollout]:
    """The status of the application, by flags that are there."""
    rollout = Rollout()
    overview = rollout.flags.overview
    status = status_service(api.ports, lambda: overview, lambda: 3, lambda: "code", list, rollout.now)
    with using(replace(api.container, status=status)):
        yield rollout


@pytest.mark.usefixtures("rollout")
def test_an_operator_sees_the_whole_status(api: Api) -> None:
    answer = api.request("GET", f"{STATUS}?hours=48", roles=OPERATOR)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    status = answer.json_body
    assert (status["hours"], status["sync"]["mode"], status["deadLetters"]["count"]) == (48, "dual_write", 3)
    assert len(status["components"]) == 6
    assert status["components"][0]["verdict"]["mayGoOn"] is False
    assert api.request("GET", STATUS, roles=OPERATOR).json_body["hours"] == 24


def test_whoever_is_no_operator_is_refused(api: Api) -> None:
    for roles in ((), ("admin",), ("operators",)):
        problem(api.request("GET", STATUS, roles=roles), 403)
    problem(api.request("GET", STATUS, user=None), 401)


@pytest.mark.parametrize("hours", ["0", "721", "1.5", "many", "", "24&hours=25"])
def test_hours_that_are_none_are_422_and_named(api: Api, hours: str) -> None:
    refused = problem(api.request("GET", f"{STATUS}?hours={hours}", roles=OPERATOR), 422)
    assert refused["errors"][0]["where"] == "hours"


def test_without_database_and_flags_the_status_says_so(api: Api, rollout: Rollout) -> None:
    api.store.down = True
    with rollout.appconfig.outage():
        answer = api.request("GET", STATUS, roles=OPERATOR)
    assert answer.status_code == 200
    assert answer.json_body["sync"]["problem"] == "the store is down"
    assert answer.json_body["flags"]["problem"]
    assert answer.json_body["deadLetters"]["count"] == 3
