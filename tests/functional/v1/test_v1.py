"""Version 1: bare shapes, calculated on request, and nothing that only version 2 knows."""

import copy
import json
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.api.upload import UploadedFile
from chalicelib.api.v1.shapes import ImportQuery
from chalicelib.domain.events.contracts import EnergyReadingCreated, EnergyReadingDeleted, EnergyReadingUpdated
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.readings import EnergyType
from tests.functional.conftest import Api, error

READING_MEMBERS = ["_id", "userId", "type", "date", "amount", "createdAt", "updatedAt"]
NOBODYS = "0123456789abcdef01234567"
CSV = "date,type,amount\n2023-01-31,power,1000.125\n2023-02-28,power,1100\n2023-01-31,gas,50\n"


def record(api: Api, date: str, amount: float, kind: str = "power", user: str = "alice") -> dict[str, Any]:
    answer = api.request("POST", "/v1/energy", json.dumps({"type": kind, "date": date, "amount": amount}), user=user)
    assert answer.status_code == 201
    reading: dict[str, Any] = answer.json_body
    return reading


def shown(api: Api, path: str, user: str = "alice") -> Any:
    answer = api.request("GET", path, user=user)
    assert answer.status_code == 200
    return answer.json_body


def put(api: Api, reading_id: str, body: dict[str, Any], user: str = "alice") -> HTTPResponse:
    return api.request("PUT", f"/v1/energy/{reading_id}", json.dumps(body), user=user)


def test_a_reading_is_bare_and_belongs_to_the_token_s_user(api: Api) -> None:
    reading = record(api, "2023-01-31", 1000.125)
    assert list(reading) == READING_MEMBERS
    assert reading["userId"] == "alice"
    assert reading["date"] == "2023-01-30T23:00:00.000Z"
    assert shown(api, "/v1/energy") == [reading]


def test_of_a_member_that_is_given_twice_the_last_counts_as_ever(api: Api) -> None:
    twice = '{"type": "power", "date": "2023-01-31", "amount": 5, "amount": 50}'
    answer = api.request("POST", "/v1/energy", twice)
    assert (answer.status_code, answer.json_body["amount"]) == (201, 50)


def test_the_list_is_a_bare_array_by_date_of_all_or_one_type(api: Api) -> None:
    later, gas, earlier = (
        record(api, "2023-02-28", 20),
        record(api, "2023-02-01", 5, "gas"),
        record(api, "2023-01-31", 9),
    )
    assert shown(api, "/v1/energy") == [earlier, gas, later]
    assert shown(api, "/v1/energy?type=power") == [earlier, later]
    assert shown(api, "/v1/energy", user="bob") == []


