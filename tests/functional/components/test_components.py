"""Component routes: whoever answers, the shape is one; who it was stands in the headers and in the usage log."""

import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from chalice.test import HTTPResponse

from chalicelib.bootstrap.container import (
    Surroundings,
    compose,
    using,
)
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sides import (
    SyncMode,
    SyncState,
)
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports import UserSettings
from chalicelib.domain.readings import (
    EnergyType,
    parse_instant,
)
from chalicelib.services.components.component_reads import read_of
from infra.simulation.memory.migration.sides import reading
from tests.functional.conftest import (
    NOW,
    Api,
    problem,
)

READING = {"type": "power", "date": "2023-01-31", "amount": 1000.5}
READS = {
    "dashboard": {"meters"},
    "energy_table": {"readings", "nextCursor", "zone"},
    "timeline_slider?type=power": {"type", "sourceVersion", "zone", "buckets", "maxCount", "dateRange"},
    "monthly_charts?type=power&year=2023": {"type", "sourceVersion", "zone", "year", "months"},
    "energy_forms?type=power": {"type", "zone", "last"},
}
OPERATOR = ("operator",)
BERLIN = ZoneInfo("Europe/Berlin")


def ask(api: Api, path: str, **options: Any) -> HTTPResponse:
    return api.request("GET", f"/components/{path}", **options)


def record(api: Api, **changed: Any) -> Any:
    answer = api.request("POST", "/components/energy_forms", json.dumps(READING | changed))
    assert answer.status_code == 201, answer.body
    return answer.json_body


def noted(api: Api) -> BackendUsage:
    """The last row of the usage log."""
    return api.usage.rows[-1][0]


@pytest.mark.parametrize("side", Backend)
@pytest.mark.parametrize("path", READS)
def test_an_answer_says_who_gave_it_and_why(api: Api, path: str, side: Backend) -> None:
    record(api)
    api.flags.side = side
    answer = ask(api, path)
    assert answer.status_code == 200
    assert set(answer.json_body) == READS[path]
    assert answer.headers["X-Backend"] == side
    assert answer.headers["X-Flag-Reason"] == {"old": "percentage_out", "new": "percentage_in"}[side]
    assert api.flags.asked[-1] == ("alice", path.partition("?")[0])


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


@pytest.mark.parametrize("path", ["dashboard?", "timeline_slider?type=power&", "monthly_charts?type=power&year=2023&"])
def test_who_has_just_written_sees_the_same_by_either_backend(api: Api, path: str) -> None:
    record(api, date="2023-10-20")
    api.container.calculation.refresh("alice", EnergyType.POWER)
    record(api, date="2023-10-31", amount=1100)
    api.flags.side = Backend.OLD
    old = ask(api, path).body
    assert ask(api, f"{path}consistent=true").body == old
    api.flags.side = Backend.NEW
    assert ask(api, f"{path}consistent=true").body == old


SAYS_THE_SECOND = ["dashboard?", "energy_table?", "timeline_slider?type=power&", "monthly_charts?type=power&year=2023&"]


@pytest.mark.parametrize("path", SAYS_THE_SECOND)
@pytest.mark.parametrize("consistent", ["", "consistent=true"])
def test_each_backend_shows_the_readings_of_its_own_side(api: Api, path: str, consistent: str) -> None:
    """What another application has just written is on the old side alone until the sync job has run."""
    record(api)
    api.container.calculation.refresh("alice", EnergyType.POWER)
    query = path if "table" in path else path + consistent
    before = {side: body_by(api, side, query) for side in Backend}
    assert before[Backend.OLD] == before[Backend.NEW]
    february = parse_instant("2023-02-28", BERLIN)
    api.sides.write("alice", reading("a" * 24, EnergyType.POWER, february, 1100))
    assert body_by(api, Backend.NEW, query) == before[Backend.NEW]
    assert body_by(api, Backend.OLD, query) != before[Backend.OLD]


@pytest.mark.parametrize(("side", "status"), [(Backend.OLD, 200), (Backend.NEW, 404)])
def test_each_backend_finds_single_readings_on_its_own_side(api: Api, side: Backend, status: int) -> None:
    api.sides.write("alice", reading("a" * 24, EnergyType.POWER, parse_instant("2023-02-28", BERLIN), 1100))
    api.flags.side = side
    assert ask(api, f"energy_forms/{'a' * 24}").status_code == status


def body_by(api: Api, side: Backend, path: str) -> Any:
    api.flags.side = side
    answer = ask(api, path)
    assert answer.status_code == 200
    return answer.json_body


def test_the_etag_of_a_view_begins_with_the_versions_that_it_shows(api: Api) -> None:
    record(api)
    record(api, date="2023-02-28", amount=1100)
    assert ask(api, "monthly_charts?type=power&year=2023").headers["ETag"].startswith(f'"{CALCULATION_VERSION}.2-')
    assert ask(api, "dashboard").headers["ETag"].startswith(f'"{CALCULATION_VERSION}.2.0-')


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


def test_an_operator_may_insist_on_the_old_backend(api: Api) -> None:
    api.flags.side = Backend.NEW
    for value, backend, reason in (("true", "old", "forced_old"), ("false", "new", "percentage_in")):
        answer = ask(api, f"dashboard?forceOld={value}", roles=OPERATOR)
        assert (answer.headers["X-Backend"], answer.headers["X-Flag-Reason"]) == (backend, reason)


