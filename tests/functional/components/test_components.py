"""Component routes: either backend answers in one shape; headers and usage log say which one it was."""

import json
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.readings import (
    EnergyType,
)
from tests.functional.components.asking import READING, READS, ask, record
from tests.functional.conftest import (
    Api,
    problem,
)


@pytest.mark.parametrize("path", READS)
def test_who_knows_the_answer_is_told_so_by_either_backend(api: Api, path: str) -> None:
    etag = ask(api, path).headers["ETag"]
    for side in Backend:
        api.flags.side = side
        answer = ask(api, path, headers={"If-None-Match": etag})
        assert (answer.status_code, answer.body) == (304, b""), side
        assert answer.headers["X-Backend"] == side
    record(api)
    if path != "timeline_slider?type=power":  # one reading more, and another range
        api.container.calculation.refresh("alice", EnergyType.POWER)
    assert ask(api, path, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("path", ["dashboard?", "timeline_slider?type=power&", "monthly_charts?type=power&year=2023&"])
def test_who_has_just_written_sees_it(api: Api, path: str) -> None:
    record(api, date="2023-10-20")
    api.container.calculation.refresh("alice", EnergyType.POWER)
    record(api, date="2023-10-31", amount=1100)
    api.flags.side = Backend.NEW
    fresh = ask(api, f"{path}consistent=true").body
    assert ask(api, path).body != fresh, "the stored view lags"
    api.container.calculation.refresh("alice", EnergyType.POWER)
    assert ask(api, path).body == fresh


def test_the_etag_of_a_view_begins_with_the_versions_that_it_shows(api: Api) -> None:
    record(api)
    record(api, date="2023-02-28", amount=1100)
    assert ask(api, "monthly_charts?type=power&year=2023").headers["ETag"].startswith(f'"{CALCULATION_VERSION}.2-')
    assert ask(api, "dashboard").headers["ETag"].startswith(f'"{CALCULATION_VERSION}.2.0-')


def test_an_etag_is_sixteen_digits_of_the_body(api: Api) -> None:
    for path, versions in (("energy_table?", ""), ("dashboard?", f"{CALCULATION_VERSION}.0.0-")):
        answer = ask(api, path)
        assert answer.headers["ETag"] == f'"{versions}{sha256(answer.body).hexdigest()[:16]}"'


def test_the_dashboard_has_the_cards_of_each_meter(api: Api) -> None:
    record(api)
    power, gas = ask(api, "dashboard").json_body["meters"]
    assert (power["type"], power["sourceVersion"], power["summary"]["lastReading"]["amount"]) == ("power", 1, 1000.5)
    assert (gas["type"], gas["sourceVersion"], gas["summary"]["lastReading"]) == ("gas", 0, None)


@pytest.mark.parametrize("side", Backend)
def test_the_table_filters_sorts_and_turns_pages(api: Api, side: Backend) -> None:
    for day in range(1, 8):
        record(api, date=f"2023-01-0{day}", amount=day)
        record(api, date=f"2023-01-0{day}", amount=day, type="gas")
    api.flags.side = side
    query = "energy_table?type=gas&from=2023-01-02&to=2023-01-06&sort=-date&limit=2"
    page = ask(api, query).json_body
    seen = page["readings"]
    while page["nextCursor"]:
        page = ask(api, f"{query}&cursor={page['nextCursor']}").json_body
        seen += page["readings"]
    assert [(row["amount"], row["type"]) for row in seen] == [(amount, "gas") for amount in (6, 5, 4, 3, 2)]
    assert set(seen[0]) == {"id", "type", "date", "amount", "revision"}


def test_a_reading_is_changed_only_as_it_was_seen_in_the_table(api: Api) -> None:
    record(api)
    [row] = ask(api, "energy_table").json_body["readings"]
    form, seen = f"/components/energy_forms/{row['id']}", {"If-Match": f'"{row["revision"]}"'}
    assert ask(api, f"energy_forms/{row['id']}").headers["ETag"] == seen["If-Match"]
    changed = api.request("PUT", form, '{"amount": 1001}', headers=seen)
    assert changed.json_body["sourceVersion"] == 2
    for wrong in (seen, {"If-Match": '"17"'}, {"If-Match": f"W/{changed.headers['ETag']}"}):
        problem(api.request("PUT", form, '{"amount": 1002}', headers=wrong), 412)
        problem(api.request("DELETE", form, headers=wrong), 412)
    problem(api.request("DELETE", form, headers={"If-Match": "nonsense"}), 422)
    removed = api.request("DELETE", form, headers={"If-Match": changed.headers["ETag"]})
    assert (removed.status_code, removed.headers["X-Source-Version"]) == (204, "3")


def test_a_recorded_reading_stands_where_its_location_says(api: Api) -> None:
    answer = api.request("POST", "/components/energy_forms", json.dumps(READING))
    there = api.request("GET", answer.headers["Location"])
    assert there.headers["ETag"] == answer.headers["ETag"]
    assert there.json_body | {"sourceVersion": 1} == answer.json_body


def test_a_file_is_imported_with_counts(api: Api) -> None:
    content = "date,type,amount,note\n2023-01-31,power,1,x\n2023-02-31,power,2,x\n"
    path = "/components/csv_import?mode=partial"
    body = api.request("POST", path, content, content_type="text/csv").json_body
    assert (body["success"], body["skipped"], body["error"]) == (1, 0, 1)
    assert body["errors"][0]["where"] == "row 3: date"
    assert body["ignoredColumns"] == ["note"]
    assert [(meter["type"], meter["sourceVersion"]) for meter in body["meters"]] == [("power", 1)]


@pytest.mark.parametrize("side", Backend)
def test_the_old_pages_get_the_months_as_readings_at_the_true_month_ends(api: Api, side: Backend) -> None:
    api.store.stored.settings["alice"] = UserSettings(ZoneInfo("America/New_York"))
    for date, amount in (("2022-12-31", 900), ("2023-01-31", 1000.5), ("2023-06-30", 1500), ("2023-11-13", 1900)):
        record(api, date=date, amount=amount)
    api.container.calculation.refresh("alice", EnergyType.POWER)
    api.flags.side = side
    energies = ask(api, "monthly_charts?type=power&year=2023&shape=energies").json_body
    assert energies[0] == {
        "_id": "power-2023-01",
        "userId": "alice",
        "type": "power",
        "date": "2023-02-01T04:59:59.999Z",
        "amount": 1000.5,
        "createdAt": "2023-02-01T04:59:59.999Z",
        "updatedAt": "2023-02-01T04:59:59.999Z",
    }
    assert energies[5]["date"] == "2023-07-01T03:59:59.999Z"
    assert [energy["_id"][-2:] for energy in energies] == [f"{month:02}" for month in range(1, 13)]


def test_months_in_which_nothing_is_known_are_no_readings(api: Api) -> None:
    record(api)
    energies = ask(api, "monthly_charts?type=power&year=2023&shape=energies").json_body
    assert [energy["_id"] for energy in energies] == ["power-2023-01"]
    assert ask(api, "monthly_charts?type=gas&year=2023&shape=energies").json_body == []


@pytest.mark.parametrize("path", ["unknown", "energy_tables", "Dashboard"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_component_is_404(api: Api, method: str, path: str) -> None:
    problem(api.request(method, f"/components/{path}"), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "dashboard", "GET"),
        ("PUT", "monthly_charts", "GET"),
        ("PUT", "energy_forms", "POST, GET"),
        ("POST", "energy_forms/1", "GET, PUT, DELETE"),
        ("PUT", "csv_import", "POST, GET"),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(api: Api, method: str, path: str, allowed: str) -> None:
    answer = api.request(method, f"/components/{path}")
    problem(answer, 405)
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("dashboard?type=power", "type"),
        ("energy_table?limit=501", "limit"),
        ("energy_table?sort=amount", "sort"),
        ("energy_table?cursor=nonsense", "cursor"),
        ("energy_table?from=2023-02-31", "date"),
        ("timeline_slider", "type"),
        ("timeline_slider?type=power&buckets=0", "buckets"),
        ("timeline_slider?type=power&buckets=1001", "buckets"),
        ("monthly_charts?type=power", "year"),
        ("monthly_charts?type=water&year=2023", "type"),
        ("monthly_charts?type=power&year=2023&shape=table", "shape"),
        ("monthly_charts?type=power&year=2023&userId=bob", "userId"),
    ],
)
def test_a_wrong_query_is_422_and_names_the_field(api: Api, path: str, where: str) -> None:
    body = problem(ask(api, path), 422)
    assert [error["where"] for error in body["errors"]] == [where]


@pytest.mark.parametrize("side", Backend)
def test_the_form_for_a_new_reading_shows_the_last_one_and_where_days_begin(api: Api, side: Backend) -> None:
    api.flags.side = side
    assert ask(api, "energy_forms?type=power").json_body == {"type": "power", "zone": "Europe/Berlin", "last": None}
    record(api, date="2023-02-28", amount=1100)
    record(api)
    record(api, type="gas", date="2023-03-01", amount=7)
    shown = ask(api, "energy_forms?type=power").json_body["last"]
    assert (shown["date"], shown["amount"]) == ("2023-02-27T23:00:00.000Z", 1100)
    assert shown == ask(api, f"energy_forms/{shown['id']}").json_body


@pytest.mark.parametrize("path", [path for path in READS if path != "dashboard"])
def test_an_answer_says_where_the_users_days_begin(api: Api, path: str) -> None:
    record(api)
    settings = json.dumps({"zone": "America/New_York"})
    assert api.request("PUT", "/v2/settings", settings).status_code == 200
    assert ask(api, path).json_body["zone"] == "America/New_York"


@pytest.mark.parametrize(
    "path", ["energy_table?from=2023-01-01", "timeline_slider?type=power&from=2023-01-01&to=2024-01-01"]
)
def test_the_zone_is_read_once(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record(api)
    read: list[str] = []
    settings = api.container.configuration.settings

    def counted(user_id: str) -> Any:
        read.append(user_id)
        return settings(user_id)

    monkeypatch.setattr(api.container.configuration, "settings", counted)
    assert ask(api, path).status_code == 200
    assert read == ["alice"]


@pytest.mark.parametrize(
    ("path", "zone"),
    [
        ("timeline_slider?type=power", "Europe/Berlin"),
        ("monthly_charts?type=power&year=2023", "Europe/Berlin"),
        ("monthly_charts?type=power&year=2023&shape=energies", "2023-01-31T22:59:59.999Z"),
    ],
)
def test_a_stored_view_brings_its_zone(api: Api, path: str, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one that its figures are of; who has just chosen another one sees it with the next refresh."""
    record(api)
    api.flags.side = Backend.NEW
    api.container.calculation.refresh("alice", EnergyType.POWER)
    monkeypatch.setattr(api.container.configuration, "settings", lambda _: UserSettings(ZoneInfo("Asia/Tokyo")))
    shown = ask(api, path).json_body
    assert (shown[0]["date"] if isinstance(shown, list) else shown["zone"]) == zone


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in READS),
        ("POST", "energy_forms"),
        ("GET", "energy_forms/1"),
        ("PUT", "energy_forms/1"),
        ("DELETE", "energy_forms/1"),
        ("POST", "csv_import"),
    ],
)
def test_without_a_token_nobody_answers(api: Api, method: str, path: str) -> None:
    problem(api.request(method, f"/components/{path}", user=None), 401)
    assert not api.usage.rows
