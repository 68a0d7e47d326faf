"""What people say looks wrong, and what pages have measured, as the command shows it."""

import re
from typing import Any

import pytest

from chalicelib.bootstrap.container import Ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.services.migration.comparison import page_times
from infra.local.identity import Identity
from infra.local.layout import Layout
from infra.local.waiting import wait_until
from tests.integration.comparison.command.running import GAS, document, fingerprint, run

YEAR_OF_GAS = {"type": "gas", "year": 2023, "consistent": False}


def complain(
    ports: Ports, user: str, component: Component = Component.MONTHLY_CHARTS, parameters: Any = YEAR_OF_GAS
) -> str:
    """Say that something looks wrong; returns the pseudonym."""
    pseudonym = Pseudonyms(Identity.of(Layout.of("sample")).pseudonym_key.encode()).of("user", user)
    seen = Feedback(component, parameters, Backend.NEW, Reason.PERCENTAGE_IN, {GAS: 3}, "b" * 32)
    ports.feedback.add(user, seen, pseudonym, now())
    return pseudonym


def test_a_report_lists_what_people_say_looks_wrong_and_what_came_of_it(
    capsys: pytest.CaptureFixture[str], ports: Ports, damaged: str
) -> None:
    pseudonym = complain(ports, damaged)
    complain(ports, "alice-2", Component.CSV_IMPORT, None)
    assert document(capsys, 1, "report")["feedback"]["counts"]["monthly_charts"]["open"] == 1
    assert document(capsys, 1, "run", "--user", damaged)["different"] == 2
    report = document(capsys, 1, "report")
    [difference] = report["differences"]
    assert (difference["answers"], difference["users"]) == (2, 1)
    counts = {component: {*states.items()} for component, states in report["feedback"]["counts"].items()}
    assert ("different", 1) in counts["monthly_charts"]
    assert ("not_compared", 1) in counts["csv_import"]
    imported, chart = report["feedback"]["latest"]
    assert (imported["state"], imported["asked"]) == ("not_compared", None)
    assert {
        "component": "monthly_charts",
        "user": pseudonym,
        "backend": "new",
        "reason": "percentage_in",
        "meters": [{"type": "gas", "sourceVersion": 3}],
        "asked": YEAR_OF_GAS,
        "state": "different",
        "attempts": 1,
        "fingerprints": [difference["fingerprint"]],
        "traceId": "b" * 32,
    }.items() <= chart.items()
    assert chart["comparedAt"] >= chart["at"]
    assert document(capsys, 0, "feedback")["latest"] == [imported, chart]
    assert document(capsys, 0, "feedback", "--limit", "1")["latest"] == [imported]


def test_people_read_of_feedback_when_on_what_by_whom_and_which_command_shows_more(
    capsys: pytest.CaptureFixture[str], ports: Ports, damaged: str
) -> None:
    pseudonym = complain(ports, damaged)
    page = {"limit": 50, "after": [1, "a" * 24]}
    complain(ports, damaged, Component.ENERGY_TABLE, page)
    found = fingerprint(capsys)
    run("report")
    said = capsys.readouterr().out
    assert re.search(rf"monthly_charts  user {pseudonym[:20]}  new \(percentage_in\), gas 3: different {found}\n", said)
    assert "python -m infra compare feedback" in said
    assert run("feedback") == 0
    listed = capsys.readouterr().out
    assert "asked: type gas, year 2023, consistent False" in listed
    assert f"python -m infra compare replay {found}" in listed
    assert "asked: limit 50\n" in listed
    assert f"python -m infra trace {'b' * 32}\n" in listed
    assert all(secret not in said + listed for secret in (damaged, "a" * 24))


def test_where_nobody_says_anything_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("feedback", "--hours", "5") == 0
    assert capsys.readouterr().out == "nobody said in the last 5 hours that something looks wrong\n"


def measure(ports: Ports, backend: Backend, *times: float, errors: int = 0) -> None:
    """What pages have measured of the dashboard, and what the server needed."""
    dashboard = Component.DASHBOARD
    found = [PageMeasurement(dashboard, backend, MeasurementKind.FETCH, elapsed) for elapsed in times]
    failed = [PageMeasurement(dashboard, backend, MeasurementKind.ERROR, 0)] * errors
    ports.measurements.insert([*found, *failed], "somebody", now())
    decision = Decision(backend, Reason.PERCENTAGE_IN)
    ports.usage.insert(BackendUsage(dashboard, "alice", decision, times[0] / 2, success=True), "somebody", now())
    assert wait_until(lambda: bool(ports.measurements.served(dashboard, backend, 0, 1).measured), 10)


def test_times_of_pages_are_shown_old_beside_new(capsys: pytest.CaptureFixture[str], ports: Ports) -> None:
    measure(ports, Backend.OLD, 100, 200, 1_900, errors=1)
    measure(ports, Backend.NEW, 20, 30)
    wanted = {"p50": 200, "p95": 1_900, "count": 3, "cut": False}

    def seen() -> dict[str, Any]:
        found: dict[str, Any] = document(capsys, 0, "times")["dashboard"]
        return found

    assert wait_until(lambda: seen()["old"]["fetch"] == wanted and seen()["new"]["fetch"]["count"] == 2, 10)
    assert seen()["old"] == {
        "fetch": wanted,
        "render": {"p50": None, "p95": None, "count": 0, "cut": False},
        "interaction": {"p50": None, "p95": None, "count": 0, "cut": False},
        "server": {"p50": 50, "p95": 50, "count": 1, "cut": False},
        "errors": {"count": 1, "cut": False, "rate": 0.25},
    }
    assert seen()["new"]["errors"] == {"count": 0, "cut": False, "rate": 0}
    assert run("times") == 0
    rows = [re.split(r"\s*[│|]\s*", line)[1:-1] for line in capsys.readouterr().out.splitlines() if "dashboard" in line]
    assert rows == [
        ["dashboard", "fetch", "200.0", "1,900.0", "3", "20.0", "30.0", "2"],
        ["dashboard", "server", "50.0", "50.0", "1", "10.0", "10.0", "1"],
        ["dashboard", "errors", "25.00%", "", "1", "0.00%", "", "0"],
    ]


def test_of_very_many_times_the_latest_count_and_that_is_said(
    capsys: pytest.CaptureFixture[str], ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_times, "LATEST", 2)
    measure(ports, Backend.NEW, 20, 30, 40)
    assert wait_until(lambda: document(capsys, 0, "times")["dashboard"]["new"]["fetch"]["cut"], 10)
    assert run("times") == 0
    said = capsys.readouterr().out
    assert "2+" in said
    assert "there are earlier ones" in said


def test_where_no_page_has_measured_anything_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("times") == 1
    assert "no page has measured anything in the last 24 hours" in capsys.readouterr().out
