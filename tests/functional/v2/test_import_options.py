"""What a query says of a file reaches the service, each option by itself; and how an import was undone, in full."""

from typing import Any

import pytest

from chalicelib.api.upload import UploadedFile
from chalicelib.api.v2.import_bodies import FormatBody, ImportQuery, form_of
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.readings import EnergyType
from tests.functional.conftest import Api

FILE = UploadedFile(b"", "readings.csv", "text/csv")


def test_without_a_query_the_file_tells_and_nothing_is_taken_for_granted() -> None:
    assert ImportQuery().options(FILE) == ImportOptions(
        "all", False, False, "error", CsvOptions(), "readings.csv", "csv"
    )


def test_every_option_of_a_query_is_what_the_service_gets() -> None:
    query = {
        "mode": "partial",
        "confirm": "true",
        "preview": "true",
        "onConflict": "replace",
        "delimiter": ";",
        "decimal": ",",
        "dateOrder": "mdy",
        "type": "gas",
        "dateColumn": "when",
        "typeColumn": "what",
        "amountColumn": "how much",
    }
    csv = CsvOptions(";", ",", "mdy", EnergyType.GAS, "when", "what", "how much")
    assert ImportQuery.model_validate(query).options(FILE) == ImportOptions(
        "partial", True, True, "replace", csv, "readings.csv", "csv"
    )


@pytest.mark.parametrize(
    ("name", "media_type", "form"),
    [
        ("readings.csv", "application/json", "json"),
        (None, "application/json", "json"),
        ("export.JSON", "application/octet-stream", "json"),
        ("export.json.csv", "application/octet-stream", "csv"),
        (None, "application/octet-stream", "csv"),
        ("export.json", "text/csv", "csv"),
    ],
)
def test_a_file_is_json_by_its_type_or_where_that_is_unknown_by_its_name(
    name: str | None, media_type: str, form: str
) -> None:
    assert form_of(UploadedFile(b"", name, media_type)) == form


def test_of_a_file_that_is_no_csv_nothing_is_said_of_its_format() -> None:
    expected: dict[str, Any] = dict.fromkeys(("encoding", "delimiter", "decimal", "date_order", "header_line"))
    assert FormatBody.members(None) == expected | {"columns": {}, "ignored_columns": [], "ignored_column_count": 0}


def test_what_was_changed_after_an_import_stays_and_is_named(api: Api) -> None:
    file = "date,type,amount\n2023-01-31,power,5\n2023-02-28,power,6\n"
    report = api.request("POST", "/v2/energy/import", file, content_type="text/csv").json_body
    [_, changed] = api.request("GET", "/v2/energy?sort=date").json_body["readings"]
    assert api.request("PUT", f"/v2/energy/{changed['id']}", '{"amount": 7.5}').status_code == 200
    assert api.request("DELETE", f"/v2/imports/{report['importId']}").json_body == {
        "importId": report["importId"],
        "state": "undone",
        "removed": 1,
        "restored": 0,
        "keptCount": 1,
        "kept": [{"id": changed["id"], "type": "power", "date": "2023-02-27T23:00:00.000Z", "amount": 7.5}],
        "configurationsKept": [],
        "meters": [
            {
                "type": "power",
                "sourceVersion": 3,
                "first": "2023-01-30T23:00:00.000Z",
                "last": "2023-02-27T23:00:00.000Z",
            }
        ],
    }
