"""Files that nobody can import: a clear answer with line numbers, and nothing written."""

from typing import Any

import pytest

from tests.functional.conftest import Api, problem

HEADER = "date,type,amount\n"
GOOD = "2023-01-31,power,1000\n"
MEGABYTE = 2**20
MAX_ROWS = 50_000


def send(api: Api, content: str | bytes, query: str = "") -> Any:
    answer = api.request("POST", f"/v2/energy/import{query}", content, content_type="text/csv")
    body = problem(answer, 422)
    assert not api.store.stored.readings
    assert not api.store.stored.meters
    assert not api.publisher.events
    return body


def lines(body: Any) -> list[str]:
    return [error["where"] for error in body["errors"]]


@pytest.mark.parametrize(
    ("content", "query", "told"),
    [
        ("", "", "empty"),
        ("\n\n", "", "empty"),
        ("date;type\n2023-01-31;power\n", "", "missing column amount"),
        ("date,kind,amount\n" + GOOD, "", "missing column type"),
        (HEADER.replace(",", "|") + GOOD.replace(",", "|"), "", "missing column"),
        (HEADER + GOOD, "?delimiter=;", "leave delimiter= out"),
        ("date,type,amount,amount\n2023-01-31,power,1,2\n", "", "rename one of them"),
        ("date;type;amount\n2023-01-31;power;1.234\n", "", "decimal="),
        ('date,type,amount\n2023-01-31,power,"12,345"\n', "", '"12,345" (line 2) may be 12345 or 12.345'),
        ("date,type,amount\n12/31/2023,power,1\n", "?mode=partial", "pass dateOrder=mdy"),
        ("date,type,amount\n01/02/2023,gas,5\n02/13/2023,gas,6,7\n", "?mode=partial&confirm=true", "dateOrder=mdy"),
        ("date;type;amount\n2023-01-31;power;1,5\n2023-02-28;power;2.5\n", "", "decimal="),
        (HEADER + '2023-01-31,power,"1000\n', "", "line 2"),
        (HEADER.encode() + b"2023-01-31,power,1\x81\n", "", "neither UTF-8 nor Windows-1252 (byte 0x81 in line 2)"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le") + b"2", "", "breaks off within a character"),
        (bytes(range(256)), "", "UTF-8"),
        (b"PK\x03\x04" + b"\x00" * 100, "", "a workbook or an archive"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(api: Api, content: str | bytes, query: str, told: str) -> None:
    assert told in send(api, content, query)["detail"]


def test_each_bad_row_is_named_with_its_line_and_column(api: Api) -> None:
    rows = [
        GOOD,
        "2023-02-31,power,1100\n",
        "\n",
        "31.04.2023,power,1200\n",
        "2023-05-31,water,1300\n",
        "2023-06-30,power,-1\n",
        "2023-07-31,power,-5\n",
        "2023-08-31,power,many\n",
        ",power,1\n",
        "2023-09-30,power\n",
        "2023-10-31,power,1,2,3\n",
        "2204-11-30,power,1\n",
    ]
    body = send(api, HEADER + "".join(rows))
    assert lines(body) == [
        "row 3: date",
        "row 5: date",
        "row 6: type",
        "row 7: amount",
        "row 8: amount",
        "row 9: amount",
        "row 10: date",
        "row 11: amount",
        "row 12",
        "row 13: date",
    ]
    assert body["errorCount"] == 10
    assert '31.04.2023" does not exist' in body["errors"][1]["reason"]


@pytest.mark.parametrize("mode", ["", "?mode=partial"])
@pytest.mark.parametrize(
    "row", ["2023-01-31,power," + "1" * MEGABYTE, '"' + "x" * MEGABYTE + '",power,1', "x" * MEGABYTE]
)
def test_a_row_of_a_megabyte_is_refused_with_its_line_in_a_short_answer(api: Api, row: str, mode: str) -> None:
    answer = api.request("POST", f"/v2/energy/import{mode}", f"{HEADER}{row}\n", content_type="text/csv")
    assert answer.status_code == 422
    assert len(answer.body) < 2000
    assert "2" in answer.json_body["detail"] + str(answer.json_body.get("errors"))
    assert not api.store.stored.readings


@pytest.mark.parametrize("row", ["2023-01-31,power,10\x0000\n", "2023-01-31\x00,power,1000\n", "\x00\n"])
def test_nul_bytes_are_refused_with_their_line(api: Api, row: str) -> None:
    body = send(api, HEADER + GOOD + row)
    assert "3" in body["detail"] + str(body.get("errors"))


def test_more_rows_than_one_import_takes_are_refused_and_the_limit_told(api: Api) -> None:
    assert "50000" in send(api, HEADER + GOOD * (MAX_ROWS + 1))["detail"]


def test_a_row_of_the_wide_form_counts_as_two_readings(api: Api) -> None:
    body = send(api, "date;power;gas\n" + "2023-01-31;1;2\n" * (MAX_ROWS // 2 + 1))
    assert body["detail"].endswith("the file has 50002 readings, an import takes up to 50000; split the file")


def test_many_bad_rows_show_the_first_hundred_and_how_many_there_are(api: Api) -> None:
    body = send(api, HEADER + GOOD + "2023-02-31,power,1\n" * 250)
    assert lines(body) == [f"row {line}: date" for line in range(3, 103)]
    assert body["errorCount"] == 250
    assert "250" in body["detail"]


@pytest.mark.parametrize("query", ["?mode=most", "?delimiter=x", "?decimal=;", "?user=bob", "?mode="])
def test_an_unknown_way_to_read_a_file_is_422(api: Api, query: str) -> None:
    send(api, HEADER + GOOD, query)
