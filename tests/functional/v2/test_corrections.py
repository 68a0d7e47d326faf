"""Reading, correcting and deleting one reading over HTTP: ETag, If-None-Match, If-Match, Location."""

import json
from typing import Any

import pytest
from chalice.test import HTTPResponse

from app import app
from chalicelib.domain.events.contracts import EnergyReadingCreated, EnergyReadingDeleted, EnergyReadingUpdated
from tests.functional.conftest import Api, problem

UNKNOWN = "f" * 24


def record(api: Api, date: str = "2023-01-31", amount: float = 1000, **more: Any) -> Any:
    body = json.dumps({"type": "power", "date": date, "amount": amount, **more})
    answer = api.request("POST", "/v2/energy", body)
    assert answer.status_code == 201
    return answer.json_body


def change(api: Api, reading_id: str, headers: dict[str, str] | None = None, **changed: Any) -> HTTPResponse:
    return api.request("PUT", f"/v2/energy/{reading_id}", json.dumps(changed), headers=headers)


def test_a_created_reading_stands_where_its_location_says(api: Api) -> None:
    answer = api.request("POST", "/v2/energy", json.dumps({"type": "gas", "date": "2023-01-31", "amount": 7}))
    location = answer.headers["Location"]
    assert location == f"/v2/energy/{answer.json_body['id']}"
    shown = api.request("GET", location)
    assert shown.json_body == {name: value for name, value in answer.json_body.items() if name != "sourceVersion"}
    assert shown.headers["ETag"] == answer.headers["ETag"] == '"1"'