def test_version_1_shows_no_etag_and_no_version(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    for path in ("/v1/energy", "/v1/monthly?type=power&year=2023", "/v1/summary?type=power"):
        headers = {name.lower() for name in api.request("GET", path).headers}
        assert not headers & {"etag", "x-source-version", "x-backend"}


def test_a_changed_reading_comes_back_bare_and_keeps_what_was_not_sent(api: Api) -> None:
    before = record(api, "2023-01-31", 1000)
    answer = put(api, before["_id"], {"amount": 1010.5})
    assert answer.status_code == 200
    after = answer.json_body
    assert after["updatedAt"] > before["updatedAt"]
    assert after == before | {"amount": 1010.5, "updatedAt": after["updatedAt"]}
    assert shown(api, "/v1/energy") == [after]


def test_a_whole_reading_may_be_sent_back_and_changes_only_date_and_amount(api: Api) -> None:
    before = record(api, "2023-01-31", 1000)
    sent = before | {"amount": 1001, "userId": "bob", "_id": NOBODYS, "createdAt": "1970-01-01T00:00:00.000Z"}
    after = put(api, before["_id"], sent).json_body
    assert after == before | {"amount": 1001, "updatedAt": after["updatedAt"]}
    assert shown(api, "/v1/energy", user="bob") == []


def test_the_type_of_a_reading_cannot_be_changed(api: Api) -> None:
    reading = record(api, "2023-01-31", 1000)
    refusal = error(put(api, reading["_id"], {"type": "gas", "amount": 5}), 422)
    assert refusal["errors"][0]["where"] == "type"
    assert shown(api, "/v1/energy") == [reading]


def test_moving_a_reading_onto_a_taken_instant_is_409(api: Api) -> None:
    first, second = record(api, "2023-01-31", 1000), record(api, "2023-02-28", 1100)
    error(put(api, second["_id"], {"date": "2023-01-31", "amount": 1000}), 409)
    assert shown(api, "/v1/energy") == [first, second]


def test_a_change_that_runs_backwards_is_422_with_a_code_unless_confirmed(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    last = record(api, "2023-02-28", 1100)
    assert error(put(api, last["_id"], {"amount": 900}), 422)["code"] == "LOWER_THAN_PREVIOUS"
    assert put(api, last["_id"], {"amount": 900, "confirm": True}).status_code == 200


def test_a_deleted_reading_is_gone_and_deleting_it_again_is_404(api: Api) -> None:
    reading = record(api, "2023-01-31", 1000)
    answer = api.request("DELETE", f"/v1/energy/{reading['_id']}")
    assert (answer.status_code, answer.body) == (200, b'{"success":true}')
    assert shown(api, "/v1/energy") == []
    error(api.request("DELETE", f"/v1/energy/{reading['_id']}"), 404)


@pytest.mark.parametrize("body", [{"amount": 5}, {"type": "power", "amount": 5}, {"type": "gas"}, {}])
def test_another_users_reading_is_404_and_nothing_changes(api: Api, body: dict[str, Any]) -> None:
    reading = record(api, "2023-01-31", 1000)
    before, told = copy.deepcopy(api.store.stored), len(api.publisher.events)
    error(put(api, reading["_id"], body, user="bob"), 404)
    error(api.request("DELETE", f"/v1/energy/{reading['_id']}", user="bob"), 404)
    assert api.store.stored == before
    assert len(api.publisher.events) == told


@pytest.mark.parametrize("reading_id", [NOBODYS, "123", "a" * 300, "%24where"])
def test_an_id_that_nobody_has_is_404(api: Api, reading_id: str) -> None:
    error(put(api, reading_id, {"amount": 5}), 404)
    error(api.request("DELETE", f"/v1/energy/{reading_id}"), 404)


def test_every_write_tells_of_itself_as_a_write_of_version_2_does(api: Api) -> None:
    reading = record(api, "2023-01-31", 1000)
    put(api, reading["_id"], {"amount": 1001})
    api.request("DELETE", f"/v1/energy/{reading['_id']}")
    kinds = [type(event) for event in api.publisher.events]
    assert kinds == [EnergyReadingCreated, EnergyReadingUpdated, EnergyReadingDeleted]
    assert [meter.source_version for event in api.publisher.events for meter in event.meters] == [1, 2, 3]  # type: ignore[attr-defined]


def test_an_import_answers_with_counts_alone(api: Api) -> None:
    first = api.request("POST", "/v1/energy/import", CSV, content_type="text/csv")
    again = api.request("POST", "/v1/energy/import", CSV, content_type="text/csv")
    assert (first.status_code, first.body) == (200, b'{"success":3,"skipped":0,"error":0,"errors":[]}')
    assert (again.status_code, again.body) == (200, b'{"success":0,"skipped":3,"error":0,"errors":[]}')
    assert [reading["amount"] for reading in shown(api, "/v1/energy?type=power")] == [1000.125, 1100]


def test_one_bad_row_stops_the_whole_file_and_is_named(api: Api) -> None:
    refusal = error(
        api.request("POST", "/v1/energy/import", CSV + "2023-02-31,power,1\n", content_type="text/csv"), 422
    )
    assert [row["where"] for row in refusal["errors"]] == ["row 5: date"]
    assert not api.store.stored.readings


def test_in_partial_mode_the_good_rows_are_stored_and_the_first_hundred_bad_ones_named(api: Api) -> None:
    bad = CSV + "2023-02-31,power,1\n" * 150
    result = api.request("POST", "/v1/energy/import?mode=partial", bad, content_type="text/csv").json_body
    assert (result["success"], result["error"], len(result["errors"])) == (3, 150, 100)
    assert set(result["errors"][0]) == {"where", "reason"}


def test_an_ambiguous_file_is_refused_with_the_remedy(api: Api) -> None:
    ambiguous = "date;type;amount\n2023-01-31;power;1.234\n"
    refusal = error(api.request("POST", "/v1/energy/import", ambiguous, content_type="text/csv"), 422)
    assert "decimal=" in refusal["error"]
    told = api.request("POST", "/v1/energy/import?decimal=,", ambiguous, content_type="text/csv")
    assert told.json_body["success"] == 1


def test_the_months_are_a_bare_array_of_twelve_that_knows_december(api: Api) -> None:
    record(api, "2022-12-31", 1000)
    record(api, "2023-01-31", 1310)
    months = shown(api, "/v1/monthly?type=power&year=2023")
    assert [month["monthLabel"] for month in months][:2] == ["Jan", "Feb"]
    assert len(months) == 12
    assert (months[0]["meterReading"], months[0]["consumption"]) == (1310, 310)


def test_a_write_shows_at_once_without_any_refresh(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    assert shown(api, "/v1/monthly?type=power&year=2023")[1]["meterReading"] is None
    record(api, "2023-02-28", 1100)
    assert shown(api, "/v1/monthly?type=power&year=2023")[1]["meterReading"] == 1100
    assert not api.store.stored.display


def test_the_histogram_counts_readings_from_the_first_to_the_last_or_in_a_given_range(api: Api) -> None:
    for date in ("2023-01-01", "2023-01-02", "2023-01-05", "2023-01-11"):
        record(api, date, 100)
    whole = shown(api, "/v1/histogram?type=power")
    assert list(whole) == ["buckets", "maxCount", "dateRange"]
    assert (len(whole["buckets"]), sum(bucket["count"] for bucket in whole["buckets"])) == (100, 4)
    part = shown(api, "/v1/histogram?type=power&from=2023-01-02&to=2023-01-06&buckets=2")
    assert [bucket["count"] for bucket in part["buckets"]] == [1, 1]
    assert part["dateRange"] == {"min": "2023-01-01T23:00:00.000Z", "max": "2023-01-05T23:00:00.000Z"}
    assert shown(api, "/v1/histogram?type=gas") == {"buckets": [], "maxCount": 0, "dateRange": None}


def test_the_summary_is_the_bare_cards_of_the_users_day(api: Api) -> None:
    record(api, "2023-10-31", 1000)
    record(api, "2023-11-14", 1140)
    cards = shown(api, "/v1/summary?type=power")
    assert cards["day"] == "2023-11-14"
    assert cards["monthSoFar"] == {"value": 140, "quality": "measured"}
    assert shown(api, "/v1/summary?type=power", user="bob")["lastReading"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/v1/energy?type=water",
        "/v1/energy?userId=bob",
        "/v1/monthly",
        "/v1/monthly?type=power",
        "/v1/monthly?type=water&year=2023",
        "/v1/monthly?type=power&year=abc",
        "/v1/monthly?type=power&year=99999",
        "/v1/histogram",
        "/v1/histogram?type=power&buckets=0",
        "/v1/histogram?type=power&buckets=1000000",
        "/v1/histogram?type=power&from=2023-02-31",
        "/v1/histogram?type=power&from=2023-03-01&to=2023-02-01",
        "/v1/summary?type=",
        "/v1/summary?type=power&userId=bob",
    ],
)
def test_a_wrong_query_is_422(api: Api, path: str) -> None:
    error(api.request("GET", path), 422)


@pytest.mark.parametrize("path", ["/v1/energy", "/v1/monthly?type=power&year=2023", "/v1/summary?type=power"])
def test_a_dead_database_is_503_when_looking_too(api: Api, path: str) -> None:
    api.store.down = True
    assert int(api.request("GET", path).headers["Retry-After"]) > 0
    error(api.request("GET", path), 503)


def test_every_option_of_an_import_is_what_the_service_gets() -> None:
    query = {
        "mode": "partial",
        "confirm": "true",
        "onConflict": "skip",
        "delimiter": ";",
        "decimal": ",",
        "dateOrder": "mdy",
        "type": "gas",
        "dateColumn": "when",
        "typeColumn": "what",
        "amountColumn": "how much",
    }
    file = UploadedFile(b"", "readings.csv", "text/csv")
    csv = CsvOptions(";", ",", "mdy", EnergyType.GAS, "when", "what", "how much")
    assert ImportQuery.model_validate(query).options(file) == ImportOptions(
        "partial", True, False, "skip", csv, "readings.csv"
    )
    assert ImportQuery().options(file) == ImportOptions(file_name="readings.csv")
