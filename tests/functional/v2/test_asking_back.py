"""What is asked back over HTTP: forms, version 1 and version 2 alike, readings and exchanges (CALCULATION.md, 9)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.events.contracts import MeterExchanged
from chalicelib.domain.readings import EnergyType
from tests.functional.conftest import Api, error, problem

WAYS = [
    "/v1/energy",
    "/v2/energy",
    "/components/energy_forms",
]


def send(api: Api, path: str, method: str = "POST", headers: Any = None, **body: Any) -> HTTPResponse:
    return api.request(method, path, json.dumps(body), headers=headers)


def record(api: Api, date: str, amount: float, path: str = "/v2/energy", **more: Any) -> HTTPResponse:
    return send(api, path, type="power", date=date, amount=amount, **more)


def exchange(api: Api, date: str, final_old: float, initial_new: float = 0, **more: Any) -> HTTPResponse:
    body = {"type": "power", "date": date, "finalOld": final_old, "initialNew": initial_new, **more}
    return send(api, "/v2/exchanges", **body)


def refusal(path: str) -> Callable[[HTTPResponse, int], Any]:
    return error if path.startswith("/v1") else problem


def source_version(api: Api) -> int:
    return api.container.queries.snapshot("alice", EnergyType.POWER, Backend.NEW).state.source_version


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize(
    ("date", "amount", "code"),
    [
        ("2023-03-05", 999, "LOWER_THAN_PREVIOUS"),
        ("2023-02-15", 1201, "HIGHER_THAN_NEXT"),
        ("2023-03-05", 99_999, "FAR_ABOVE_USUAL"),
    ],
)
def test_each_way_in_asks_back_and_stores_what_is_confirmed(
    api: Api, path: str, date: str, amount: float, code: str
) -> None:
    record(api, "2023-01-31", 1000)
    record(api, "2023-02-28", 1200)
    before, told = source_version(api), len(api.publisher.events)
    refused = refusal(path)(record(api, date, amount, path), 422)
    assert refused["code"] == code
    assert [field["where"] for field in refused["errors"]] == ["amount"]
    assert (source_version(api), len(api.publisher.events)) == (before, told)
    assert record(api, date, amount, path, confirm=True).status_code == 201
    assert source_version(api) == before + 1


@pytest.mark.parametrize("path", WAYS)
def test_each_way_in_asks_back_about_a_correction(api: Api, path: str) -> None:
    record(api, "2023-01-31", 1000)
    last = record(api, "2023-02-28", 1200).json_body
    stored = f"{path}/{last['id']}"
    refused = refusal(path)(send(api, stored, "PUT", amount=12_000_000), 422)
    assert refused["code"] == "FAR_ABOVE_USUAL"
    assert send(api, stored, "PUT", amount=12_000_000, confirm=True).status_code == 200


def test_the_answer_carries_what_a_program_needs(api: Api) -> None:
    record(api, "2023-01-31", 12_400)
    body = problem(record(api, "2023-02-02", 124_445), 422)
    assert body["details"] == {
        "given": {"amount": 124_445, "date": "2023-02-01T23:00:00.000Z"},
        "previous": {"amount": 12_400, "date": "2023-01-30T23:00:00.000Z"},
        "next": None,
        "usualPerDay": 50,
        "suggestion": {"amount": 12_445, "digit": "4", "added": False},
        "exchangeWithoutTime": None,
    }
    assert body["detail"] == body["errors"][0]["reason"]
    assert body["detail"].startswith("From 12400 on 2023-01-31 to 124445 on 2023-02-02 it would be 56022.5 kWh a day.")
    lower = problem(record(api, "2023-01-01", 12_500), 422)["details"]
    assert (lower["previous"], lower["next"]["amount"]) == (None, 12_400)


def test_the_usual_is_that_of_the_meter(api: Api) -> None:
    for day in range(1, 7):
        record(api, f"2023-01-{day:02}", 1000 + 12.5 * day)
    assert record(api, "2023-01-08", 1075 + 250).status_code == 201
    assert problem(record(api, "2023-01-09", 1075 + 250 + 1251), 422)["details"]["usualPerDay"] == 125
    assert problem(record(api, "2023-01-07", 1075 + 126), 422)["details"]["usualPerDay"] == 12.5  # of the days before


def test_a_correction_is_judged_without_the_reading_that_it_changes(api: Api) -> None:
    for day in range(1, 7):
        record(api, f"2023-01-{day:02}", 1000 + 12.5 * day)
    typo = record(api, "2023-01-07", 5000, confirm=True).json_body
    moved = send(api, f"/v2/energy/{typo['id']}", "PUT", date="2023-01-08", amount=4000)
    assert problem(moved, 422)["details"]["usualPerDay"] == 12.5


@pytest.mark.parametrize("path", WAYS)
def test_zero_is_a_reading_by_every_way_in(api: Api, path: str) -> None:
    assert record(api, "2023-01-31", 0, path).status_code == 201
    assert record(api, "2023-02-01", 0.5, path).status_code == 201
    again = send(api, f"{path}/{_stored(api)[1]}", "PUT", amount=0)
    assert (again.status_code, again.json_body["amount"]) == (200, 0)


@pytest.mark.parametrize("path", WAYS)
def test_a_date_with_a_time_and_no_offset_is_local_by_every_way_in(api: Api, path: str) -> None:
    shown = [
        record(api, date, 1, path, confirm=True).json_body["date"]
        for date in ("2023-07-01T12:00", "2023-10-29T02:30", "2023-03-26T02:30", "2023-07-02T12:00+00:00")
    ]
    assert shown == [
        "2023-07-01T10:00:00.000Z",
        "2023-10-29T00:30:00.000Z",  # the first of the two
        "2023-03-26T01:30:00.000Z",  # 03:30, where the clock before the change would show 02:30
        "2023-07-02T12:00:00.000Z",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/energy/import",
        "/v2/energy/import",
        "/components/csv_import",
    ],
)
def test_a_file_has_zeros_and_local_times_too(api: Api, path: str) -> None:
    content = "date,type,amount\n2023-07-01T12:00,power,0\n2023-07-02T12:00,power,0.5\n"
    assert api.request("POST", path, content, content_type="text/csv").json_body["success"] == 2
    listed = api.request("GET", "/v2/energy?type=power").json_body["readings"]
    assert [(each["date"], each["amount"]) for each in listed] == [
        ("2023-07-01T10:00:00.000Z", 0),
        ("2023-07-02T10:00:00.000Z", 0.5),
    ]


def _stored(api: Api) -> list[str]:
    return [each["id"] for each in api.request("GET", "/v2/energy?type=power").json_body["readings"]]


def five_digits(api: Api) -> None:
    send(api, "/v2/settings", "PUT", zone="Europe/Berlin", moduli={"power": 100_000})


@pytest.mark.parametrize("path", WAYS)
def test_what_the_register_cannot_show_is_refused_whatever_is_confirmed(api: Api, path: str) -> None:
    five_digits(api)
    refused = refusal(path)(record(api, "2023-01-31", 100_000, path, confirm=True), 422)
    assert "code" not in refused
    assert "is not below 100000" in refused["errors"][0]["reason"]
    assert record(api, "2023-01-31", 99_999.9, path).status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/v1/energy/import",
        "/v2/energy/import",
        "/components/csv_import",
    ],
)
def test_a_row_of_what_the_register_cannot_show_is_an_error_of_its_row(api: Api, path: str) -> None:
    five_digits(api)
    content = "date,type,amount\n2023-01-31,power,100000\n2023-02-31,power,5\n2023-01-31,gas,100000\n"
    refused = refusal(path)(api.request("POST", path, content, content_type="text/csv"), 422)
    assert [field["where"] for field in refused["errors"]] == ["row 2: amount", "row 3: date"]
    assert "100000 is not below 100000" in refused["errors"][0]["reason"]
    assert not _stored(api)
    report = api.request("POST", f"{path}?mode=partial", content, content_type="text/csv").json_body
    assert (report["success"], report["skipped"], report["error"]) == (1, 0, 2)
    assert [field["where"] for field in report["errors"]] == ["row 2: amount", "row 3: date"]
    again = api.request("POST", f"{path}?mode=partial", content, content_type="text/csv").json_body
    assert (again["success"], again["skipped"], again["error"]) == (0, 1, 2)
    assert not _stored(api)


@pytest.mark.parametrize("confirm", ["true", "false"])
def test_an_import_of_version_1_takes_confirm(api: Api, confirm: str) -> None:
    content = "date,type,amount\n2023-01-31,power,5\n"
    answer = api.request("POST", f"/v1/energy/import?confirm={confirm}", content, content_type="text/csv")
    assert answer.json_body == {"success": 1, "skipped": 0, "error": 0, "errors": []}
    assert error(api.request("POST", "/v1/energy/import?confirm=yes", content, content_type="text/csv"), 422)


def test_an_exchange_is_asked_about_unless_confirmed(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    record(api, "2023-02-28", 40, confirm=True)
    before = source_version(api)
    old = problem(exchange(api, "2023-02-15", 999), 422)
    assert (old["code"], old["errors"][0]["where"]) == ("LOWER_THAN_PREVIOUS", "finalOld")
    new = problem(exchange(api, "2023-02-15", 1010, 41), 422)
    assert (new["code"], new["errors"][0]["where"]) == ("HIGHER_THAN_NEXT", "initialNew")
    assert problem(exchange(api, "2023-02-15", 99_999), 422)["code"] == "FAR_ABOVE_USUAL"
    assert source_version(api) == before
    assert api.request("GET", "/v2/exchanges?type=power").json_body == {"exchanges": []}
    assert exchange(api, "2023-02-15", 999, 41, confirm=True).status_code == 201


def test_an_exchange_with_a_reading_of_its_day_is_asked_for_its_time(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    record(api, "2023-02-15T09:00", 1060)
    asked = problem(exchange(api, "2023-02-15", 1061), 422)
    assert asked["details"]["exchangeWithoutTime"] == "2023-02-14T23:00:00.000Z"
    assert "has no time of day" in asked["detail"]
    assert exchange(api, "2023-02-15T10:00", 1061).status_code == 201


def test_what_the_register_cannot_show_is_no_exchange(api: Api) -> None:
    five_digits(api)
    made = exchange(api, "2023-02-15", 99_999)
    for field in ("finalOld", "initialNew"):
        new: dict[str, Any] = {"type": "power", "date": "2023-02-16", "finalOld": 5, "confirm": True, field: 100_000}
        changed: dict[str, Any] = {"confirm": True, field: 100_000}
        for answer in (send(api, "/v2/exchanges", **new), send(api, made.headers["Location"], "PUT", **changed)):
            assert [error["where"] for error in problem(answer, 422)["errors"]] == [field]


def test_an_exchange_is_corrected_and_counts_its_revision_up(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    made = exchange(api, "2023-02-15", 1050, 7)
    assert (made.headers["ETag"], made.json_body["exchange"]["revision"]) == ('"1"', 1)
    told = len(api.publisher.events)
    answer = send(api, made.headers["Location"], "PUT", {"If-Match": '"1"'}, date="2023-03-01", finalOld=1080)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    corrected = {**made.json_body["exchange"], "date": "2023-02-28T23:00:00.000Z", "finalOld": 1080, "revision": 2}
    assert answer.json_body["exchange"] == corrected
    assert api.request("GET", "/v2/exchanges?type=power").json_body == {"exchanges": [corrected]}
    moved = {"first": "2023-02-14T23:00:00.000Z", "last": "2023-02-28T23:00:00.000Z"}
    assert answer.json_body["meter"] == {"type": "power", "sourceVersion": 3, **moved}
    [event] = api.publisher.events[told:]
    assert isinstance(event, MeterExchanged)
    assert json.loads(event.meter.model_dump_json(by_alias=True))["last"] == "2023-02-28T23:00:00Z"


def test_both_instants_of_a_moved_exchange_are_dirty(api: Api) -> None:
    made = exchange(api, "2023-05-15", 1050)
    api.container.calculation.refresh("alice", EnergyType.POWER)
    send(api, made.headers["Location"], "PUT", date="2023-02-15")
    snapshot = api.container.queries.snapshot("alice", EnergyType.POWER, Backend.NEW)
    points = [made.json_body["meter"]["last"], send(api, made.headers["Location"], "PUT").json_body["meter"]["first"]]
    assert points == ["2023-05-14T22:00:00.000Z", "2023-02-14T23:00:00.000Z"]
    assert (snapshot.dirty_from, snapshot.dirty_to) == (1_676_415_600_000, 1_684_101_600_000)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("seen", ['"2"', '"x"', 'W/"1"'])
def test_an_exchange_is_changed_only_as_the_caller_has_seen_it(api: Api, method: str, seen: str) -> None:
    made = exchange(api, "2023-02-15", 1050)
    problem(send(api, made.headers["Location"], method, {"If-Match": seen}), 412)
    assert source_version(api) == 1
    assert send(api, made.headers["Location"], method, {"If-Match": '"1"'}).status_code in (200, 204)


def test_an_exchange_is_not_moved_onto_another(api: Api) -> None:
    exchange(api, "2023-02-15", 1050)
    other = exchange(api, "2023-03-15", 70)
    problem(send(api, other.headers["Location"], "PUT", date="2023-02-15"), 409)
    assert send(api, other.headers["Location"], "PUT", date="2023-03-15", finalOld=71).status_code == 200


def test_a_correction_of_an_exchange_is_asked_about_too(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    made = exchange(api, "2023-02-15", 1050)
    assert problem(send(api, made.headers["Location"], "PUT", finalOld=999), 422)["code"] == "LOWER_THAN_PREVIOUS"
    assert send(api, made.headers["Location"], "PUT", finalOld=999, confirm=True).status_code == 200


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"finalOld": -1}, "finalOld"),
        ({"initialNew": "5"}, "initialNew"),
        ({"date": "2024-01-01"}, "date"),
        ({"type": "gas"}, "type"),
        ({"confirm": 1}, "confirm"),
    ],
)
def test_a_wrong_field_of_a_correction_is_422_and_named(api: Api, changed: dict[str, Any], where: str) -> None:
    made = exchange(api, "2023-02-15", 1050)
    answer = send(api, made.headers["Location"], "PUT", **changed)
    assert [field["where"] for field in problem(answer, 422)["errors"]] == [where]


def test_an_exchange_that_nobody_has_is_404(api: Api) -> None:
    made = exchange(api, "2023-02-15", 1050)
    problem(send(api, "/v2/exchanges/unknown", "PUT", finalOld=5), 404)
    problem(api.request("PUT", made.headers["Location"], '{"finalOld": 5}', user="bob"), 404)
