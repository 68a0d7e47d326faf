"""Whatever goes wrong has one shape per version: problem+json under /v2, ``{"error": ...}`` under /v1."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.bootstrap.container import using
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.names import SERVICE
from tests.functional.conftest import Api, problem, refused

VERSIONS = pytest.mark.parametrize(
    "version",
    [
        "v1",
        "v2",
    ],
)
READING = {"type": "power", "date": "2023-01-31", "amount": 1000}


@contextmanager
def log_records() -> Iterator[list[logging.LogRecord]]:
    """What the application's logger says inside the block."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler, standard = Keep(), logging.getLogger(SERVICE)
    standard.addHandler(handler)
    try:
        yield records
    finally:
        standard.removeHandler(handler)


HUGE = '{"type": "power", "date": "2023-01-31", "amount": 1e99999999999999999999}'


@VERSIONS
@pytest.mark.parametrize("body", ["{", "", "nonsense", '{"amount": NaN}', HUGE, b"\xff\xfe{}", "[" * 60_000])
def test_malformed_json_is_400(api: Api, version: str, body: str | bytes) -> None:
    refused(version, api.request("POST", f"/{version}/energy", body), 400)


@VERSIONS
@pytest.mark.parametrize("content_type", ["text/plain", "text/csv", "", "application/x-www-form-urlencoded"])
def test_a_wrong_content_type_is_415(api: Api, version: str, content_type: str) -> None:
    response = api.request("POST", f"/{version}/energy", json.dumps(READING), content_type=content_type)
    assert "application/json" in str(refused(version, response, 415))


def test_a_charset_beside_the_content_type_is_fine(api: Api) -> None:
    response = api.request("POST", "/v2/energy", json.dumps(READING), content_type="application/json; charset=utf-8")
    assert response.status_code == 201


@VERSIONS
def test_a_body_over_the_limit_is_413_before_it_is_parsed(api: Api, version: str) -> None:
    json_limit, csv_limit = 64 * 1024, 4 * 1024 * 1024
    for path, content_type, limit in (("", "application/json", json_limit), ("/import", "text/csv", csv_limit)):
        path = f"/{version}/energy{path}"
        refused(version, api.request("POST", path, b"x" * (limit + 1), content_type=content_type), 413)
        answer = api.request("POST", path, b"x" * limit, content_type=content_type)
        assert answer.status_code in (400, 422), "it was parsed"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v2/energy", "GET, POST"),
        ("PATCH", "/v2/energy", "GET, POST"),
        ("GET", "/v2/energy/import", "POST"),
        ("POST", "/v2/energy/123", "GET, PUT, DELETE"),
        ("DELETE", "/v2/settings", "GET, PUT"),
        ("POST", "/v2/display", "GET"),
        ("HEAD", "/v2/display", "GET"),
        ("DELETE", "/v1/energy", "GET, POST"),
        ("GET", "/v1/energy/import", "POST"),
        ("GET", "/v1/energy/123", "PUT, DELETE"),
        ("POST", "/v1/monthly", "GET"),
        ("PUT", "/v1/histogram", "GET"),
        ("HEAD", "/v1/summary", "GET"),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(api: Api, method: str, path: str, allowed: str) -> None:
    response = api.request(method, path)
    refused(path[1:3], response, 405)
    assert response.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/health", "GET"),
        ("GET", "/ops/flags/kill", "POST"),
        ("PUT", "/v2/openapi.json", "GET"),
    ],
)
def test_a_wrong_method_is_405_outside_the_versions_too(api: Api, method: str, path: str, allowed: str) -> None:
    response = api.request(method, path, user=None)
    problem(response, 405)
    assert response.headers["Allow"] == allowed


@VERSIONS
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_an_unknown_route_is_404(api: Api, version: str, method: str) -> None:
    refused(version, api.request(method, f"/{version}/nonsense"), 404)


