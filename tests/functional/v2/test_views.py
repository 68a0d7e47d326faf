"""Timeline and summary over HTTP, and the answer to a caller who comes again: ETag and 304 for every view."""

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.bootstrap.container import using
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.readings import EnergyType
from chalicelib.services.display.display import DisplayService
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.store import FakeQueries
from tests.functional.conftest import NOW, Api, problem

MONTHLY = "dataType=monthly&year=2023"
HISTOGRAM = "dataType=histogram"
SUMMARY = "dataType=summary"
VIEWS = [MONTHLY, HISTOGRAM, SUMMARY]


def record(api: Api, date: str, amount: float) -> None:
    body = json.dumps({"type": "power", "date": date, "amount": amount})
    assert api.request("POST", "/v2/energy", body).status_code == 201


def refresh(api: Api) -> None:
    assert api.container.calculation.refresh("alice", EnergyType.POWER)


def show(api: Api, query: str, known: str | None = None) -> Any:
    headers = {} if known is None else {"If-None-Match": known}
    return api.request("GET", f"/v2/display?type=power&{query}", headers=headers)


def later(api: Api, elapsed_ms: int) -> AbstractContextManager[None]:
    """The same store, asked some time later."""
    display = DisplayService(FakeDisplay(api.store), FakeQueries(api.store), lambda: NOW + elapsed_ms)
    return using(replace(api.container, display=display))


@pytest.fixture
def year(api: Api) -> Api:
    """One reading at the end of each month up to October 2023, 100 kWh each."""
    days = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31)
    for month, day in enumerate(days, start=1):
        record(api, f"2023-{month:02}-{day}", 1000 + 100 * month)
    refresh(api)
    return api


@pytest.mark.parametrize("view", VIEWS)
def test_who_has_the_view_already_gets_304_without_a_body(year: Api, view: str) -> None:
    etag = show(year, view).headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        answer = show(year, view, known)
        assert (answer.status_code, answer.body, answer.headers["ETag"]) == (304, b"", etag)


@pytest.mark.parametrize("view", VIEWS)
def test_who_has_it_by_an_older_calculation_version_gets_it_anew(year: Api, view: str) -> None:
    etag = show(year, view).headers["ETag"]
    ours = f'"{CALCULATION_VERSION}.'
    assert etag.startswith(ours)
    for before in (etag.replace(ours, '"', 1), etag.replace(ours, f'"{CALCULATION_VERSION - 1}.', 1)):
        answer = show(year, view, before)
        assert (answer.status_code, answer.headers["ETag"]) == (200, etag)


@pytest.mark.parametrize("view", VIEWS)
def test_each_change_and_each_refresh_makes_the_view_a_new_one(year: Api, view: str) -> None:
    first = show(year, view).headers["ETag"]
    record(year, "2023-11-10", 2100)
    between = show(year, view, first)
    assert between.status_code == 200
    assert between.json_body["meta"]["stale"] is True
    refresh(year)
    after = show(year, view, between.headers["ETag"])
    assert after.status_code == 200
    assert after.json_body["meta"] | {"calculatedAt": 0} == {
        "sourceVersion": 11,
        "displayVersion": 11,
        "stale": False,
        "calculatedAt": 0,
    }
    assert len({first, between.headers["ETag"], after.headers["ETag"]}) == 3


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_that_is_calculated_on_the_spot_has_the_etag_and_data_of_the_stored_one(year: Api, view: str) -> None:
    stored = show(year, view)
    year.store.stored.display.clear()
    fresh = show(year, view)
    assert fresh.json_body["data"] == stored.json_body["data"]
    assert fresh.headers["ETag"] == stored.headers["ETag"]
    assert fresh.json_body["meta"]["calculatedAt"] is None


def test_the_summary_is_another_one_on_the_next_local_day_and_the_other_views_are_not(year: Api) -> None:
    """It is 23:13 in Berlin."""
    etags = {view: show(year, view).headers["ETag"] for view in VIEWS}
    assert "2023-11-14" in etags[SUMMARY]
    with later(year, 40 * 60_000):
        assert show(year, SUMMARY, etags[SUMMARY]).status_code == 304
    with later(year, 50 * 60_000):
        answer = show(year, SUMMARY, etags[SUMMARY])
        assert answer.status_code == 200
        assert answer.json_body["data"]["day"] == "2023-11-15"
        assert show(year, MONTHLY, etags[MONTHLY]).status_code == 304
        assert show(year, HISTOGRAM, etags[HISTOGRAM]).status_code == 304


