"""The end of an account over HTTP, what every other route says until it opens, and taking everything along."""

import json
from collections.abc import Callable

import pytest

from chalicelib.bootstrap.container import Surroundings, compose, using
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.people.account import CLOSED_MS, Left
from chalicelib.handlers.account_eraser import account_eraser
from tests.functional.conftest import (
    NOW,
    Api,
    error,
    problem,
)
from tests.functional.handlers.event_calls import Context, recorded

ERASE = "/v2/account?confirm=erase"
OPENS_AT = "2023-11-14T23:13:20.000Z"
READING = json.dumps({"type": "gas", "date": "2023-03-01", "amount": 5, "confirm": True})
SETTINGS = json.dumps({"zone": "UTC"})
EXCHANGE = json.dumps({"type": "gas", "date": "2023-02-15", "finalOld": 5, "confirm": True})
FILE = "date,type,amount\n2023-03-01,gas,7\n"
SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}


class Away:
    """A place beside the database that does not answer."""

    name = "flag lists"

    def forget(self, user_id: str, left: Left) -> int:
        raise UnavailableError("AppConfig did not answer")


class Late:
    """A place where something comes late; what it was asked about."""

    name = "dead letters"

    def __init__(self) -> None:
        self.is_away = True
        self.told: list[bool] = []

    def forget_late(self, is_erased: Callable[[str], bool], left: Left) -> int:
        self.told.append(is_erased("alice") and not is_erased("bob"))
        if self.is_away:
            raise UnavailableError("the queue did not answer")
        return 1


@pytest.mark.parametrize("query", ["", "?confirm=yes", "?confirm="])
def test_without_the_word_nothing_is_erased_and_the_answer_says_which(query: str, api: Api) -> None:
    recorded(api)
    body = problem(api.request("DELETE", f"/v2/account{query}"), 422)
    assert "send confirm=erase" in body["detail"]
    assert "/v2/account/export" in body["detail"]
    assert len(api.request("GET", "/v2/energy").json_body["readings"]) == 1


def test_an_account_is_erased_with_a_receipt_that_is_the_same_when_asked_again(api: Api) -> None:
    recorded(api)
    answer = api.request("DELETE", ERASE)
    assert answer.status_code == 200
    receipt = answer.json_body
    assert receipt == {
        "receipt": receipt["receipt"],
        "state": "erased",
        "erasedAt": "2023-11-14T22:13:20.000Z",
        "opensAt": OPENS_AT,
        "deleted": {"meters": 1, "source_energy_readings": 1},
    }
    assert "alice" not in json.dumps(receipt)
    assert api.request("DELETE", ERASE).json_body == receipt
    assert api.request("GET", "/v2/energy").json_body["readings"] == []


def erasures_waiting(printed: str) -> list[float]:
    """What the metric of the scheduled function says, run by run."""
    lines = (json.loads(line) for line in printed.splitlines() if '"ErasuresWaiting"' in line)
    return [count for line in lines for count in line["ErasuresWaiting"]]


def test_what_a_place_beside_the_database_owes_is_202_until_it_answers(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    around = Surroundings(
        flags=api.flags,
        places=[Away()],
    )
    with using(compose(api.ports, api.container.verifier, lambda: NOW, around)):
        recorded(api)
        waiting = api.request("DELETE", ERASE)
        assert account_eraser(SCHEDULE, Context()) == {"erased": 0, "left": 1, "opened": 0, "waiting": 0}
    assert waiting.status_code == 202
    assert (waiting.json_body["state"], waiting.json_body["erasedAt"]) == ("erasing", None)
    assert account_eraser(SCHEDULE, Context()) == {"erased": 1, "left": 0, "opened": 0, "waiting": 0}
    assert erasures_waiting(capsys.readouterr().out) == [1, 0]
    done = api.request("DELETE", ERASE)
    assert done.status_code == 200
    assert done.json_body["receipt"] == waiting.json_body["receipt"]


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type"),
    [
        ("POST", "/v2/energy", READING, "application/json"),
        ("POST", "/v2/energy/import", FILE, "text/csv"),
        ("PUT", "/v2/settings", SETTINGS, "application/json"),
        ("POST", "/v2/exchanges", EXCHANGE, "application/json"),
        ("POST", "/components/energy_forms", READING, "application/json"),
        ("POST", "/components/csv_import", FILE, "text/csv"),
    ],
)
def test_until_it_opens_a_write_is_refused_and_says_when(
    method: str, path: str, body: str, content_type: str, api: Api
) -> None:
    api.request("DELETE", ERASE)
    refused = problem(api.request(method, path, body, content_type=content_type), 409)
    assert refused["type"] == "urn:energy-monitor:problem:account-erased"
    assert (refused["code"], refused["opensAt"]) == ("ACCOUNT_ERASED", OPENS_AT)