@pytest.mark.parametrize("roles", [(), ("user", "operators", "Operator")])
def test_who_is_no_operator_may_not_insist_on_a_backend(api: Api, roles: tuple[str, ...]) -> None:
    for path in ("dashboard?forceOld=true", "energy_table?forceOld=true", "energy_forms/any?forceOld=true"):
        body = problem(ask(api, path, roles=roles), 403)
        assert "operator" in body["detail"]
    answer = api.request("POST", "/components/energy_forms?forceOld=true", json.dumps(READING), roles=roles)
    problem(answer, 403)
    assert not api.store.stored.readings
    assert not api.usage.rows


def test_where_only_the_new_side_is_written_nobody_can_insist_on_the_old_one(api: Api) -> None:
    api.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    answer = ask(api, "dashboard?forceOld=true", roles=OPERATOR)
    assert (answer.headers["X-Backend"], answer.headers["X-Flag-Reason"]) == ("new", "new_only")


@pytest.mark.parametrize("value", ["", "1", "yes", "True", "true%20"])
def test_force_old_is_true_or_false(api: Api, value: str) -> None:
    body = problem(ask(api, f"dashboard?forceOld={value}", roles=OPERATOR), 422)
    assert [error["where"] for error in body["errors"]] == ["forceOld"]


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


def test_a_refusal_says_who_gave_it_too(api: Api) -> None:
    answer = ask(api, "energy_forms/nobody")
    problem(answer, 404)
    assert answer.headers["X-Backend"] == "old"
    assert (noted(api).success, noted(api).error) == (True, "NotFoundError")


def test_a_backend_that_cannot_answer_is_noted_as_failed(api: Api) -> None:
    class Broken:
        def summaries(self, *_: object, **__: object) -> None:
            raise RuntimeError("secret detail")

    broken = replace(api.container.router.route("alice", Component.DASHBOARD), backend=Broken())  # type: ignore[arg-type]

    class Router:
        def route(self, *_: object, **__: object) -> Any:
            return broken

    with using(replace(api.container, router=Router())):  # type: ignore[arg-type]
        answer = ask(api, "dashboard")
    assert b"secret" not in answer.body
    problem(answer, 500)
    assert (noted(api).success, noted(api).error) == (False, "RuntimeError")


@pytest.mark.parametrize("side", Backend)
@pytest.mark.parametrize("path", [*READS, "energy_table?type=gas&from=2023-01-02&sort=-date&limit=7"])
def test_what_was_read_is_noted_so_that_it_can_be_asked_again(api: Api, path: str, side: Backend) -> None:
    record(api)
    api.container.calculation.refresh("alice", EnergyType.POWER)
    api.flags.side = side
    body = ask(api, path).json_body
    usage, pseudonym, at = api.usage.rows[-1]
    assert (usage.component, usage.user_id, usage.decision.backend, at) == (path.partition("?")[0], "alice", side, NOW)
    assert usage.elapsed_ms >= 0
    assert "alice" not in pseudonym
    assert usage.parameters is not None
    read = read_of(usage.component, json.loads(json.dumps(usage.parameters)))
    for backend in (api.container.old, api.container.new):
        again = read.ask(backend, "alice").body
        assert set(again) - {"next"} == set(body) - {"nextCursor", "zone"}
        assert again.get("sourceVersion") == body.get("sourceVersion")


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


def test_a_write_is_noted_without_what_was_written(api: Api) -> None:
    record(api)
    usage, _, _ = api.usage.rows[-1]
    assert (usage.component, usage.success, usage.parameters) == (Component.ENERGY_FORMS, True, None)
    assert "1000.5" not in repr(usage)


def test_metrics_and_log_lines_know_users_by_pseudonyms_only(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    rollout = Surroundings(api.flags, Pseudonyms(b"key"))
    ports = api.ports
    user = "somebody@example.org"
    with using(compose(ports, api.container.verifier, lambda: NOW, rollout)):
        ask(api, "dashboard", user=user)
    printed = capsys.readouterr()
    assert user not in printed.out + printed.err
    [line] = [json.loads(line) for line in printed.out.splitlines() if "BackendDuration" in line]
    assert line["user"] == Pseudonyms(b"key").of("user", user)
    assert (line["component"], line["backend"], line["reason"]) == ("dashboard", "old", "percentage_out")
    assert line["BackendDuration"][0] >= 0
    assert line["BackendFailures"] == [0]
    dimensions = [each["Dimensions"] for each in line["_aws"]["CloudWatchMetrics"]]
    assert [["service", "component", "backend"]] in dimensions


def test_an_answer_does_not_depend_on_being_noted(api: Api) -> None:
    class Full:
        def insert(self, *_: object) -> None:
            raise OSError("no room")

        def between(self, *_: object) -> Any:
            return ()

    ports = replace(api.ports, usage=Full())
    with using(compose(ports, api.container.verifier, lambda: NOW, Surroundings(api.flags))):
        assert ask(api, "dashboard").status_code == 200
        assert record(api)["sourceVersion"] == 1


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
