"""Bytes through API Gateway: files of any encoding and in forms on the way in, compressed answers on the way out."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.e2e.conftest import Deployed

FORM = "multipart/form-data; boundary=----WebKitFormBoundaryAbC123"
GZIP = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate, br"}
CSV = b"date,type,amount\r\n2023-01-31,power,1000\r\n"
FILE_BYTES = 4 * 1024 * 1024


def form(content: bytes) -> bytes:
    head = (
        'Content-Disposition: form-data; name="file"; filename="Zähler.csv"\r\nContent-Type: application/vnd.ms-excel'
    )
    return (
        f"------WebKitFormBoundaryAbC123\r\n{head}\r\n\r\n".encode()
        + content
        + (b"\r\n------WebKitFormBoundaryAbC123--\r\n")
    )


@pytest.mark.parametrize("path", ["/v1/energy/import", "/v2/energy/import", "/components/csv_import"])
def test_a_form_brings_its_file(deployed: Deployed, path: str) -> None:
    answer = deployed.request("POST", path, form(CSV), user=f"form-{uuid4().hex}", content_type=FORM)
    assert (answer.status, answer.json["success"]) == (200, 1)


@pytest.mark.parametrize("byte", [b"\n", b'"', b"\xff"], ids=["line breaks", "quotation marks", "no text"])
def test_a_file_of_four_megabytes_reaches_the_application_whatever_is_in_it(deployed: Deployed, byte: bytes) -> None:
    for body, content_type in ((byte * FILE_BYTES, "text/plain"), (form(byte * FILE_BYTES), FORM)):
        answer = deployed.request("POST", "/v2/energy/import", body, user="large", content_type=content_type)
        assert answer.status == 422, answer.body[:500]
    answer = deployed.request(
        "POST", "/v2/energy/import", byte * (FILE_BYTES + 1), user="large", content_type="text/csv"
    )
    assert (answer.status, answer.json["type"]) == (413, "urn:energy-monitor:problem:body-too-large")


def test_thirty_thousand_readings_of_version_1_are_compressed_and_otherwise_refused(deployed: Deployed) -> None:
    user = f"collector-{uuid4().hex}"
    for part in range(6):
        rows = "".join(f"{_hour(part * 5000 + i)},power,{part * 5000 + i}\n" for i in range(5000))
        imported = deployed.request(
            "POST", "/v1/energy/import", f"date,type,amount\n{rows}".encode(), user=user, content_type="text/csv"
        )
        assert imported.status == 200, imported.body[:500]
    compressed = deployed.request("GET", "/v1/energy", user=user, headers=GZIP)
    assert (compressed.status, compressed.headers["Content-Encoding"]) == (200, "gzip")
    assert len(json.loads(gzip.decompress(compressed.body))) == 30_000
    refused = deployed.request("GET", "/v1/energy", user=user)
    assert refused.status == 413
    assert "/v2/energy" in refused.json["error"]


def _hour(number: int) -> str:
    return (datetime(2015, 1, 1, tzinfo=UTC) + timedelta(hours=number)).isoformat()
