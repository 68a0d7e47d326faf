"""One id through everything: taken or made at a request, and found again in whatever comes of it."""

import json
from dataclasses import replace
from typing import (
    Any,
    cast,
)

import pytest

from chalicelib.api.endpoint import TRACE_ID
from chalicelib.bootstrap.container import using
from chalicelib.domain.events.trace import named_trace
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.handlers.comparer import backend_comparer
from chalicelib.handlers.display_data import energy_reading_created_handler
from chalicelib.handlers.sweeper import sweeper
from infra.simulation.memory.migration.comparisons import FakeComparisonLog
from infra.simulation.memory.migration.feedback import FakeFeedbackLog
from tests.functional.components.feedback import WRONG
from tests.functional.conftest import TRACE, TRACED, Api
from tests.functional.handlers.event_calls import Context, envelope
from tests.functional.handlers.scheduled_calls import SCHEDULE
from tests.unit.flags.rollout import Rollout

READING = json.dumps({"type": "power", "date": "2023-01-31", "amount": 1000})
MONTHS = "/components/monthly_charts?type=power&year=2023"


class Bus:
    """Keeps the details of events."""

    def __init__(self) -> None:
        self.details: list[Any] = []

    def put_events(self, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 the name that AWS gives it
        self.details += [json.loads(entry["Detail"]) for entry in Entries]
        return {"Entries": [{} for _ in Entries]}


@pytest.fixture
def bus(api: Api) -> Bus:
    """What the application sends to EventBridge."""
    bus = Bus()
    publisher = EventBridgePublisher(lambda: bus, "bus")  # type: ignore[arg-type, return-value]
    kept = api.publisher.publish

    def publish(events: Any) -> None:
        kept(events)
        publisher.publish(events)

    api.publisher.publish = publish  # type: ignore[method-assign]
    return bus


def lines(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The log lines since; metrics are none."""
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in said if "_aws" not in line]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/energy"),
        ("GET", "/v2/energy"),
        ("POST", "/components/energy_forms"),
        ("GET", "/"),
        ("PUT", "/health"),
    ],
)
def test_every_answer_and_every_line_of_a_request_says_the_trace_that_it_came_with(
    api: Api, capsys: pytest.CaptureFixture[str], method: str, path: str
) -> None:
    answer = api.request(method, path, READING if method == "POST" else b"", headers=TRACED)
    assert answer.headers[TRACE_ID] == TRACE
    said = lines(capsys)
    assert "request" in [line["message"] for line in said]
    assert {line["trace_id"] for line in said} == {TRACE}


@pytest.mark.parametrize("sent", [{}, {"traceparent": TRACED["traceparent"].upper()}, {"traceparent": f"ff{TRACED}"}])
def test_a_request_without_a_trace_begins_one(
    api: Api, capsys: pytest.CaptureFixture[str], sent: dict[str, str]
) -> None:
    made = [api.request("GET", "/v2/energy", headers=sent).headers[TRACE_ID] for _ in range(2)]
    assert [named_trace(each) for each in made] == made
    assert made[0] != made[1]
    assert {line["trace_id"] for line in lines(capsys)} == {*made}


def test_a_refused_request_says_its_trace_too(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert api.request("GET", "/v2/energy", user=None, headers=TRACED).headers[TRACE_ID] == TRACE
    assert {line["message"]: line["trace_id"] for line in lines(capsys)} == {"refused": TRACE, "request": TRACE}


def test_a_trace_that_spells_the_person_who_asks_is_not_gone_on_with(api: Api) -> None:
    answer = api.request("GET", "/v2/energy", user=TRACE, headers=TRACED)
    assert answer.headers[TRACE_ID] != TRACE


def test_a_write_leads_to_an_event_and_the_event_to_its_handler_in_one_trace(
    api: Api, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    assert api.request("POST", "/components/energy_forms", READING, headers=TRACED).status_code == 201
    [detail] = bus.details
    assert named_trace(detail["traceparent"]) == TRACE
    assert detail["traceparent"] != TRACED["traceparent"]
    api.request("GET", "/v2/energy")
    lines(capsys)
    assert energy_reading_created_handler(envelope(api.publisher.events[-1]) | {"detail": detail}, Context()) == {
        "refreshed": 1
    }
    assert {line["message"]: line["trace_id"] for line in lines(capsys)} == {"event handled": TRACE}


@pytest.mark.parametrize("detail", [{"version": 1}, {"version": 9, "userId": "alice"}, {"version": 1, "userId": 5}])
def test_a_handler_that_fails_or_cannot_read_its_event_says_its_trace(
    api: Api, capsys: pytest.CaptureFixture[str], detail: dict[str, Any]
) -> None:
    event = {"id": "event-1", "detail": detail | TRACED}
    if detail["version"] == 1:
        with pytest.raises(Exception, match="missing version"):
            energy_reading_created_handler(event, Context())
    else:
        energy_reading_created_handler(event, Context())
    assert {line["trace_id"] for line in lines(capsys)} == {TRACE}


def test_each_run_of_a_schedule_begins_a_trace(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        sweeper(SCHEDULE, Context())
    said = [line["trace_id"] for line in lines(capsys)]
    assert (len(said), len(set(said))) == (2, 2)
    assert [named_trace(each) for each in said] == said


def test_the_usage_row_of_a_read_and_its_comparison_have_its_trace_feedback_has_its_own(api: Api) -> None:
    assert api.request("POST", "/components/energy_forms", READING).status_code == 201
    assert api.request("GET", MONTHS, headers=TRACED).status_code == 200
    assert [row.trace_id for row, _, _ in api.usage.rows][1:] == [TRACE]
    other = "1" * 32
    said = {"traceparent": f"00-{other}-00f067aa0ba902b7-01"}
    assert api.request("POST", "/components/feedback", json.dumps(WRONG), headers=said).status_code == 201
    [(_, given)] = cast(FakeFeedbackLog, api.ports.feedback).rows.values()
    assert given.feedback.trace_id == other
    backend_comparer(SCHEDULE, Context())
    rows = cast(FakeComparisonLog, api.ports.comparisons).rows
    assert sorted(str(row.compared.request.trace_id) for row in rows) == sorted([TRACE, other])


def test_a_change_of_flags_has_the_trace_of_who_changes_them(api: Api) -> None:
    rollout = Rollout()
    with using(replace(api.container, flags=rollout.flags)):
        body = json.dumps({"enabled": True, "reason": "we begin"})
        made = api.request("PATCH", "/ops/flags/global", body, user="olga", roles=("operator",), headers=TRACED)
        history = api.request("GET", "/ops/flags/history", user="olga", roles=("operator",))
    assert made.json_body["traceId"] == TRACE
    assert [change["traceId"] for change in history.json_body["changes"]] == [TRACE]
