"""``trace``: where it looks, on a laptop stack and on AWS, and what it says where nothing is found."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path as File
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.repositories.database import Collections
from infra import __main__ as command_line
from infra.errors import OperatorError
from infra.local import layout
from infra.local.layout import Layout
from infra.operations.trace import commands
from infra.targets.deployment import Deployment

TRACE, OTHER = "4bf92f3577b34da6a3ce929d0e0e4736", "1" * 32
AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
HOUR_MS = 3_600_000
SAID = {"message": "request", "timestamp": "2023-11-14T22:13:21.000+00:00", "trace_id": TRACE, "status": 200}


class Logs:
    """CloudWatch with one line of one function, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> "Logs":
        return Asked(self, name)

    def answer(self, name: str, **wanted: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(wanted)
        if name == "describe_log_groups":
            yield {"logGroups": [{"logGroupName": "/aws/lambda/sample-APIHandler-1"}]}
        else:
            yield {"events": [{"message": json.dumps(SAID)}]}


@dataclass
class Asked(Logs):
    """One paginator of it."""

    logs: Logs
    name: str

    def paginate(self, **wanted: Any) -> Iterator[dict[str, Any]]:
        return self.logs.answer(self.name, **wanted)


def letter(trace_id: str, **failed: Any) -> DeadLetter:
    context = {"functionArn": "arn:aws:lambda:us-east-1:0:function:handler", "condition": "RetriesExhausted"}
    event = {"detail-type": "Created", "detail": {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}}
    body = {"requestContext": context, "requestPayload": event, **failed}
    return DeadLetter(f"id-{trace_id[:2]}", AT + 2_000, json.dumps(body), "receipt")


class Database:
    """A database with one import in this trace."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __getitem__(self, name: Collections) -> Any:
        return SimpleNamespace(find=lambda wanted, limit: self._found(name, wanted, limit))

    def _found(self, name: Collections, wanted: dict[str, Any], limit: int) -> list[dict[str, Any]]:
        self.asked.append((name, wanted, limit))
        row = {"at": datetime.fromtimestamp(AT / 1000, UTC), "form": "csv", "success": 1, "replaced": 2}
        return [row | {"skipped": 3, "errors": 4}] if name is Collections.IMPORTS else []


class Place:
    """What the command can look at."""

    def __init__(self) -> None:
        self.logs, self.database, self.sqs = Logs(), Database(), "the client of SQS"
        error = {"errorType": "ValueError", "errorMessage": "no number\nand more"}
        self.letters = [letter(TRACE, responsePayload=error), letter(OTHER)]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: File) -> Place:
    """The places of whatever target is named."""
    place = Place()

    class Queue:
        def __init__(self, client: Callable[[], object], url: str) -> None:
            assert (client(), url) == ("the client of SQS", "the DeadLetterQueueUrl")

        @contextmanager
        def rounds(self) -> Iterator[list[list[DeadLetter]]]:
            yield [place.letters, []]

    reached = SimpleNamespace(stack="sample", client=lambda name: getattr(place, name), output=lambda key: f"the {key}")
    monkeypatch.setattr(Deployment, "of", lambda _: reached)
    monkeypatch.setattr(commands, "LetterQueue", Queue)
    monkeypatch.setattr(commands, "database_of", lambda _: nullcontext(place.database))
    monkeypatch.setattr(commands, "now", lambda: AT)
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    for name in ("MONGODB_URI", "STACK_NAME"):
        monkeypatch.delenv(name, raising=False)
    return place


def run(*arguments: str, where: tuple[str, ...] = ("--stage", "nowhere")) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["trace", *arguments, *where])
    return exited.value.code


LETTER = "handler failed for good on Created: ValueError: no number; python -m infra dlq show id-4b"


def test_rows_log_lines_and_dead_letters_are_a_line_each(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TRACE) == 0
    printed = capsys.readouterr()
    assert [" ".join(line.split()) for line in printed.out.splitlines()] == [
        "2023-11-14T22:13:20.000Z +0 ms imports import of csv: success 1, replaced 2, skipped 3, errors 4",
        "2023-11-14T22:13:21.000Z +1000 ms log of APIHandler request (status 200)",
        f"2023-11-14T22:13:22.000Z +2000 ms dead letters {LETTER}",
    ]
    assert printed.err == ""
    moments = {"discarded_events": "discardedAt"}
    names = ["backend_usage_logs", "backend_comparisons", "feedback", "flag_changes", "imports", "discarded_events"]
    assert place.database.asked == [
        (name, {"traceId": TRACE, moments.get(name, "at"): {"$type": "date"}}, 501) for name in names
    ]


@pytest.mark.parametrize(("arguments", "hours"), [((), 24), (("--hours", "3"), 3)])
def test_cloudwatch_is_asked_for_the_trace_since_some_hours(
    place: Place, arguments: tuple[str, ...], hours: int
) -> None:
    assert run(f"00-{TRACE}-00f067aa0ba902b7-01", *arguments) == 0
    groups, events = place.logs.asked
    assert groups == {"logGroupNamePrefix": "/aws/lambda/sample-"}
    assert events == {
        "logGroupName": "/aws/lambda/sample-APIHandler-1",
        "filterPattern": f'"{TRACE}"',
        "startTime": AT - hours * HOUR_MS,
        "PaginationConfig": {"MaxItems": 501},
    }


def test_a_laptop_stack_has_its_lines_in_a_file(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    own = Layout.of("local")
    own.remember()
    own.functions_log.parent.mkdir(parents=True, exist_ok=True)
    own.functions_log.write_text(f"2023-11-14 22:13:21,000 sample-Sweeper-1\n{json.dumps(SAID)}\n")
    assert run(TRACE, "--json", where=("--name", "local")) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [step["where"] for step in steps] == ["imports", "log of Sweeper", "dead letters"]
    assert place.logs.asked == []


def test_where_nothing_is_found_that_is_said_beside_what_could_not_be_looked_at(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_: object) -> None:
        raise OperatorError("nobody [at all] answers")

    monkeypatch.setattr(commands, "database_of", away)
    monkeypatch.setattr(Deployment, "of", away)
    assert run(TRACE) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"{what}: nobody [at all] answers" for what in ("database", "logs", "dead letters")
    ]
    assert printed.err == (
        f"nothing is known of the trace {TRACE}: its rows, log lines and dead letters are not kept any more, it is "
        "another stack's, or there never was one\n"
    )
    assert run(TRACE, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert [each["where"] for each in document["problems"]] == ["database", "logs", "dead letters"]


@pytest.mark.parametrize("text", ["", "4bf9", "z" * 32, "0" * 32])
def test_what_is_no_trace_is_refused_in_words(place: Place, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(text) == 2
    assert "a trace has 32 hexadecimal digits" in " ".join(capsys.readouterr().err.split())
