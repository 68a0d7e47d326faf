"""Who has just written sees it: ``consistent=true`` answers with every write that was answered before."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.readings import EnergyType
from tests.functional.conftest import Api, problem

MONTHLY = "dataType=monthly&year=2023"
VIEWS = [MONTHLY, "dataType=histogram", "dataType=histogram&from=2023-01-01&buckets=7", "dataType=summary"]
STORED = [MONTHLY, "dataType=histogram", "dataType=summary"]
Write = Callable[[Api, str], int]


def write(api: Api, method: str, path: str, body: Any = "", content_type: str = "application/json") -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = api.request(method, path, text, content_type=content_type)
    assert answer.status_code < 300, answer.body
    return answer


def show(api: Api, view: str, known: str = "") -> Any:
    return api.request("GET", f"/v2/display?type=power&{view}", headers={"If-None-Match": known})


@pytest.fixture
def shown(api: Api) -> Api:
    """A meter with readings of October and November 2023, both displayed."""
    for date, amount in (("2023-09-30", 1000), ("2023-10-31", 1100)):
        write(api, "POST", "/v2/energy", {"type": "power", "date": date, "amount": amount})
    assert api.container.calculation.refresh("alice", EnergyType.POWER)
    return api


@pytest.fixture
def reading(shown: Api) -> str:
    """The reading of October."""
    found = write(shown, "GET", "/v2/energy?sort=-date&limit=1").json_body["readings"]
    return str(found[0]["id"])


def create(api: Api, _: str) -> int:
    body = {"type": "power", "date": "2023-11-10", "amount": 1150}
    return int(write(api, "POST", "/v2/energy", body).json_body["sourceVersion"])


def correct(api: Api, reading: str) -> int:
    return int(write(api, "PUT", f"/v2/energy/{reading}", {"amount": 1111}).json_body["sourceVersion"])


def delete(api: Api, reading: str) -> int:
    return int(write(api, "DELETE", f"/v2/energy/{reading}").headers["X-Source-Version"])


def import_file(api: Api, _: str) -> int:
    answer = write(api, "POST", "/v2/energy/import", "date,type,amount\n2023-11-10,power,1150\n", "text/csv")
    return int(answer.json_body["meters"][0]["sourceVersion"])


def exchange(api: Api, _: str) -> int:
    body = {"type": "power", "date": "2023-10-15", "finalOld": 1050}
    return int(write(api, "POST", "/v2/exchanges", body).json_body["meter"]["sourceVersion"])


def settings(api: Api, _: str) -> int:
    answer = write(
        api,
        "PUT",
        "/v2/settings",
        {"zone": "Pacific/Auckland", "moduli": {"power": 100000}, "runsBackwards": {"power": True}},
    )
    return int(answer.json_body["meters"][0]["sourceVersion"])


WRITES = [create, correct, delete, import_file, exchange, settings]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("make", WRITES)
def test_the_writer_sees_at_once_what_everybody_sees_after_the_refresh(
    shown: Api, reading: str, make: Write, view: str
) -> None:
    version = make(shown, reading)
    at_once = show(shown, f"{view}&consistent=true")
    assert at_once.json_body["meta"] == {
        "sourceVersion": version,
        "displayVersion": version,
        "stale": False,
        "calculatedAt": None,
    }
    assert shown.container.calculation.refresh("alice", EnergyType.POWER)
    stored = show(shown, view)
    assert at_once.json_body["data"] == stored.json_body["data"]
    assert at_once.headers["ETag"] == stored.headers["ETag"]
    assert show(shown, view, at_once.headers["ETag"]).status_code == 304


@pytest.mark.parametrize("view", STORED)
def test_who_does_not_ask_for_it_gets_what_is_stored_and_is_told_that_it_lags(shown: Api, view: str) -> None:
    before = show(shown, view).json_body["data"]
    version = create(shown, "")
    for query in (view, f"{view}&consistent=false"):
        answer = show(shown, query).json_body
        assert answer["data"] == before
        assert answer["meta"] | {"calculatedAt": 0} == {
            "sourceVersion": version,
            "displayVersion": version - 1,
            "stale": True,
            "calculatedAt": 0,
        }


def test_what_the_writer_sees_is_the_reading_just_typed_in(shown: Api) -> None:
    create(shown, "")
    months = show(shown, f"{MONTHLY}&consistent=true").json_body["data"]["months"]
    assert months[10]["meterReading"] > months[9]["meterReading"] == 1100


@pytest.mark.parametrize("view", STORED)
def test_a_view_that_does_not_lag_is_the_stored_one(shown: Api, view: str) -> None:
    consistent, stored = show(shown, f"{view}&consistent=true"), show(shown, view)
    assert consistent.body == stored.body
    assert stored.json_body["meta"]["calculatedAt"] is not None


def test_while_the_new_side_rests_it_is_the_same_question(shown: Api) -> None:
    shown.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    version = create(shown, "")
    answers = [show(shown, view).json_body for view in (MONTHLY, f"{MONTHLY}&consistent=true")]
    assert answers[0] == answers[1]
    assert answers[0]["meta"]["displayVersion"] == version


@pytest.mark.parametrize("consistent", ["yes", "1", "True", "", "null"])
def test_another_word_than_true_or_false_is_refused(shown: Api, consistent: str) -> None:
    body = problem(show(shown, f"{MONTHLY}&consistent={consistent}"), 422)
    assert body["errors"] == [{"where": "consistent", "reason": "Value error, send true or false"}]
