"""A large answer is compressed for who takes that; what is still too large says how to get it in pages."""

import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from chalice import Response
from chalice.test import HTTPResponse

from chalicelib.api.answers import Answer
from chalicelib.api.compression import LAMBDA_BYTES, LARGE, accepts_gzip, as_sent
from chalicelib.api.errors import AnswerTooLargeError
from tests.functional.conftest import TRACED, Api, error

ASKED = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate, br"}


def fill(api: Api, rows: int) -> None:
    """Write ``rows`` readings, one an hour."""
    start = datetime(2010, 1, 1, tzinfo=UTC)
    body = "date,type,amount\n" + "".join(
        f"{(start + timedelta(hours=i)).isoformat()},power,{i}\n" for i in range(rows)
    )
    assert api.request("POST", "/v1/energy/import", body, content_type="text/csv").json_body["success"] == rows


def listed(api: Api, headers: dict[str, str] | None = None) -> HTTPResponse:
    return api.request("GET", "/v1/energy", headers={**TRACED, **(headers or {})})


def test_a_large_list_is_compressed_for_who_takes_that_and_the_same_bytes_for_others(api: Api) -> None:
    fill(api, 500)
    plain, compressed = listed(api), listed(api, ASKED)
    assert len(plain.body) > LARGE
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert len(compressed.body) < len(plain.body) / 4
    assert gzip.decompress(compressed.body) == plain.body
    assert {answer.headers["Vary"] for answer in (plain, compressed)} == {"Accept-Encoding"}
    assert {answer.headers["Content-Type"] for answer in (plain, compressed)} == {"application/json"}


def test_a_small_answer_stays_as_it_is(api: Api) -> None:
    fill(api, 5)
    plain, asked = listed(api), listed(api, ASKED)
    assert (plain.body, plain.headers) == (asked.body, asked.headers)
    assert {"Vary", "Content-Encoding"}.isdisjoint(asked.headers)


@pytest.mark.parametrize(
    "headers", [{"Accept": "*/*"}, {"Accept-Encoding": "gzip"}, {**ASKED, "Accept-Encoding": "br"}]
)
def test_who_does_not_take_gzip_or_through_api_gateway_no_bytes_gets_text(api: Api, headers: dict[str, str]) -> None:
    fill(api, 500)
    assert "Content-Encoding" not in listed(api, headers).headers


@pytest.mark.long
def test_thirty_thousand_readings_answer_compressed_and_otherwise_name_the_pages(api: Api) -> None:
    fill(api, 30_000)
    said = error(listed(api), 413)["error"]
    assert "/v2/energy" in said
    assert "cursor" in said
    assert len(json.loads(gzip.decompress(listed(api, ASKED).body))) == 30_000
    assert api.request("GET", "/v2/energy?limit=500").status_code == 200


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip ; q = 0.001", True),
        ("*", True),
        ("br, *;q=0.1", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*, gzip;q=0", False),
        ("*;q=0", False),
        ("gzip;q=2", False),
        ("gzip;q=nan", False),
        ("gzipped", False),
        ("gzip;q=", False),
    ],
)
def test_accept_encoding_is_read_as_its_standard_says(header: str, taken: bool) -> None:
    assert accepts_gzip(header) is taken


@dataclass
class Asked:
    path: str = "/v2/energy"
    headers: dict[str, str] = field(default_factory=lambda: {name.lower(): value for name, value in ASKED.items()})


def travelled(body: str | bytes, content_type: str, **headers: str) -> Response:
    return as_sent(Asked(), Answer(body, {"Content-Type": content_type, **headers}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "media", ["application/json", "application/problem+json", "text/csv; charset=utf-8", "text/html"]
)
def test_text_of_every_kind_is_compressed(media: str) -> None:
    assert gzip.decompress(travelled("ä" * LARGE, media).body) == ("ä" * LARGE).encode()
    assert gzip.decompress(travelled(b"x" * LARGE, media).body) == b"x" * LARGE


@pytest.mark.parametrize(
    ("path", "is_compressed"), [("/ops/status", True), ("/ops/components/dashboard", True), ("/ops/flags", False)]
)
def test_what_the_console_asks_for_again_and_again_is_compressed_sooner(path: str, is_compressed: bool) -> None:
    answer = as_sent(Asked(path), Answer("x" * 4096, {"Content-Type": "application/json"}))  # type: ignore[arg-type]
    assert ("Content-Encoding" in answer.headers) is is_compressed


@pytest.mark.parametrize(("media", "headers"), [("image/png", {}), ("application/json", {"Content-Encoding": "br"})])
def test_what_is_compressed_already_stays_so(media: str, headers: dict[str, str]) -> None:
    assert travelled(b"x" * LARGE, media, **headers).body == b"x" * LARGE


def test_other_bytes_have_no_strong_etag() -> None:
    answer = travelled("x" * LARGE, "application/json", ETag='"1"')
    assert answer.headers["ETag"] == 'W/"1"'
    assert travelled("x", "application/json", ETag='"1"').headers["ETag"] == '"1"'


def test_bytes_reach_api_gateway_as_base64() -> None:
    members = Answer(b"\xff\x00", {"Content-Type": "text/csv"}).to_dict(["image/png"])
    assert (members["body"], members["isBase64Encoded"]) == ("/wA=", True)
    assert "isBase64Encoded" not in Answer("text", {"Content-Type": "image/png"}).to_dict(["image/png"])


@pytest.mark.parametrize("body", ['"' * (LAMBDA_BYTES // 2), b"x" * (LAMBDA_BYTES // 4 * 3)], ids=["escaped", "base64"])
def test_what_lambda_counts_is_what_travels(body: str | bytes) -> None:
    with pytest.raises(AnswerTooLargeError, match="/v2/energy"):
        travelled(body, "image/png")
    assert travelled(body[: LAMBDA_BYTES // 4], "image/png").status_code == 200


@pytest.mark.parametrize(("tag", "sent"), [('"1"', 'W/"1"'), ('W/"1"', 'W/"1"')])
def test_a_compressed_answer_has_one_weak_etag_and_the_same_bytes_at_any_time(tag: str, sent: str) -> None:
    answer = travelled("x" * LARGE, "application/json", ETag=tag)
    assert answer.headers["ETag"] == sent
    assert answer.body[4:8] == bytes(4)


def test_an_answer_without_an_etag_gets_none() -> None:
    assert "ETag" not in travelled("x" * LARGE, "application/json").headers


@pytest.mark.parametrize(
    ("path", "size", "is_compressed"),
    [
        ("/v2/energy", 64 * 1024 - 1, False),
        ("/v2/energy", 64 * 1024, True),
        ("/ops/status", 2 * 1024 - 1, False),
        ("/ops/status", 2 * 1024, True),
        ("/ops/alarms", 2 * 1024, True),
    ],
)
def test_an_answer_is_compressed_from_that_size_on(path: str, size: int, is_compressed: bool) -> None:
    answer = as_sent(Asked(path), Answer("x" * size, {"Content-Type": "application/json"}))  # type: ignore[arg-type]
    assert ("Content-Encoding" in answer.headers) is is_compressed