def test_version_1_says_it_in_its_own_shape(api: Api) -> None:
    api.request("DELETE", ERASE)
    answer = api.request("POST", "/v1/energy", json.dumps({"type": "gas", "date": "2023-03-01", "amount": 5}))
    assert error(answer, 409)["code"] == "ACCOUNT_ERASED"


def test_others_go_on_writing_and_the_person_begins_anew_when_it_opens(api: Api) -> None:
    api.request("DELETE", ERASE)
    assert api.request("POST", "/v2/energy", READING, user="bob").status_code == 201
    assert account_eraser(SCHEDULE, Context())["opened"] == 0
    api.store.stored.clock = lambda: NOW + CLOSED_MS
    assert account_eraser(SCHEDULE, Context())["opened"] == 1
    assert api.request("POST", "/v2/energy", READING).status_code == 201
    assert api.request("GET", "/v2/settings").json_body["zone"] == "Europe/Berlin"


def test_what_comes_late_goes_and_no_fence_opens_before_somebody_has_looked(api: Api) -> None:
    late = Late()
    with using(compose(api.ports, api.container.verifier, lambda: NOW, Surroundings(late=[late]))):
        account_eraser(SCHEDULE, Context())
        assert late.told == [], "there is no fence"
        assert api.request("DELETE", ERASE).status_code == 200
        api.store.stored.clock = lambda: NOW + CLOSED_MS
        assert account_eraser(SCHEDULE, Context()) == {"erased": 0, "left": 0, "opened": 0, "waiting": 1}
        late.is_away = False
        assert account_eraser(SCHEDULE, Context()) == {"erased": 0, "left": 0, "opened": 1, "waiting": 0}
        account_eraser(SCHEDULE, Context())
    assert late.told == [True, True]


def test_everything_is_taken_along_part_by_part(api: Api) -> None:
    for day in range(1, 6):
        recorded(api, 1000 + day, f"2023-01-0{day}")
    around = Surroundings(
        flags=api.flags,
        beside=lambda user: {"flags": [f"flag of {user}"]},
    )
    path, parts = "/v2/account/export", []
    with using(compose(api.ports, api.container.verifier, lambda: NOW, around)):
        while path:
            answer = api.request("GET", path)
            assert answer.headers["Content-Disposition"] == 'attachment; filename="energy-monitor-2023-11-14.json"'
            parts.append(answer.json_body)
            path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert [len(part["source_energy_readings"]) for part in parts] == [2, 2, 1]
    assert parts[0]["flags"] == ["flag of alice"]
    assert all("flags" not in part for part in parts[1:])
    assert {(part["format"], part["version"], part["user"], part["exportedAt"]) for part in parts} == {
        ("energy-monitor/account", 1, "alice", "2023-11-14T22:13:20.000Z")
    }


def test_a_cursor_that_nobody_has_given_is_refused(api: Api) -> None:
    assert problem(api.request("GET", "/v2/account/export?cursor=mine"), 422)["errors"][0]["where"] == "cursor"


@pytest.mark.parametrize(("method", "path"), [("DELETE", ERASE), ("GET", "/v2/account/export")])
def test_both_ask_for_a_token(method: str, path: str, api: Api) -> None:
    problem(api.request(method, path, user=None), 401)
