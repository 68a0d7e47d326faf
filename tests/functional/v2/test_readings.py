"""Recording readings over HTTP and what the caller gets back."""

import json
from datetime import datetime

from chalicelib.domain.events.contracts import EnergyReadingCreated, EnergyReadingsBulkImported
from tests.functional.conftest import Api, problem

CSV = "date,type,amount\n2023-01-31,power,1000.125\n2023-02-28,power,1100\n2023-01-31,gas,50\n"


def test_a_reading_comes_back_as_stored_with_its_source_version(api: Api) -> None:
    body = json.dumps({"type": "power", "date": "2023-01-31", "amount": 12345.678})
    answer = api.request("POST", "/v2/energy", body)
    assert answer.status_code == 201
    shown = answer.json_body
    assert b'"amount":12345.678' in answer.body
    assert shown["date"] == "2023-01-30T23:00:00.000Z"  # local midnight in Berlin
    assert shown["sourceVersion"] == 1
    assert shown["revision"] == 1
    assert shown["source"] == "manual"


def test_a_date_time_with_an_offset_is_taken_as_that_instant(api: Api) -> None:
    body = json.dumps({"type": "gas", "date": "2023-06-01T12:00:00+02:00", "amount": 5})
    shown = api.request("POST", "/v2/energy", body).json_body
    assert datetime.fromisoformat(shown["date"]).isoformat() == "2023-06-01T10:00:00+00:00"


def test_each_write_tells_of_itself_once_without_amounts(api: Api) -> None:
    api.request("POST", "/v2/energy", json.dumps({"type": "power", "date": "2023-01-31", "amount": 987654}))
    [event] = api.publisher.events
    assert isinstance(event, EnergyReadingCreated)
    assert event.meter.source_version == 1
    assert "987654" not in event.model_dump_json()


def test_an_import_counts_and_names_each_meter_once(api: Api) -> None:
    answer = api.request("POST", "/v2/energy/import", CSV, content_type="text/csv")
    assert answer.status_code == 200
    report = answer.json_body
    assert (report["success"], report["skipped"], report["error"]) == (3, 0, 0)
    assert {(meter["type"], meter["sourceVersion"]) for meter in report["meters"]} == {("power", 1), ("gas", 1)}
    [event] = api.publisher.events
    assert isinstance(event, EnergyReadingsBulkImported)
    assert event.count == 3


def test_the_same_file_again_stores_nothing_and_says_nothing(api: Api) -> None:
    api.request("POST", "/v2/energy/import", CSV, content_type="text/csv")
    told = len(api.publisher.events)
    report = api.request("POST", "/v2/energy/import", CSV, content_type="text/csv").json_body
    assert (report["success"], report["skipped"]) == (0, 3)
    assert report["meters"] == []
    assert len(api.publisher.events) == told


def test_one_bad_row_stops_the_whole_file(api: Api) -> None:
    bad = CSV + "2023-02-31,power,1\n"
    body = problem(api.request("POST", "/v2/energy/import", bad, content_type="text/csv"), 422)
    assert body["errors"][0]["where"].startswith("row 5")
    assert not api.store.stored.readings
    assert not api.publisher.events


def test_in_partial_mode_the_good_rows_are_stored_and_the_bad_ones_named(api: Api) -> None:
    bad = CSV + "2023-02-31,power,1\n"
    report = api.request("POST", "/v2/energy/import?mode=partial", bad, content_type="text/csv").json_body
    assert (report["success"], report["error"]) == (3, 1)
    assert report["errors"][0]["where"].startswith("row 5")


def test_a_row_from_the_far_future_is_an_error_like_a_single_reading(api: Api) -> None:
    ahead = CSV + "2204-11-01,power,5000\n"
    body = problem(api.request("POST", "/v2/energy/import", ahead, content_type="text/csv"), 422)
    assert [error["where"] for error in body["errors"]] == ["row 5: date"]


def test_an_ambiguous_file_is_refused_with_the_remedy(api: Api) -> None:
    ambiguous = "date;type;amount\n2023-01-31;power;1.234\n"
    body = problem(api.request("POST", "/v2/energy/import", ambiguous, content_type="text/csv"), 422)
    assert "decimal=" in body["detail"]
    told = api.request("POST", "/v2/energy/import?decimal=,", ambiguous, content_type="text/csv")
    assert told.json_body["success"] == 1


def test_only_the_first_hundred_row_errors_are_shown_and_all_are_counted(api: Api) -> None:
    bad = "date,type,amount\n" + "2023-02-31,power,1\n" * 150
    body = problem(api.request("POST", "/v2/energy/import", bad, content_type="text/csv"), 422)
    assert len(body["errors"]) == 100
    assert body["errorCount"] == 150
