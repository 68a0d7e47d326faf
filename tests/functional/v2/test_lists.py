"""Lists of readings over HTTP: filter, sort, pages, and one reading by itself."""

import base64
import json
from typing import Any

import pytest

from tests.functional.conftest import Api, problem

DAYS = [f"2023-01-{day:02}" for day in range(1, 12)]


def fill(api: Api, user: str = "alice") -> None:
    rows = [f"{day},{kind},{100 + index}" for kind in ("power", "gas") for index, day in enumerate(DAYS)]
    content = "\n".join(["date,type,amount", *rows])
    answer = api.request("POST", "/v2/energy/import", content, user=user, content_type="text/csv")
    assert answer.json_body["success"] == len(rows)


def listed(api: Api, query: str = "") -> Any:
    answer = api.request("GET", f"/v2/energy?{query}")
    assert answer.status_code == 200
    return answer.json_body


def walked(api: Api, query: str) -> list[dict[str, Any]]:
    """All pages, each with the cursor of the page before."""
    page = listed(api, query)
    seen: list[dict[str, Any]] = page["readings"]
    while page["nextCursor"]:
        page = listed(api, f"{query}&cursor={page['nextCursor']}")
        assert page["readings"], "a cursor leads somewhere"
        assert page["readings"][0] not in seen
        seen += page["readings"]
    return seen


def test_a_list_shows_readings_by_date_as_one_by_one(api: Api) -> None:
    fill(api)
    readings = listed(api)["readings"]
    assert [reading["date"] for reading in readings] == sorted(reading["date"] for reading in readings)
    assert len(readings) == 22
    one = api.request("GET", f"/v2/energy/{readings[3]['id']}")
    assert one.json_body == readings[3]
    assert set(one.json_body) == {"id", "type", "date", "amount", "source", "revision", "createdAt", "updatedAt"}


def test_who_has_no_readings_sees_an_empty_list(api: Api) -> None:
    fill(api, user="bob")
    assert listed(api) == {"readings": [], "nextCursor": None}


@pytest.mark.parametrize("limit", [1, 2, 5, 11, 21, 22, 23])
@pytest.mark.parametrize("sort", ["date", "-date"])
def test_pages_show_everything_once_in_order(api: Api, limit: int, sort: str) -> None:
    fill(api)
    fill(api, user="bob")
    seen = walked(api, f"limit={limit}&sort={sort}")
    assert len({reading["id"] for reading in seen}) == len(seen) == 22
    dates = [reading["date"] for reading in seen]
    assert dates == sorted(dates, reverse=sort == "-date")


def test_pages_of_a_filtered_list_stay_within_the_filter(api: Api) -> None:
    fill(api)
    query = "type=gas&from=2023-01-03&to=2023-01-07&sort=-date&limit=2"
    assert [reading["amount"] for reading in walked(api, query)] == [106, 105, 104, 103, 102]
    assert {reading["type"] for reading in walked(api, query)} == {"gas"}


def test_both_ends_of_a_range_are_dates_in_the_users_zone_or_instants(api: Api) -> None:
    fill(api)
    assert len(listed(api, "type=power&from=2023-01-10")["readings"]) == 2
    assert len(listed(api, "type=power&from=2023-01-09T23:00:00Z")["readings"]) == 2
    assert len(listed(api, "type=power&from=2023-01-09T23:00:00.001Z")["readings"]) == 1
    assert len(listed(api, "type=power&to=2023-01-02T00:00:00%2B01:00")["readings"]) == 2
    assert listed(api, "from=2023-01-05&to=2023-01-04")["readings"] == []


@pytest.mark.parametrize("path", ["/v2/energy", "/components/energy_table"])
def test_a_last_date_includes_its_whole_local_day(api: Api, path: str) -> None:
    """26 March 2023 has 23 hours in Berlin."""
    for date, amount in (("2023-03-26", 1), ("2023-03-26T21:59:59.999Z", 2), ("2023-03-26T22:00:00Z", 3)):
        api.request("POST", "/v2/energy", json.dumps({"type": "power", "date": date, "amount": amount}))

    def amounts(last: str) -> list[float]:
        answer = api.request("GET", f"{path}?type=power&to={last}").json_body
        return [reading["amount"] for reading in answer["readings"]]

    assert amounts("2023-03-26") == [1, 2]
    assert amounts("2023-03-26T00:00") == [1]
    assert amounts("2023-03-27") == [1, 2, 3]


def test_a_reading_that_arrives_while_somebody_turns_pages_moves_no_other(api: Api) -> None:
    fill(api)
    first = listed(api, "type=power&limit=4")
    api.request("POST", "/v2/energy", json.dumps({"type": "power", "date": "2022-12-31", "amount": 5}))
    rest = listed(api, f"type=power&cursor={first['nextCursor']}")["readings"]
    assert [reading["amount"] for reading in first["readings"] + rest] == list(range(100, 111))


def test_without_a_limit_a_page_has_fifty(api: Api) -> None:
    rows = "\n".join(f"2023-01-01T{index // 60:02}:{index % 60:02}Z,power,{index + 1}" for index in range(60))
    api.request("POST", "/v2/energy/import", f"date,type,amount\n{rows}", content_type="text/csv")
    page = listed(api)
    assert len(page["readings"]) == 50
    assert len(listed(api, f"cursor={page['nextCursor']}")["readings"]) == 10


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("type=water", "type"),
        ("sort=amount", "sort"),
        ("from=yesterday", "date"),
        ("to=2023-02-31", "date"),
        ("from=", "from"),
        ("user=bob", "user"),
        ("cursor=" + "x" * 201, "cursor"),
    ],
)
def test_a_wrong_list_query_is_422_and_names_the_field(api: Api, query: str, where: str) -> None:
    body = problem(api.request("GET", f"/v2/energy?{query}"), 422)
    assert [error["where"] for error in body["errors"]] == [where]


def cursor(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "nonsense",
        "%C3%BC",
        "AAAA",
        cursor([]),
        cursor(7),
        cursor({"a": 1, "b": 2}),
        cursor([1, 2]),
        cursor(["1", "x"]),
        cursor([1.5, "x"]),
        cursor([-(10**14) + 1, "x"]),
        cursor([10**14 - 1, "x"]),
        cursor([10**40, "x"]),
        cursor([None, "x"]),
        cursor([1_700_000_000_000, "\ud800"]),
        cursor([1, "x", "y"]),
    ],
)
def test_a_cursor_that_no_page_gave_is_422(api: Api, forged: str) -> None:
    body = problem(api.request("GET", f"/v2/energy?cursor={forged}"), 422)
    assert [error["where"] for error in body["errors"]] == ["cursor"]


def test_a_cursor_of_somebody_else_shows_the_callers_own_readings(api: Api) -> None:
    fill(api)
    fill(api, user="bob")
    theirs = api.request("GET", "/v2/energy?limit=3", user="bob").json_body["nextCursor"]
    mine = {reading["id"] for reading in listed(api)["readings"]}
    assert {reading["id"] for reading in listed(api, f"cursor={theirs}")["readings"]} <= mine
