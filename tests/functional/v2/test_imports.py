"""Files over HTTP: preview, conflicts, questions, the list of imports and undoing one, on every route that has them."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.events.contracts import EnergyReadingsImportUndone
from chalicelib.domain.readings import EnergyType
from tests.functional.conftest import Api, problem

ROUTES = {
    "v2": ("/v2/energy/import", "/v2/imports", "/v2/imports"),
    "components": ("/components/csv_import", "/components/csv_import", "/components/csv_import"),
}
EVERY_IMPORT = pytest.mark.parametrize(
    "path",
    [
        "/v1/energy/import",
        *(paths[0] for paths in ROUTES.values()),
    ],
)
BOTH = pytest.mark.parametrize("routes", ROUTES.values(), ids=ROUTES)
# What a spreadsheet in Germany saves: Windows-1252, semicolons, German numbers and dates, a unit in the header.
GERMAN = "Ablesung für Haus Nr. 7;\r\nDatum;Zählerstand (kWh)\r\n31.01.2023;12.345,5\r\n28.02.2023;12.445,25\r\n"
ENGLISH = 'date,type,amount\n2023-01-31,power,"12,345"\n2023-02-28,power,"12,445"\n'
FILE = "date,type,amount,note\n2023-01-31,power,100,a\n2023-02-28,power,110,b\n2023-01-31,gas,7,c\n"


def send(api: Api, path: str, content: str | bytes, query: str = "") -> HTTPResponse:
    return api.request("POST", f"{path}{query}", content, content_type="text/csv")


def amounts(api: Api) -> list[float]:
    stored = api.store.stored.readings.items()
    return [float(reading.amount) for _, reading in sorted(stored, key=lambda item: item[0])]


@EVERY_IMPORT
def test_a_german_spreadsheet_is_imported_at_the_first_try(api: Api, path: str) -> None:
    answer = send(api, path, GERMAN.encode("windows-1252"), "?type=power")
    assert (answer.status_code, answer.json_body["success"]) == (200, 2)
    assert amounts(api) == [12345.5, 12445.25]


@EVERY_IMPORT
def test_an_english_number_that_may_be_a_thousand_times_less_is_refused_with_what_to_add(api: Api, path: str) -> None:
    answer = send(api, path, ENGLISH)
    assert answer.status_code == 422
    text = answer.json_body.get("detail") or answer.json_body["error"]
    assert "ambiguous number format, pass decimal=" in text
    assert amounts(api) == []
    assert send(api, path, ENGLISH, "?decimal=.").json_body["success"] == 2
    assert amounts(api) == [12345, 12445]


@EVERY_IMPORT
def test_a_corrected_file_is_a_conflict_until_the_sender_decides(api: Api, path: str) -> None:
    send(api, path, FILE)
    corrected = FILE.replace("110", "111")
    answer = send(api, path, corrected)
    assert answer.status_code == 422
    [error] = answer.json_body["errors"]
    assert error["where"] == "row 3: amount"
    assert "110 is stored" in error["reason"]
    assert send(api, path, corrected, "?onConflict=skip").json_body["success"] == 0
    assert 111 not in amounts(api)
    assert send(api, path, corrected, "?onConflict=replace").status_code == 200
    assert 111 in amounts(api)


@EVERY_IMPORT
def test_doubtful_rows_are_named_and_wait_for_confirm(api: Api, path: str) -> None:
    doubtful = FILE.replace("110", "90")
    answer = send(api, path, doubtful)
    assert answer.status_code == 422
    assert {error["where"] for error in answer.json_body["errors"]} == {"row 2", "row 3"}
    assert "confirm=true" in (answer.json_body.get("detail") or answer.json_body["error"])
    assert amounts(api) == []
    part = send(api, path, doubtful, "?mode=partial").json_body
    assert part["success"] == 1
    assert "lower than" in json.dumps(part)
    assert send(api, path, doubtful, "?confirm=true").json_body["success"] == 2


def test_a_refusal_of_version_2_names_what_is_asked_with_line_and_code(api: Api) -> None:
    body = problem(send(api, "/v2/energy/import", FILE.replace("110", "90")), 422)
    assert body["type"].endswith(":import-question")
    assert [(each["line"], each["code"]) for each in body["warnings"]] == [
        (2, "HIGHER_THAN_NEXT"),
        (3, "LOWER_THAN_PREVIOUS"),
    ]
    assert body["warningCount"] == 2


@BOTH
def test_a_preview_says_what_was_understood_and_what_would_happen(api: Api, routes: tuple[str, str, str]) -> None:
    send(api, routes[0], FILE)
    written = amounts(api)
    rows = "01.04.2023;power;1.234,5\n2023-02-28;power;111\n31.02.2023;power;5\n05.04.2023;power;1.200,0\n"
    answer = send(api, routes[0], f"sep=;\nDatum;Art;Stand;Notiz\n{rows}", "?preview=true&onConflict=replace")
    body = answer.json_body
    assert answer.status_code == 200
    assert (body["preview"], body["importId"], body["meters"]) == (True, None, [])
    assert (body["success"], body["replaced"], body["skipped"], body["error"]) == (2, 1, 0, 1)
    assert (body["encoding"], body["delimiter"], body["decimal"], body["dateOrder"]) == ("utf-8", ";", ",", "dmy")
    assert (body["headerLine"], body["columns"]) == (2, {"date": "Datum", "type": "Art", "amount": "Stand"})
    assert (body["ignoredColumns"], body["ignoredColumnCount"]) == (["Notiz"], 1)
    assert [(row["line"], row["amount"], row["date"]) for row in body["rows"]] == [
        (3, 1234.5, "2023-03-31T22:00:00.000Z"),
        (4, 111, "2023-02-27T23:00:00.000Z"),
        (6, 1200, "2023-04-04T22:00:00.000Z"),
    ]
    assert (body["errors"][0]["line"], body["errors"][0]["where"]) == (5, "row 5: date")
    assert {warning["code"] for warning in body["warnings"]} == {"HIGHER_THAN_NEXT", "LOWER_THAN_PREVIOUS"}
    assert amounts(api) == written
    assert len(api.request("GET", routes[1]).json_body["imports"]) == 1


@BOTH
def test_a_preview_of_a_file_that_cannot_be_read_is_refused_like_the_import(
    api: Api, routes: tuple[str, str, str]
) -> None:
    assert "decimal=" in problem(send(api, routes[0], ENGLISH, "?preview=true"), 422)["detail"]


def test_version_1_knows_no_preview(api: Api) -> None:
    """It is frozen: a preview that it did not know would be an import."""
    assert send(api, "/v1/energy/import", FILE, "?preview=true").status_code == 422
    assert amounts(api) == []


def test_version_1_answers_with_counts_and_errors_alone(api: Api) -> None:
    answer = send(api, "/v1/energy/import", FILE + "2023-02-31,power,1,d\n", "?mode=partial").json_body
    assert set(answer) == {"success", "skipped", "error", "errors"}
    assert (answer["success"], answer["error"]) == (3, 1)
    assert set(answer["errors"][0]) == {"where", "reason"}


@BOTH
def test_an_import_is_listed_and_undone(api: Api, routes: tuple[str, str, str]) -> None:
    report = send(api, routes[0], FILE).json_body
    api.container.calculation.refresh("alice", EnergyType.POWER)
    [shown] = api.request("GET", routes[1]).json_body["imports"]
    assert (shown["id"], shown["state"], shown["undoneAt"]) == (report["importId"], "imported", None)
    assert (shown["success"], shown["types"], shown["form"]) == (3, ["gas", "power"], "csv")
    assert (shown["first"], shown["last"]) == ("2023-01-30T23:00:00.000Z", "2023-02-27T23:00:00.000Z")
    answer = api.request("DELETE", f"{routes[2]}/{report['importId']}")
    assert answer.status_code == 200
    assert (answer.json_body["removed"], answer.json_body["restored"], answer.json_body["keptCount"]) == (3, 0, 0)
    assert {meter["sourceVersion"] for meter in answer.json_body["meters"]} == {2}
    assert isinstance(api.publisher.events[-1], EnergyReadingsImportUndone)
    assert amounts(api) == []
    [shown] = api.request("GET", routes[1]).json_body["imports"]
    assert shown["state"] == "undone"
    assert send(api, routes[0], FILE).json_body["success"] == 3


@BOTH
def test_somebody_elses_import_is_neither_listed_nor_undone(api: Api, routes: tuple[str, str, str]) -> None:
    report = send(api, routes[0], FILE).json_body
    assert api.request("GET", routes[1], user="bob").json_body["imports"] == []
    problem(api.request("DELETE", f"{routes[2]}/{report['importId']}", user="bob"), 404)
    assert len(amounts(api)) == 3


@BOTH
def test_imports_come_in_pages(api: Api, routes: tuple[str, str, str]) -> None:
    for year in range(2015, 2020):
        send(api, routes[0], f"date,type,amount\n{year}-01-31,power,{year}\n")
    seen: list[Any] = []
    cursor = ""
    while True:
        page = api.request("GET", f"{routes[1]}?limit=2{cursor}").json_body
        seen += [each["id"] for each in page["imports"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert len(seen) == len(set(seen)) == 5
    for query in ("?limit=0", "?limit=51", "?cursor=nonsense", "?page=2"):
        problem(api.request("GET", f"{routes[1]}{query}"), 422)


def test_a_file_in_a_form_is_listed_by_its_name(api: Api) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="z\xc3\xa4hler.csv"\r\n\r\n'
        + FILE.encode()
        + b"\r\n--x--\r\n"
    )
    api.request("POST", "/v2/energy/import", body, content_type="multipart/form-data; boundary=x")
    assert api.request("GET", "/v2/imports").json_body["imports"][0]["fileName"] == "zähler.csv"


def test_export_and_import_close_the_circle(api: Api) -> None:
    """In the same account nothing changes; in an empty one the same household is there."""
    send(api, "/v2/energy/import", FILE)
    exchange = {"type": "power", "date": "2023-06-01", "finalOld": 150.5}
    api.request("POST", "/v2/exchanges", json.dumps(exchange))
    api.request("PUT", "/v2/settings", json.dumps({"zone": "America/New_York", "moduli": {"gas": 10000}}))
    for form, content_type in (("csv", "text/csv"), ("json", "application/json")):
        export = api.request("GET", f"/v2/energy/export?format={form}")
        again = api.request("POST", "/v2/energy/import", export.body, content_type=content_type).json_body
        assert (again["success"], again["skipped"], again["error"], again["warning"]) == (0, 3, 0, 0)
        assert again["meters"] == []
    export = api.request("GET", "/v2/energy/export?format=json")
    copied = api.request("POST", "/v2/energy/import", export.body, user="bob", content_type="application/json")
    assert copied.json_body["success"] == 3
    for path in ("/v2/energy?limit=50", "/v2/settings", "/v2/exchanges?type=power"):
        mine, theirs = (api.request("GET", path, user=user).json_body for user in ("alice", "bob"))
        assert without_ids(theirs) == without_ids(mine)


@pytest.mark.parametrize(("form", "content_type"), [("csv", "text/csv"), ("json", "application/json")])
def test_an_inherited_amount_with_more_digits_than_are_taken_comes_back_as_known(
    api: Api, form: str, content_type: str
) -> None:
    """A double that somebody calculated: 0.1 + 0.2."""
    send(api, "/v2/energy/import", "date,type,amount\n2023-01-31,power,1\n")
    [(place, stored)] = api.store.stored.readings.items()
    for side in api.store.stored.sides.values():
        side[place] = replace(stored, amount=Decimal("0.30000000000000004"))
    export = api.request("GET", f"/v2/energy/export?format={form}")
    again = api.request("POST", "/v2/energy/import", export.body, content_type=content_type)
    assert (again.status_code, again.json_body["success"], again.json_body["skipped"]) == (200, 0, 1)


def without_ids(value: Any) -> Any:
    """What an account says, without what is its own; ids order what has one date."""
    own = {"id", "_id", "createdAt", "updatedAt", "source", "revision", "importBatchId"}
    if isinstance(value, dict):
        return {name: without_ids(each) for name, each in value.items() if name not in own}
    return sorted(map(without_ids, value), key=str) if isinstance(value, list) else value


def test_a_json_file_without_a_type_is_known_by_its_name(api: Api) -> None:
    export = '{"exportVersion": 1, "readings": [{"type": "gas", "date": "2023-01-31", "amount": 5}]}'
    body = (
        '--x\r\nContent-Disposition: form-data; name="file"; filename="Export.JSON"\r\n\r\n' + export + "\r\n--x--\r\n"
    )
    answer = api.request("POST", "/v2/energy/import", body, content_type="multipart/form-data; boundary=x")
    assert answer.json_body["success"] == 1
    assert (answer.json_body["encoding"], answer.json_body["columns"]) == (None, {})


def test_a_report_is_bounded_whatever_the_file_holds(api: Api) -> None:
    rows = "".join(f"2023-02-31,power,{'x' * 300},\n" for _ in range(3_000))
    header = "date,type,amount," + ",".join(f"column {number} {'y' * 60}" for number in range(900))
    answer = send(api, "/v2/energy/import", f"{header}\n{rows}2023-01-31,gas,1\n", "?mode=partial")
    body = answer.json_body
    assert (body["success"], body["error"], body["ignoredColumnCount"]) == (1, 3_000, 900)
    assert (len(body["errors"]), len(body["ignoredColumns"])) == (100, 100)
    assert len(answer.body) < 100_000