def deployed(api: Api, path: str, body: Any) -> Any:
    """A POST as API Gateway sends it to a function that is deployed under the stage ``api``."""
    event = {
        "requestContext": {"httpMethod": "POST", "resourcePath": path, "path": f"/api{path}", "requestId": "1"},
        "headers": {"authorization": f"Bearer {api.issuer.token('alice')}", "content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "body": json.dumps(body),
        "stageVariables": None,
        "isBase64Encoded": False,
    }
    return app(event, None)


def test_behind_a_stage_the_location_carries_its_prefix(api: Api) -> None:
    answer = deployed(api, "/v2/energy", {"type": "power", "date": "2023-01-31", "amount": 7})
    assert answer["headers"]["Location"] == f"/api/v2/energy/{json.loads(answer['body'])['id']}"
    exchange = {"type": "power", "date": "2023-02-01", "finalOld": 9}
    answer = deployed(api, "/v2/exchanges", exchange)
    assert answer["headers"]["Location"] == f"/api/v2/exchanges/{json.loads(answer['body'])['exchange']['id']}"
    assert json.loads(deployed(api, "/v2/exchanges", exchange)["body"])["instance"] == "/api/v2/exchanges"


@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_who_has_the_reading_already_gets_304_without_a_body(api: Api, known: str) -> None:
    reading_id = record(api)["id"]
    answer = api.request("GET", f"/v2/energy/{reading_id}", headers={"If-None-Match": known})
    assert (answer.status_code, answer.body, answer.headers["ETag"]) == (304, b"", '"1"')
    change(api, reading_id, amount=1001)
    if known != "*":
        assert api.request("GET", f"/v2/energy/{reading_id}", headers={"If-None-Match": known}).status_code == 200


def test_a_correction_changes_what_it_names_and_counts_the_revision_up(api: Api) -> None:
    before = record(api)
    answer = change(api, before["id"], amount=1234.5)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    after = answer.json_body
    kept = {"id", "type", "date", "source", "createdAt"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert (after["amount"], after["revision"], after["sourceVersion"]) == (1234.5, 2, 2)
    moved = change(api, before["id"], date="2023-02-05").json_body
    assert (moved["date"], moved["amount"], moved["revision"]) == ("2023-02-04T23:00:00.000Z", 1234.5, 3)
    assert len(api.request("GET", "/v2/energy").json_body["readings"]) == 1


def test_each_change_tells_of_itself_with_the_instants_it_touched(api: Api) -> None:
    reading_id = record(api)["id"]
    change(api, reading_id, date="2023-02-05")
    api.request("DELETE", f"/v2/energy/{reading_id}")
    created, updated, deleted = api.publisher.events
    assert isinstance(created, EnergyReadingCreated)
    assert isinstance(updated, EnergyReadingUpdated)
    assert isinstance(deleted, EnergyReadingDeleted)
    assert updated.meter.first == created.meter.first
    assert updated.meter.last == deleted.meter.last > updated.meter.first
    assert [event.meter.source_version for event in (created, updated, deleted)] == [1, 2, 3]


@pytest.mark.parametrize("seen", ['"1"', "*"])
def test_a_change_of_the_revision_that_the_caller_has_seen_is_made(api: Api, seen: str) -> None:
    reading_id = record(api)["id"]
    assert change(api, reading_id, {"If-Match": seen}, amount=1001).status_code == 200


@pytest.mark.parametrize("seen", ['"2"', '"0"', '"abc"', 'W/"1"', '""', f'"{"9" * 4400}"'])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_of_another_revision_is_412_and_changes_nothing(api: Api, seen: str, method: str) -> None:
    reading_id = record(api)["id"]
    before = api.request("GET", f"/v2/energy/{reading_id}").json_body
    problem(api.request(method, f"/v2/energy/{reading_id}", '{"amount": 5}', headers={"If-Match": seen}), 412)
    assert api.request("GET", f"/v2/energy/{reading_id}").json_body == before
    assert len(api.publisher.events) == 1


@pytest.mark.parametrize("seen", ["1", "x", '"1', '"1", "2"'])
def test_what_is_not_one_etag_is_422(api: Api, seen: str) -> None:
    reading_id = record(api)["id"]
    problem(change(api, reading_id, {"If-Match": seen}, amount=1001), 422)


def test_a_deleted_reading_is_gone_and_its_version_told(api: Api) -> None:
    reading_id = record(api)["id"]
    answer = api.request("DELETE", f"/v2/energy/{reading_id}", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.body, answer.headers["X-Source-Version"]) == (204, b"", "2")
    for method, body in (("GET", ""), ("PUT", '{"amount": 1}'), ("DELETE", "")):
        problem(api.request(method, f"/v2/energy/{reading_id}", body), 404)


@pytest.mark.parametrize("unknown", [UNKNOWN, "x", "%20", "import2", "1" * 500])
def test_a_reading_that_nobody_has_is_404(api: Api, unknown: str) -> None:
    for method, body in (("GET", ""), ("PUT", '{"amount": 1}'), ("DELETE", "")):
        problem(api.request(method, f"/v2/energy/{unknown}", body), 404)


def test_a_correction_onto_another_reading_is_409(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    other = record(api, "2023-02-28", 1100)
    problem(change(api, other["id"], date="2023-01-31", amount=1000), 409)
    assert api.request("GET", f"/v2/energy/{other['id']}").json_body["revision"] == 1


def test_a_correction_is_held_to_its_neighbours_but_not_to_itself(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    middle = record(api, "2023-02-28", 1100)
    record(api, "2023-03-31", 1200)
    assert problem(change(api, middle["id"], amount=1201), 422)["code"] == "HIGHER_THAN_NEXT"
    assert problem(change(api, middle["id"], amount=999), 422)["code"] == "LOWER_THAN_PREVIOUS"
    assert problem(change(api, middle["id"], date="2023-04-30"), 422)["code"] == "LOWER_THAN_PREVIOUS"
    assert change(api, middle["id"], amount=1050).status_code == 200
    assert change(api, middle["id"], amount=999, confirm=True).status_code == 200


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"type": "gas"}, "type"),
        ({"amount": -0.001}, "amount"),
        ({"amount": "much"}, "amount"),
        ({"date": "2023-02-31"}, "date"),
        ({"date": "2024-01-01"}, "date"),
        ({"revision": 7}, "revision"),
    ],
)
def test_a_wrong_field_of_a_correction_is_422_and_named(api: Api, changed: dict[str, Any], where: str) -> None:
    body = problem(change(api, record(api)["id"], **changed), 422)
    assert [error["where"] for error in body["errors"]] == [where]


@pytest.mark.parametrize(
    "body",
    [
        '{"type":"power","date":"2023-01-31","amount":1e-99999999999999999999}',
        '{"type":"power","date":"2023-01-31","amount":1e99999999999999999999}',
        '{"type":"power","date":"2023-01-31","amount":1e999999999}',
        '{"type":"power","date":"2023-01-31","amount":1e-999999999}',
        '{"type":"power","date":"2023-01-31","amount":' + "9" * 5000 + "}",
    ],
)
def test_a_number_beyond_all_numbers_is_refused(api: Api, body: str) -> None:
    assert api.request("POST", "/v2/energy", body).status_code in {400, 422}
    assert not api.store.stored.readings


@pytest.mark.parametrize(
    "body",
    [
        {"type": "power", "date": "\ud800", "amount": 1},
        {"type": "power", "date": "2023-01-31", "amount": 1, "\udfff": 1},
        {"type": "\ud800", "date": "2023-01-31", "amount": 1},
    ],
)
def test_half_a_character_is_refused_in_an_answer_that_can_be_sent(api: Api, body: Any) -> None:
    problem(api.request("POST", "/v2/energy", json.dumps(body)), 422)
