"""The trace of the present call: taken where one was given, else made; in every log line."""

import json
from collections.abc import Iterator
from contextvars import Context
from typing import Any

import pytest

from chalicelib.domain.events.trace import read_traceparent
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.people import begin_call, concerning
from chalicelib.monitoring.trace import begin_trace, keep_out_of_trace, trace_id, traceparent

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(autouse=True)
def _nobody() -> Iterator[None]:
    begin_call()
    yield
    begin_call()


def line(capsys: pytest.CaptureFixture[str]) -> Any:
    logger().warning("something happens")
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("sampled", ["00", "01"])
def test_a_call_goes_on_with_the_trace_that_it_was_given_as_a_step_of_its_own(sampled: str) -> None:
    begin_trace(f"00-{TRACE}-{PARENT}-{sampled}")
    sent = read_traceparent(traceparent())
    assert sent is not None
    assert (trace_id(), sent.trace_id, sent.is_sampled) == (TRACE, TRACE, sampled == "01")
    assert sent.parent_id != PARENT


@pytest.mark.parametrize("given", [None, "", f"00-{'0' * 32}-{PARENT}-01", TRACE, 7])
def test_a_call_that_was_given_none_begins_one(given: object) -> None:
    made = set()
    for _ in range(3):
        begin_trace(given)
        assert read_traceparent(traceparent()) is not None
        made.add(trace_id())
    assert len(made) == 3


def test_outside_of_a_call_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    outside = Context()
    assert (outside.run(trace_id), outside.run(traceparent)) == (None, None)
    assert "trace_id" not in outside.run(line, capsys)


def test_every_log_line_says_to_which_trace_it_belongs(capsys: pytest.CaptureFixture[str]) -> None:
    begin_trace(f"00-{TRACE}-{PARENT}-01")
    assert line(capsys)["trace_id"] == TRACE


@pytest.mark.parametrize("user", [TRACE, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736", f"auth0|{TRACE.upper()}", "0e0e4736"])
def test_a_trace_that_spells_a_persons_id_is_not_gone_on_with(user: str) -> None:
    begin_trace(f"00-{TRACE}-{PARENT}-01")
    keep_out_of_trace(user)
    assert trace_id() not in (None, TRACE)


@pytest.mark.parametrize("user", ["alice", "4", "auth0|0e0e4736"])
def test_any_other_is(user: str) -> None:
    begin_trace(f"00-{TRACE}-{PARENT}-01")
    keep_out_of_trace(user)
    assert trace_id() == TRACE


def test_a_line_before_the_person_is_known_hides_an_id_behind_the_trace_too(capsys: pytest.CaptureFixture[str]) -> None:
    concerning(TRACE)
    begin_trace(f"00-{TRACE}-{PARENT}-01")
    assert TRACE not in json.dumps(line(capsys))
