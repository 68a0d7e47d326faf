"""What every function has around it: whom its lines name, what they carry, what is counted, and how a failure ends."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.bootstrap.container import Container, using
from chalicelib.domain.events.contracts import EnergyReadingDeleted, MeterChange
from chalicelib.domain.readings import EnergyType
from chalicelib.handlers.event_function import event_function, name_of, queue_function, scheduled_function
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.memory import memory
from chalicelib.monitoring.metrics import metrics
from chalicelib.monitoring.people import hidden
from chalicelib.monitoring.trace import trace_id
from tests.functional.conftest import TRACE
from tests.functional.handlers.event_calls import Context, envelope

MARKED, OTHER = "auth0|marked-7f3a91", "auth0|other-0c55d2"
MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
Said = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _without_a_database() -> Iterator[None]:
    metrics().clear_metrics()
    with using(cast(Container, SimpleNamespace())):
        yield


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """The lines that were printed since."""

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]

    lines()
    return lines


def deleted(user: str = MARKED) -> dict[str, Any]:
    meter = MeterChange(type=EnergyType.GAS, source_version=1, first=MOMENT, last=MOMENT)
    traceparent = f"00-{TRACE}-00f067aa0ba902b7-01"
    event = EnergyReadingDeleted(occurred_at=MOMENT, user_id=user, reading_id="1", meter=meter, traceparent=traceparent)
    return envelope(event)


def messages(*contents: object) -> dict[str, Any]:
    return {"Records": [{"body": json.dumps(content)} for content in contents]}


@event_function(EnergyReadingDeleted)
def gone_handler(event: EnergyReadingDeleted, _: Container) -> int:
    """Say whose reading it was, which no function should."""
    logger().warning(f"gone of {event.user_id}", extra={"trace": trace_id()})
    if event.user_id == OTHER:
        raise ZeroDivisionError(f"none of {event.user_id}")
    return 2


@scheduled_function
def nightly_job(_: Container) -> dict[str, Any]:
    """Say whom its lines would name."""
    return {"seen": hidden(MARKED), "trace": trace_id()}


@queue_function
def range_of_many(_: Container, message: dict[str, Any]) -> dict[str, Any]:
    """Say what the message says."""
    if not message["number"]:
        raise ZeroDivisionError("no number")
    return {"number": message["number"], "trace": trace_id()}


def line(lines: list[dict[str, Any]], message: str) -> dict[str, Any]:
    [found] = [each for each in lines if str(each.get("message", "")).startswith(message)]
    return found


def counts(lines: list[dict[str, Any]]) -> dict[str, float]:
    wanted = ("EventsHandled", "EventsFailed", "ScheduleRuns")
    return {name: each[name][0] for each in lines if "_aws" in each for name in wanted if name in each}


def test_an_events_lines_name_nobody_and_carry_its_id_its_request_and_its_trace(said: Said) -> None:
    event = deleted()
    assert gone_handler(event, Context()) == {"refreshed": 2}
    lines = said()
    about = line(lines, "gone of ")
    assert MARKED not in about["message"]
    assert (about["trace"], about["correlation_id"], about["function_request_id"]) == (TRACE, event["id"], "request-1")
    handled = line(lines, "event handled")
    assert (handled["event_id"], handled["refreshed"]) == (event["detail"]["eventId"], 2)
    assert counts(lines) == {"EventsHandled": 1.0, "EventsFailed": 0.0}


def test_an_event_that_fails_is_logged_counted_and_raised_again_without_its_text(said: Said) -> None:
    with pytest.raises(Exception, match=r"^at chalicelib/handlers/event_function.py:\d+ handler$") as raised:
        gone_handler(deleted(OTHER), Context())
    assert type(raised.value).__name__ == "ZeroDivisionError"
    assert (OTHER in str(raised.value), raised.value.__cause__, raised.value.__suppress_context__) == (
        False,
        None,
        True,
    )
    lines = said()
    failed = line(lines, "event failed")
    assert (failed["level"], failed["event_type"]) == ("ERROR", "EnergyReadingDeleted")
    assert counts(lines) == {"EventsHandled": 1.0, "EventsFailed": 1.0}
    assert not [each for each in lines if each.get("message") == "event handled"]


def test_what_was_said_of_one_call_hides_nobody_in_the_next(said: Said) -> None:
    gone_handler(deleted(), Context())
    seen = nightly_job(SCHEDULE, Context())
    assert seen["seen"] == MARKED
    assert seen["trace"] not in (None, TRACE), "a trace of its own"


@pytest.mark.parametrize("event", [None, [], "text", {}, {"detail": None}, {"detail": [MARKED]}, {"detail": "text"}])
def test_a_schedule_may_call_with_anything(said: Said, event: object) -> None:
    nightly_job(event, None)
    done = line(said(), "schedule done")
    assert (done["function"], done.get("correlation_id"), done.get("function_request_id")) == (
        "nightly_job",
        None,
        None,
    )


@pytest.mark.parametrize("user", [None, 5, ["a"], {"a": 1}])
def test_an_event_that_names_nobody_readable_fails_as_what_it_is(said: Said, user: object) -> None:
    event = deleted()
    event["detail"]["userId"] = user
    with pytest.raises(Exception, match="1 x string_type"):
        gone_handler(event, Context())
    assert counts(said()) == {"EventsHandled": 1.0, "EventsFailed": 1.0}


def test_who_an_event_is_about_is_named_by_no_line_though_the_event_cannot_be_read(said: Said) -> None:
    event = deleted()
    del event["detail"]["occurredAt"]
    with pytest.raises(Exception, match="1 x missing occurredAt"):
        gone_handler(event, Context())
    assert MARKED not in hidden(MARKED)


def test_a_schedules_run_is_counted_by_its_function(said: Said) -> None:
    nightly_job(SCHEDULE, Context())
    lines = said()
    done = line(lines, "schedule done")
    assert (done["function"], done["done"]["trace"], done["correlation_id"]) == (
        "nightly_job",
        trace_id(),
        "schedule-1",
    )
    [counted] = [each for each in lines if "ScheduleRuns" in each]
    assert (counted["ScheduleRuns"], counted["function"]) == ([1.0], "NightlyJob")


def test_a_schedule_that_fails_is_logged_by_its_function_and_is_no_run(said: Said) -> None:
    @scheduled_function
    def broken_job(_: Container) -> dict[str, Any]:
        raise ZeroDivisionError("none") from cause

    cause = KeyError("why")
    with pytest.raises(ZeroDivisionError, match=r"^none$") as raised:
        broken_job(SCHEDULE, Context())
    assert raised.value.__cause__ is cause, "what says nothing of anybody is raised as it is"
    lines = said()
    assert line(lines, "schedule failed")["function"] == "broken_job"
    assert counts(lines) == {}


def test_each_message_of_a_call_is_done_in_its_trace_and_the_last_one_is_the_answer(said: Said) -> None:
    other = "1" * 32
    several = [
        {"number": number, "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        for number, trace in ((1, TRACE), (2, other))
    ]
    assert range_of_many(messages(*several), Context()) == {"number": 2, "trace": other}
    done = [each for each in said() if each.get("message") == "message done"]
    assert [each["done"] for each in done] == [{"number": 1, "trace": TRACE}, {"number": 2, "trace": other}]
    assert {(each["function"], each["function_request_id"]) for each in done} == {("range_of_many", "request-1")}
    assert range_of_many({"Records": []}, Context()) == {}


def test_a_message_that_fails_ends_the_call_and_is_logged_by_its_function(said: Said) -> None:
    with pytest.raises(ZeroDivisionError):
        range_of_many(messages({"number": 0}, {"number": 1}), Context())
    lines = said()
    assert line(lines, "message failed")["function"] == "range_of_many"
    assert not [each for each in lines if each.get("message") == "message done"]


@pytest.mark.parametrize(
    ("call", "function"),
    [
        (lambda: gone_handler(deleted(), Context()), "GoneHandler"),
        (lambda: nightly_job(SCHEDULE, Context()), "NightlyJob"),
        (lambda: range_of_many(messages({"number": 1}), Context()), "RangeOfMany"),
    ],
)
def test_each_function_measures_its_memory_under_its_own_name(
    said: Said, monkeypatch: pytest.MonkeyPatch, call: Callable[[], object], function: str
) -> None:
    monkeypatch.setattr(memory, "limit_mb", 1_000_000)
    monkeypatch.setattr(memory, "_looked_at", float("-inf"))
    call()
    [measured] = [each for each in said() if "MemoryUsed" in each]
    assert measured["function"] == function


def test_a_function_is_named_as_the_template_names_it() -> None:
    def energy_reading_created_handler() -> None:
        """Nothing."""

    assert name_of(energy_reading_created_handler) == "EnergyReadingCreatedHandler"


def test_each_function_says_what_calls_it() -> None:
    assert getattr(gone_handler, "__event_model__") is EnergyReadingDeleted  # noqa: B009
    assert getattr(nightly_job, "__scheduled__") is True  # noqa: B009
    assert getattr(range_of_many, "__queued__") is True  # noqa: B009
