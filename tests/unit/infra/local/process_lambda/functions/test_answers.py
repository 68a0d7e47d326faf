"""Lambda's answers when a function fails outside its own code."""

import json
import signal
from datetime import UTC, datetime

import pytest

from infra.local.localstack_plugin.process_lambda.functions import answers


def test_a_time_out_names_the_moment_the_request_and_the_limit() -> None:
    answer = answers.timed_out("id-1", 2.5, datetime(2026, 1, 2, 3, 4, 5, 6_789, tzinfo=UTC))
    message = "2026-01-02T03:04:05.006Z id-1 Task timed out after 2.50 seconds"
    assert json.loads(answer.payload) == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    assert answer.log == f"{message}\n\n"
    assert answer.status == "timeout"


@pytest.mark.parametrize(
    ("returncode", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (7, "Runtime exited with error: exit status 7"),
        (-signal.SIGKILL, "Runtime exited with error: signal: killed"),
        (-signal.SIGTERM, "Runtime exited with error: signal: terminated"),
    ],
)
def test_an_exit_says_how_the_process_ended(returncode: int, reason: str) -> None:
    answer = answers.exited("id-1", returncode)
    assert json.loads(answer.payload)["errorMessage"] == f"RequestId: id-1 Error: {reason}"
    assert answer.error_type == "Runtime.ExitError"


def test_what_the_function_returns_is_passed_on_up_to_the_limit() -> None:
    most = b"x" * answers.RESPONSE_LIMIT_BYTES
    assert answers.succeeded(most) == answers.Answer(most)
    assert answers.succeeded(most + b"x").error_type == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b'{"errorType": "ValueError", "errorMessage": "x"}', "ValueError"),
        (b'{"errorType": ""}', "Unhandled"),
        (b"[1]", "Unhandled"),
        (b"not json", "Unhandled"),
    ],
)
def test_a_reported_error_is_passed_on_whatever_it_looks_like(payload: bytes, kind: str) -> None:
    answer = answers.failed(payload)
    assert (answer.payload, answer.error_type, answer.is_error) == (payload, kind, True)
