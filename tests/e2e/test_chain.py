"""The real chain: HTTP in, a transaction, an EventBridge event, a handler function, the display document out."""

import csv
import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from chalicelib.flags.document.flag_document import read
from chalicelib.flags.document.names import FLAGS
from infra.local.demo.household import HISTORICAL_USER
from tests.e2e.conftest import Deployed, eventually

HOUSEHOLD = Path(__file__).parents[2] / "infra" / "local" / "demo" / "household_power_daily.csv"
PROBLEM = "application/problem+json"


def test_the_demo_households_2009_is_right_to_the_last_digit(deployed: Deployed) -> None:
    """The file has a reading at each local midnight, so a month ends with the reading on the first of the next."""
    with HOUSEHOLD.open() as file:
        register = {row["date"]: Decimal(row["amount"]) for row in csv.DictReader(file)}
    firsts = [f"2009-{month:02}-01" for month in range(1, 13)] + ["2010-01-01"]
    answer = deployed.request("GET", "/v2/display?type=power&year=2009&dataType=monthly", user=HISTORICAL_USER)
    months = json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)["data"]["months"]
    assert [month["meterReading"] for month in months] == [register[day] for day in firsts[1:]]
    consumption = [register[end] - register[start] for start, end in pairwise(firsts)]
    assert [month["consumption"] for month in months] == consumption
    assert {month["quality"] for month in months} == {"measured"}


def test_a_reading_travels_from_the_request_to_the_display_document(deployed: Deployed) -> None:
    user = f"person-{uuid4().hex}"
    first = deployed.record(user, "2023-01-31", 1000)
    assert (first.status, first.json["sourceVersion"]) == (201, 1)
    assert deployed.record(user, "2023-02-28", 1100.5).json["sourceVersion"] == 2
    shown = eventually(
        lambda: deployed.display(user, 2023), lambda view: view["meta"]["displayVersion"] == 2 and stored(view)
    )
    assert shown["data"]["months"][1]["consumption"] == 100.5
    assert shown["meta"]["stale"] is False


def test_an_import_travels_the_same_way_and_again_changes_nothing(deployed: Deployed) -> None:
    user = f"person-{uuid4().hex}"
    content = HOUSEHOLD.read_bytes()
    report = deployed.request("POST", "/v2/energy/import", content, user=user, content_type="text/csv").json
    assert (report["success"], report["skipped"], report["error"]) == (1441, 0, 0)
    eventually(lambda: deployed.display(user, 2009), lambda view: not view["meta"]["stale"] and stored(view))
    again = deployed.request("POST", "/v2/energy/import", content, user=user, content_type="text/csv").json
    assert (again["success"], again["skipped"]) == (0, 1441)


def test_a_german_spreadsheet_is_previewed_imported_shown_and_undone(deployed: Deployed) -> None:
    """Byte for byte in Windows-1252; undone, the display forgets it, by an event of its own."""
    user, path = f"person-{uuid4().hex}", "/v2/energy/import?type=power"
    content = "Datum;Zählerstand (kWh)\r\n31.01.2023;12.345,5\r\n28.02.2023;12.445,5\r\n".encode("windows-1252")
    preview = deployed.request("POST", f"{path}&preview=true", content, user=user, content_type="text/csv").json
    assert (preview["success"], preview["encoding"], preview["importId"]) == (2, "windows-1252", None)
    report = deployed.request("POST", path, content, user=user, content_type="text/csv").json
    assert report["success"] == 2
    shown = eventually(lambda: deployed.display(user, 2023), lambda view: not view["meta"]["stale"] and stored(view))
    assert shown["data"]["months"][1]["consumption"] == 100
    undone = deployed.request("DELETE", f"/v2/imports/{report['importId']}", user=user)
    assert (undone.status, undone.json["removed"]) == (200, 2)
    shown = eventually(lambda: deployed.display(user, 2023), lambda view: view["meta"]["displayVersion"] == 2)
    assert shown["data"]["months"][1]["meterReading"] is None


def test_one_user_never_sees_anothers_documents(deployed: Deployed) -> None:
    stranger = deployed.display(f"stranger-{uuid4().hex}", 2009)
    assert all(month["meterReading"] is None for month in stranger["data"]["months"])


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type", "status"),
    [
        ("POST", "/v2/energy", b"{", "application/json", 400),
        ("POST", "/v2/energy", b"{}", "text/plain", 415),
        ("POST", "/v2/energy", b"{}", "application/json", 422),
        ("POST", "/v2/energy", b"x" * 70_000, "application/json", 413),
        ("POST", "/v2/energy/import", b"x" * (4 * 1024 * 1024 + 1), "text/csv", 413),
        ("PATCH", "/v2/energy", None, "application/json", 405),
        ("DELETE", "/v2/display", None, "application/json", 405),
        ("GET", "/v2/nonsense", None, "application/json", 404),
        ("GET", "/v2/nonsense/deep/er", None, "application/json", 404),
        ("POST", "/v2/energy/unknown/route", b"{}", "application/json", 404),
        ("GET", "/v2/display?type=power&year=x&dataType=monthly", None, "application/json", 422),
    ],
)
def test_every_refusal_under_v2_has_one_shape(
    deployed: Deployed, method: str, path: str, body: bytes | None, content_type: str, status: int
) -> None:
    answer = deployed.request(method, path, body, user="somebody", content_type=content_type)
    assert (answer.status, answer.headers.get("Content-Type")) == (status, PROBLEM), answer.body
    assert {"type", "title", "status", "detail"} <= set(answer.json)
    assert answer.json["status"] == status


@pytest.mark.parametrize("path", ["/v2/energy", "/v2/energy/import"])
def test_without_a_token_the_answer_is_401(deployed: Deployed, path: str) -> None:
    answer = deployed.request("POST", path, b"{}")
    assert (answer.status, answer.headers.get("Content-Type")) == (401, PROBLEM)


def test_the_flag_document_is_in_appconfig_with_every_flag_off(deployed: Deployed) -> None:
    client = deployed.client("appconfigdata", deployed.layout.appconfig_url)
    session = client.start_configuration_session(
        ApplicationIdentifier="energy-monitor",
        EnvironmentIdentifier="local",
        ConfigurationProfileIdentifier="feature-flags",
    )
    latest = client.get_latest_configuration(ConfigurationToken=session["InitialConfigurationToken"])
    deployed_flags = read(latest["Configuration"].read()).flags
    assert set(deployed_flags) == set(FLAGS)
    assert not any(flag.enabled for flag in deployed_flags.values())


def test_the_functions_own_log_lines_reach_cloudwatch(deployed: Deployed) -> None:
    user = f"person-{uuid4().hex}"
    deployed.record(user, "2023-01-31", 1000)
    cloudformation = deployed.client("cloudformation", deployed.layout.localstack_url)
    resource = cloudformation.describe_stack_resource(
        StackName="energy-monitor-local", LogicalResourceId="EnergyReadingCreatedHandlerLog"
    )
    group = resource["StackResourceDetail"]["PhysicalResourceId"]
    logs = deployed.client("logs", deployed.layout.localstack_url)

    def lines() -> str:
        return "\n".join(event["message"] for event in logs.filter_log_events(logGroupName=group)["events"])

    found = eventually(lines, lambda text: "event handled" in text and "REPORT RequestId" in text)
    assert "START RequestId" in found
    assert user not in found


def stored(view: dict[str, dict[str, object]]) -> bool:
    """Whether the answer is a stored document, not one that was calculated on the spot."""
    return view["meta"]["calculatedAt"] is not None
