"""Exports over HTTP: files in parts that links lead through, of nobody else's readings."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from chalice.test import HTTPResponse

from chalicelib.bootstrap.container import using
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.files.csv.rows import parse_csv
from chalicelib.domain.files.export.json_document import parse_export
from chalicelib.domain.ports.values import NewReading, UserSettings
from chalicelib.domain.readings import EnergyType, parse_instant
from chalicelib.services.recording.export import ExportService
from infra.simulation.memory.store import FakeReadings, FakeSettings
from tests.functional.conftest import NOW, Api, problem

BERLIN = ZoneInfo("Europe/Berlin")
V2, PAGE = "/v2/energy/export", "/components/csv_import/export"
POWER, GAS = EnergyType.POWER, EnergyType.GAS
FILE = (
    "date,type,amount\n"
    "2022-12-31T00:00:00+01:00,power,1.2340\n"
    "2023-01-30T00:00:00+01:00,gas,17\n"
    "2023-01-31T00:00:00+01:00,power,1100\n"
    "2023-03-26T03:00:00+02:00,power,1200.25\n"
    "2023-10-29T02:30:00+02:00,power,1300\n"
    "2023-10-29T02:30:00+01:00,power,1301\n"
    "2023-11-01T18:30:00.250+01:00,gas,1234.567\n"
)
BOTH = pytest.mark.parametrize("path", [V2, PAGE])


@pytest.fixture
def household(api: Api) -> Api:
    """Readings of two people, put there in no order."""
    for user, content in (("alice", FILE), ("bob", "date,type,amount\n2023-05-05,power,666\n")):
        rows = parse_csv(content.encode(), BERLIN).rows
        new = [NewReading(row.type, row.instant, row.amount, "csv") for row in reversed(rows)]
        FakeReadings(api.store.stored, user).add_many(new, NOW)
    return api


@pytest.fixture
def in_parts(household: Api) -> Iterator[Api]:
    """The same with two readings a part."""
    exports = ExportService(FakeSettings(household.store), household.ports.queries, lambda: NOW, page_readings=2)
    with using(replace(household.container, exports=exports)):
        yield household


def get(api: Api, path: str, user: str = "alice", **headers: str) -> HTTPResponse:
    answer = api.request("GET", path, user=user, headers=headers)
    assert answer.status_code == 200, answer.body
    return answer


def text_of(answer: HTTPResponse) -> str:
    text: str = answer.body.decode("ascii")
    return text


def parts(api: Api, path: str) -> Iterator[HTTPResponse]:
    """A part after another, by their links alone."""
    while path:
        answer = get(api, path)
        yield answer
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        path = link.removesuffix('>; rel="next"').removeprefix("<")


@BOTH
@pytest.mark.parametrize(("written", "kept"), [("0E-6000", "0"), ("1." + "0" * 33, "1"), ("1E+2", "100")])
@pytest.mark.parametrize(
    "way",
    [
        "/v1/energy",
        "/v2/energy",
        "/components/energy_forms",
    ],
)
def test_zeros_that_say_nothing_are_neither_stored_nor_exported(
    api: Api, way: str, path: str, written: str, kept: str
) -> None:
    recorded = api.request("POST", way, f'{{"type":"power","date":"2023-01-31","amount":{written}}}')
    assert recorded.status_code == 201
    assert [str(reading.amount) for reading in api.store.stored.readings.values()] == [kept]
    text = text_of(get(api, path))
    assert text.endswith(f"power,{kept}\n")
    assert [str(row.amount) for row in parse_csv(text.encode(), BERLIN).rows] == [kept]


@BOTH
@pytest.mark.parametrize("accept", [{}, {"Accept": "*/*"}, {"Accept": "text/csv"}, {"Accept": "text/html,*/*;q=0.8"}])
def test_a_csv_file_arrives_as_text_whatever_is_accepted(household: Api, path: str, accept: dict[str, str]) -> None:
    answer = get(household, path, **accept)
    assert text_of(answer) == FILE
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="energy-2023-11-14.csv"'
    assert "Link" not in answer.headers


@BOTH
def test_a_file_for_german_spreadsheets(household: Api, path: str) -> None:
    lines = text_of(get(household, f"{path}?decimal=,&type=gas")).splitlines()
    assert lines == [
        "date;type;amount",
        "2023-01-30T00:00:00+01:00;gas;17",
        "2023-11-01T18:30:00.250+01:00;gas;1234,567",
    ]


@BOTH
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7]),
        ("?type=gas", [2, 7]),
        ("?from=2023-10-29", [5, 6, 7]),
        ("?to=2023-01-31", [1, 2, 3]),
        ("?from=2023-10-29T02:30%2B01:00&to=2023-10-29", [6]),
        ("?from=2023-02-01&to=2023-10-28&type=power", [4]),
        ("?from=2023-11-02", []),
    ],
)
def test_a_type_and_local_days_limit_it(household: Api, path: str, query: str, shown: list[int]) -> None:
    lines = FILE.splitlines()
    assert text_of(get(household, path + query)).splitlines() == [lines[0], *(lines[number] for number in shown)]


@BOTH
def test_dates_and_the_name_of_the_file_are_local(household: Api, path: str) -> None:
    household.store.stored.settings["alice"] = UserSettings(ZoneInfo("Pacific/Kiritimati"))
    answer = get(household, f"{path}?to=2023-01-01&type=power")
    assert text_of(answer).splitlines()[1] == "2022-12-31T13:00:00+14:00,power,1.2340"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="energy-2023-11-15.csv"'


@BOTH
def test_the_json_document_says_everything(household: Api, path: str) -> None:
    body = {"type": "power", "date": "2023-11-05", "finalOld": 1400.5, "initialNew": 3}
    assert household.request("POST", "/v2/exchanges", json.dumps(body)).status_code == 201
    settings = {"zone": "Europe/Berlin", "moduli": {"power": 100_000}, "runsBackwards": {"gas": True}}
    assert household.request("PUT", "/v2/settings", json.dumps(settings)).status_code == 200
    answer = get(household, f"{path}?format=json&type=power&to=2022-12-31")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="energy-2023-11-14.json"'
    exchange = {"date": "2023-11-05T00:00:00+01:00", "finalOld": 1400.5, "initialNew": 3}
    assert answer.json_body == {
        "exportVersion": 1,
        "exportedAt": "2023-11-14T23:13:20+01:00",
        "settings": {"zone": "Europe/Berlin"},
        "meters": [{"type": "power", "modulus": 100_000, "runsBackwards": False, "exchanges": [exchange]}],
        "readings": [{"type": "power", "date": "2022-12-31T00:00:00+01:00", "amount": 1.234}],
    }
    meters = {meter.type: meter for meter in parse_export(get(household, f"{path}?format=json").body, BERLIN).meters}
    assert (meters[GAS].runs_backwards, meters[GAS].exchanges) == (True, ())
    assert meters[POWER].exchanges[0].final_old == Decimal("1400.5")


@BOTH
def test_links_lead_through_all_parts_of_a_csv_file(in_parts: Api, path: str) -> None:
    answers = [*parts(in_parts, f"{path}?to=2023-11-10&decimal=.")]
    lines = [text_of(answer).splitlines() for answer in answers]
    assert [len(part) - 1 for part in lines] == [2, 2, 2, 1]
    assert {part[0] for part in lines} == {"date,type,amount"}
    assert [line for part in lines for line in part[1:]] == FILE.splitlines()[1:]
    names = [answer.headers["Content-Disposition"].partition("filename=")[2] for answer in answers]
    assert names == [
        '"energy-2023-11-14.csv"',
        '"energy-2023-11-14-from-2023-01-31.csv"',
        '"energy-2023-11-14-from-2023-10-29.csv"',
        '"energy-2023-11-14-from-2023-11-01.csv"',
    ]


@BOTH
def test_links_keep_the_question_and_each_part_of_a_json_file_can_be_read(in_parts: Api, path: str) -> None:
    answers = [*parts(in_parts, f"{path}?format=json&type=power&from=2023-01-01T00:00%2B01:00")]
    parsed = [parse_export(answer.body, BERLIN) for answer in answers]
    assert [[str(row.amount) for row in part.rows] for part in parsed] == [["1100", "1200.25"], ["1300", "1301"]]
    assert [part.zone for part in parsed] == [BERLIN, None]
    assert [len(part.meters) for part in parsed] == [1, 0]


def test_a_link_names_the_path_as_the_caller_reaches_it(in_parts: Api) -> None:
    assert get(in_parts, f"{V2}?type=power").headers["Link"].startswith(f"<{V2}?type=power&cursor=")


@BOTH
def test_readings_that_come_and_go_meanwhile_move_no_other(in_parts: Api, path: str) -> None:
    walk = parts(in_parts, path)
    seen = text_of(next(walk)).splitlines()[1:]
    key = ("alice", POWER, parse_instant("2022-12-31", BERLIN))
    del in_parts.store.stored.readings[key]
    for answer in walk:
        seen += text_of(answer).splitlines()[1:]
    assert seen == FILE.splitlines()[1:]


@BOTH
def test_nobody_gets_the_readings_of_others(household: Api, path: str) -> None:
    assert text_of(get(household, path, "bob")).splitlines()[1:] == ["2023-05-05T00:00:00+02:00,power,666"]
    body = get(household, f"{path}?format=json", "carol").json_body
    assert (body["readings"], body["meters"][0]["exchanges"]) == ([], [])
    assert household.request("GET", path, user=None).status_code == 401


def test_a_cursor_of_somebody_else_shows_only_ones_own(in_parts: Api) -> None:
    link = get(in_parts, V2).headers["Link"].removesuffix('>; rel="next"').removeprefix("<")
    assert text_of(get(in_parts, link, "bob")).splitlines()[1:] == ["2023-05-05T00:00:00+02:00,power,666"]


@BOTH
@pytest.mark.parametrize(
    "query",
    [
        "format=xml",
        "type=water",
        "decimal=;",
        "from=yesterday",
        "to=2023-02-31",
        "cursor=here",
        "limit=5",
        "type=gas&type=gas",
    ],
)
def test_what_cannot_be_understood_is_422(household: Api, path: str, query: str) -> None:
    problem(household.request("GET", f"{path}?{query}"), 422)


@pytest.mark.parametrize("side", Backend)
def test_the_page_gets_the_same_from_either_backend(household: Api, side: Backend) -> None:
    household.flags.side = side
    answer = get(household, PAGE)
    assert text_of(answer) == FILE
    assert answer.headers["X-Backend"] == side.value


def test_an_export_is_noted_as_use_but_not_to_be_asked_again(household: Api) -> None:
    get(household, PAGE)
    [(usage, _, _)] = household.usage.rows
    assert usage.component is Component.CSV_IMPORT
    assert usage.parameters is None


@pytest.mark.parametrize("query", ["", "?decimal=,"])
def test_importing_ones_own_file_changes_nothing(household: Api, query: str) -> None:
    before = dict(household.store.stored.readings)
    content = get(household, V2 + query).body
    report: Any = household.request("POST", "/v2/energy/import", content, content_type="text/csv").json_body
    assert (report["success"], report["skipped"], report["error"]) == (0, 7, 0)
    assert household.store.stored.readings == before


def test_importing_it_into_an_empty_account_gives_the_same_readings(household: Api) -> None:
    content = get(household, V2).body
    answer = household.request("POST", "/v2/energy/import", content, user="dora", content_type="text/csv")
    assert answer.json_body["success"] == 7
    assert get(household, V2, "dora").body == content


def test_a_database_that_does_not_answer_is_503(household: Api) -> None:
    household.store.down = True
    problem(household.request("GET", V2), 503)