def test_the_summarys_day_is_the_users(year: Api) -> None:
    settings = json.dumps({"zone": "Pacific/Auckland"})
    assert year.request("PUT", "/v2/settings", settings).status_code == 200
    refresh(year)
    assert show(year, SUMMARY).json_body["data"]["day"] == "2023-11-15"


def test_the_summary_tells_the_months_and_the_last_reading(year: Api) -> None:
    data = show(year, SUMMARY).json_body["data"]
    assert data["lastMonth"] == {"value": 100, "quality": "measured"}
    assert data["sameMonthLastYear"] == {"value": None, "quality": None}  # four months before the first reading
    assert data["lastReading"]["amount"] == 2000
    assert data["lastReading"]["ageDays"] == 14


def test_a_user_without_readings_sees_an_empty_timeline_and_empty_cards(api: Api) -> None:
    assert show(api, HISTOGRAM).json_body["data"] == {"buckets": [], "maxCount": 0, "dateRange": None}
    cards = show(api, SUMMARY).json_body["data"]
    assert cards["day"] == "2023-11-14"
    assert cards["lastReading"] is None


def test_the_timeline_counts_readings_from_the_first_to_the_last(year: Api) -> None:
    data = show(year, HISTOGRAM).json_body["data"]
    assert len(data["buckets"]) == 100
    assert sum(bucket["count"] for bucket in data["buckets"]) == 10
    assert data["dateRange"] == {"min": "2023-01-30T23:00:00.000Z", "max": "2023-10-30T23:00:00.000Z"}


def test_a_timeline_can_be_of_any_range_and_number_of_buckets(year: Api) -> None:
    query = f"{HISTOGRAM}&from=2023-01-01T00:00Z&to=2023-05-01T00:00Z&buckets=4"
    answer = show(year, query)
    assert [bucket["count"] for bucket in answer.json_body["data"]["buckets"]] == [1, 1, 1, 1]
    assert answer.json_body["data"]["buckets"][0]["startDate"] == "2023-01-01T00:00:00.000Z"
    assert show(year, query, answer.headers["ETag"]).status_code == 304
    half = show(year, f"{HISTOGRAM}&from=2023-06-01").json_body["data"]
    assert (half["dateRange"]["min"], sum(bucket["count"] for bucket in half["buckets"])) == (
        "2023-05-31T22:00:00.000Z",
        5,
    )
    few = show(year, f"{HISTOGRAM}&buckets=1").json_body["data"]
    assert (len(few["buckets"]), few["maxCount"]) == (1, 10)


def test_a_range_of_no_length_has_buckets_of_no_width(year: Api) -> None:
    data = show(year, f"{HISTOGRAM}&from=2023-01-31&to=2023-01-31&buckets=3").json_body["data"]
    assert [bucket["count"] for bucket in data["buckets"]] == [1, 0, 0]


@pytest.mark.parametrize(
    "query",
    [
        "from=2023-02-01&to=2023-01-01",
        "from=2024-01-01",
        "to=1999-01-01",
        "buckets=0",
        "buckets=1001",
        "buckets=x",
        "from=soon",
        "to=2023-02-29",
    ],
)
def test_a_timeline_that_cannot_be_is_422(year: Api, query: str) -> None:
    problem(show(year, f"{HISTOGRAM}&{query}"), 422)


@pytest.mark.parametrize("view", [MONTHLY, HISTOGRAM, f"{HISTOGRAM}&from=2023-01-01&buckets=7", SUMMARY])
def test_while_the_new_side_rests_every_view_shows_the_old_side_as_it_is(year: Api, view: str) -> None:
    year.store.stored.sync = replace(year.store.stored.sync, mode=SyncMode.OLD_ONLY)
    record(year, "2023-11-10", 2100)
    answer = show(year, view).json_body
    assert answer["meta"]["stale"] is False
    assert answer["meta"]["sourceVersion"] == 11