@VERSIONS
@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"type": "water"}, "type"),
        ({"amount": "much"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": "1_0"}, "amount"),
        ({"amount": " 12 "}, "amount"),
        ({"confirm": "yes"}, "confirm"),
        ({"amount": -0.001}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1e300}, "amount"),
        ({"date": "31.02.2023"}, "date"),
        ({"date": "2023-02-31"}, "date"),
        ({"date": "2023-02-01T25:00"}, "date"),
        ({"date": "2023-11-16T00:00Z"}, "date"),
        ({"date": None}, "date"),
        ({"userId": "bob"}, "userId"),
    ],
)
def test_a_wrong_field_is_422_and_named(api: Api, version: str, changed: dict[str, object], where: str) -> None:
    body = refused(version, api.request("POST", f"/{version}/energy", json.dumps(READING | changed)), 422)
    assert [error["where"] for error in body["errors"]] == [where]
    assert not api.store.stored.readings


@VERSIONS
@pytest.mark.parametrize("body", ["[]", "1", "null", '"text"'])
def test_json_that_is_no_object_is_422(api: Api, version: str, body: str) -> None:
    refused(version, api.request("POST", f"/{version}/energy", body), 422)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "type=power&year=2023",
        "type=power&year=abc&dataType=monthly",
        "type=power&year=99999&dataType=monthly",
        "type=power&year=2_009&dataType=monthly",
        "type=power&year=%2B2009&dataType=monthly",
        "type=power&type=gas&year=2009&dataType=monthly",
        "type=water&year=2023&dataType=monthly",
        "type=power&year=2023&dataType=nonsense",
        "type=power&year=2023&dataType=monthly&userId=bob",
    ],
)
def test_a_wrong_query_is_422(api: Api, query: str) -> None:
    problem(api.request("GET", f"/v2/display?{query}"), 422)


@VERSIONS
def test_the_same_instant_again_is_409(api: Api, version: str) -> None:
    assert api.request("POST", f"/{version}/energy", json.dumps(READING)).status_code == 201
    refused(version, api.request("POST", f"/{version}/energy", json.dumps(READING)), 409)


@VERSIONS
def test_the_same_instant_again_is_409_whatever_its_amount(api: Api, version: str) -> None:
    for date, amount in (("2023-01-01", 500), ("2023-01-31", 1000)):
        reading = READING | {"date": date, "amount": amount}
        assert api.request("POST", f"/{version}/energy", json.dumps(reading)).status_code == 201
    refused(version, api.request("POST", f"/{version}/energy", json.dumps(READING | {"amount": 1})), 409)


@VERSIONS
def test_a_register_that_runs_backwards_is_422_with_a_code_unless_confirmed(api: Api, version: str) -> None:
    api.request("POST", f"/{version}/energy", json.dumps(READING))
    lower = {"type": "power", "date": "2023-02-28", "amount": 900}
    body = refused(version, api.request("POST", f"/{version}/energy", json.dumps(lower)), 422)
    assert body["code"] == "LOWER_THAN_PREVIOUS"
    confirmed = json.dumps(lower | {"confirm": True})
    assert api.request("POST", f"/{version}/energy", confirmed).status_code == 201


@VERSIONS
def test_a_dead_database_is_503_with_retry_after_and_loses_nothing(api: Api, version: str) -> None:
    api.store.down = True
    response = api.request("POST", f"/{version}/energy", json.dumps(READING))
    refused(version, response, 503)
    assert int(response.headers["Retry-After"]) > 0
    assert not api.store.stored.readings
    assert api.request("GET", "/health", user=None).status_code == 503


@pytest.mark.parametrize(
    "path",
    [
        "/v2/display?type=power&year=2023&dataType=monthly",
        "/v1/monthly?type=power&year=2023",
    ],
)
def test_an_unexpected_exception_is_500_logged_with_traceback_and_says_nothing(api: Api, path: str) -> None:
    class Broken:
        def monthly(self, *_: object, **__: object) -> None:
            raise RuntimeError("secret detail")

    parts: dict[str, Any] = {
        "display": Broken(),
        "old": Broken(),
    }
    broken = replace(api.container, **parts)
    with using(broken), log_records() as records:
        response = api.request("GET", path)
    refused(path[1:3], response, 500)
    assert b"secret" not in response.body
    assert b"Traceback" not in response.body
    assert any(record.exc_info and "secret detail" in str(record.exc_info[1]) for record in records)
    assert logger().get_correlation_id()
