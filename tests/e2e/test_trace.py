"""One id on the deployed stack: from a request through all that comes of it, and back by one command."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.account import Account
from tests.e2e.conftest import Deployed, eventually
from tests.e2e.dead_letters import infra, letters, put, shown

READING = json.dumps({"type": "power", "date": "2023-01-31", "amount": 1000}).encode()
CHART = "/components/monthly_charts?type=power&year=2023"
SEEN = {"component": "monthly_charts", "query": {"type": "power", "year": "2023"}, "backend": "old", "meters": []}
FEEDBACK = json.dumps(SEEN | {"reason": "component_off"}).encode()
CREATED = "EnergyReadingCreatedHandler"[:24]  # CloudFormation cuts names
PLACES = {
    *("log of APIHandler", f"log of {CREATED}"),
    *("backend_usage_logs", "feedback", "backend_comparisons", "dead letters", "discarded_events"),
}


@pytest.fixture
def trace() -> str:
    return uuid4().hex


def path(deployed: Deployed, trace: str) -> list[dict[str, Any]]:
    """The steps that the command finds."""
    found = json.loads(infra(deployed, "trace", trace, "--json"))
    assert found["problems"] == []
    steps: list[dict[str, Any]] = found["steps"]
    return steps


def test_one_id_is_followed_through_every_place(deployed: Deployed, trace: str) -> None:
    user, sent = f"person-{uuid4().hex}", {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    answers = [
        deployed.request("POST", "/components/energy_forms", READING, user=user, headers=sent),
        deployed.request("GET", CHART, user=user, headers=sent),
        deployed.request("POST", "/components/feedback", FEEDBACK, user=user, headers=sent),
    ]
    assert [(answer.status, answer.headers["Trace-Id"]) for answer in answers] == [
        (201, trace),
        (200, trace),
        (201, trace),
    ]
    shown(deployed, user, 1)
    marker = uuid4().hex
    for sign in (marker, f"{marker}, discarded"):
        put(deployed, {"version": 1, "marker": sign, "meter": "none", **sent})
    account = Account(deployed)
    answer = account["lambda"].invoke(FunctionName=account.name_of("BackendComparer"), Payload=b"{}")
    assert json.loads(answer["Payload"].read())["state"] == "compared"
    [letter] = eventually(lambda: letters(deployed, f"{marker}, discarded"), lambda found: len(found) == 1, 60)
    assert letter["traceId"] == trace
    infra(deployed, "dlq", "discard", letter["id"], "--reason", "made by hand")

    steps = eventually(lambda: path(deployed, trace), lambda found: {step["where"] for step in found} >= PLACES, 60)
    told = [step["what"] for step in steps]
    assert sum(step["where"] == "backend_usage_logs" for step in steps) == 2
    assert any(what.startswith("event handled") for what in told)
    assert sum(what.startswith("event failed") for what in told) >= 2
    assert any(what.startswith("monthly_charts compared: equal") for what in told)
    assert [step["afterMs"] for step in steps] == sorted(step["afterMs"] for step in steps)
    assert user not in json.dumps(steps)
    printed = infra(deployed, "trace", sent["traceparent"])
    assert len(printed.splitlines()) >= len(steps)
