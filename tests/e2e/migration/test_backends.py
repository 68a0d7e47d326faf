"""Both backends on the deployed stack: what one writes the other shows, at once and in the same figures."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import Answer, Deployed, eventually
from tests.integration.versions.both_versions import as_version_1_says

YEAR = 2023
VIEWS = {
    f"/v1/monthly?type=power&year={YEAR}": f"/v2/display?type=power&year={YEAR}&dataType=monthly",
    "/v1/histogram?type=power": "/v2/display?type=power&dataType=histogram",
    "/v1/summary?type=power": "/v2/display?type=power&dataType=summary",
}


@pytest.fixture
def user(deployed: Deployed) -> str:
    """Somebody whose two readings came in through either backend."""
    name = f"person-{uuid4().hex}"
    for path, date, amount in (("/v1/energy", "2023-01-31", 1000), ("/v2/energy", "2023-02-28", 1100.5)):
        body = json.dumps({"type": "power", "date": date, "amount": amount}).encode()
        assert deployed.request("POST", path, body, user=name).status == 201
    return name


def shown(deployed: Deployed, path: str, user: str) -> Answer:
    answer = deployed.request("GET", path, user=user)
    assert answer.status == 200, answer.body
    return answer


def fresh(deployed: Deployed, path: str, user: str) -> Any:
    """A stored view that is not behind its readings."""
    return eventually(
        lambda: shown(deployed, path, user).json,
        lambda view: view["meta"]["calculatedAt"] is not None and not view["meta"]["stale"],
    )


def assert_equal_figures(deployed: Deployed, user: str) -> None:
    for old, new in VIEWS.items():
        data = fresh(deployed, new, user)["data"]
        assert shown(deployed, old, user).json == as_version_1_says(data)


def readings(deployed: Deployed, user: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shown(deployed, "/v2/energy", user).json["readings"]
    return found


def test_both_backends_show_the_same_readings_and_figures(deployed: Deployed, user: str) -> None:
    old = shown(deployed, "/v1/energy", user).json
    assert [(item["_id"], item["amount"]) for item in old] == [
        (item["id"], item["amount"]) for item in readings(deployed, user)
    ]
    assert_equal_figures(deployed, user)


def test_a_correction_through_either_backend_reaches_the_other(deployed: Deployed, user: str) -> None:
    first, second = readings(deployed, user)
    assert deployed.request("PUT", f"/v2/energy/{first['id']}", b'{"amount": 1010}', user=user).status == 200
    assert deployed.request("PUT", f"/v1/energy/{second['id']}", b'{"amount": 1111}', user=user).status == 200
    assert [item["amount"] for item in readings(deployed, user)] == [1010, 1111]
    assert [item["amount"] for item in shown(deployed, "/v1/energy", user).json] == [1010, 1111]
    assert_equal_figures(deployed, user)


def test_a_delete_through_one_backend_is_gone_from_both(deployed: Deployed, user: str) -> None:
    first, second = readings(deployed, user)
    assert deployed.request("DELETE", f"/v2/energy/{first['id']}", user=user).status == 204
    assert deployed.request("GET", f"/v2/energy/{first['id']}", user=user).status == 404
    assert [item["_id"] for item in shown(deployed, "/v1/energy", user).json] == [second["id"]]
    assert_equal_figures(deployed, user)


def test_exchanges_and_settings_reach_the_figures_of_both(deployed: Deployed, user: str) -> None:
    exchange = {"type": "power", "date": "2023-02-10T12:00:00Z", "finalOld": 1040, "initialNew": 0}
    body = json.dumps(exchange).encode()
    assert deployed.request("POST", "/v2/exchanges", body, user=user).status == 201
    settings = json.dumps({"zone": "America/New_York"}).encode()
    assert deployed.request("PUT", "/v2/settings", settings, user=user).status == 200
    assert_equal_figures(deployed, user)
    months = fresh(deployed, f"/v2/display?type=power&year={YEAR}&dataType=monthly", user)["data"]["months"]
    assert "exchange" in months[1]["flags"]


def test_a_location_leads_to_the_reading(deployed: Deployed, user: str) -> None:
    body = json.dumps({"type": "gas", "date": "2023-03-31", "amount": 5}).encode()
    created = deployed.request("POST", "/v2/energy", body, user=user)
    assert created.headers["Location"].startswith("/api/v2/energy/")
    reading = deployed.request("GET", created.headers["Location"].removeprefix("/api"), user=user)
    assert reading.json["id"] == created.json["id"]


def test_the_old_backends_errors_keep_their_shape(deployed: Deployed) -> None:
    for method, path in (("GET", "/v1/nonsense"), ("PATCH", "/v1/energy"), ("GET", "/v1/energy")):
        answer = deployed.request(method, path)
        assert answer.status in {401, 404, 405}
        assert list(answer.json) == ["error"]
