"""What a path is made of: log lines of a file and of CloudWatch, and how it is printed; no network (moto)."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path as File
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.repositories.database import Collections
from infra.errors import OperatorError
from infra.operations.printing import console
from infra.operations.trace import logs, path
from infra.operations.trace.logs import function_of, lines_of_file, lines_of_groups
from infra.operations.trace.path import MOST, Path, Step, path_document, print_path
from infra.operations.trace.rows import KEPT

TRACE, OTHER = "4bf92f3577b34da6a3ce929d0e0e4736", "1" * 32
STACK = "energy-monitor-dev"
AT = datetime(2026, 11, 28, 19, 46, 31, 446_000, tzinfo=UTC)
AT_MS = round(AT.timestamp() * 1000)
HEADING = f"2026-11-28 19:46:31,448 {STACK}-APIHandler-df478c19"


def line(trace_id: str = TRACE, **said: Any) -> str:
    written = {
        "level": "INFO",
        "location": "answered:1",
        "message": "request",
        "timestamp": AT.isoformat("T", "milliseconds"),
    }
    return json.dumps({**written, "service": "energy-monitor", **said, "trace_id": trace_id})


@pytest.fixture
def file(tmp_path: File) -> File:
    return tmp_path / "functions.log"


def test_a_log_of_the_laptop_gives_the_lines_of_the_trace_with_their_functions(file: File) -> None:
    invocation = [HEADING, "START RequestId: 1", line(status=201, elapsed_ms=3.5), line(OTHER), "END RequestId: 1"]
    strange = [f"no JSON {TRACE}", f'{{"{TRACE}": 1}}', f'"{TRACE}"', json.dumps({"trace_id": TRACE, "timestamp": "?"})]
    handler = HEADING.replace("APIHandler", "Sweeper")
    file.write_text(
        "\n".join([*invocation, *strange, handler, line(OTHER, note=TRACE), line(message="schedule done"), ""])
    )
    assert [*lines_of_file(file, STACK, TRACE)] == [
        Step(AT_MS, "log of APIHandler", "request (status 201, elapsed_ms 3.5)"),
        Step(AT_MS, "log of Sweeper", "schedule done"),
    ]


def test_the_file_before_it_counts_too_and_a_broken_character_breaks_nothing(file: File) -> None:
    file.with_name("functions.log.1").write_bytes(f"{HEADING}\n\xff\n{line()}\n".encode("latin-1"))
    assert [step.where for step in lines_of_file(file, STACK, TRACE)] == ["log of APIHandler"]


def test_no_log_at_all_is_said(file: File) -> None:
    with pytest.raises(
        OperatorError, match=r"/functions\.log is not there: no function has run since the stack came up$"
    ):
        next(lines_of_file(file, STACK, TRACE))


def test_of_an_error_its_kind_is_shown_and_no_traceback(file: File) -> None:
    said = line(
        message="event failed", exception_name="ValueError", exception="Traceback...", stack_trace={"type": "x"}
    )
    file.write_text(f"{HEADING}\n{said}\n")
    assert [step.what for step in lines_of_file(file, STACK, TRACE)] == ["event failed (exception_name ValueError)"]


def test_what_every_line_has_is_left_out(file: File) -> None:
    names = ["correlation_id", "function_request_id", "xray_trace_id", "level", "location", "service"]
    file.write_text(f"{HEADING}\n{line(**dict.fromkeys(names, 'x'), status=200)}\n")
    assert [step.what for step in lines_of_file(file, STACK, TRACE)] == ["request (status 200)"]


def test_a_long_value_is_cut(file: File) -> None:
    file.write_text(f"{HEADING}\n{line(reason='x' * 5_000)}\n")
    assert [len(step.what) for step in lines_of_file(file, STACK, TRACE)] == [len("request (reason )") + logs.SHOWN]


@pytest.mark.parametrize(
    ("name", "function"),
    [(f"{STACK}-APIHandler-df478c19", "APIHandler"), ("handler", "handler"), (f"{STACK}-Sweeper", "Sweeper")],
)
def test_a_function_is_named_as_in_the_template(name: str, function: str) -> None:
    assert function_of(name, STACK) == function


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("logs", "us-east-1")


def put(cloudwatch: Any, group: str, *messages: str) -> None:
    """Lines of now: moto takes no others."""
    cloudwatch.create_log_group(logGroupName=group)
    cloudwatch.create_log_stream(logGroupName=group, logStreamName="one")
    now = round(datetime.now(UTC).timestamp() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    cloudwatch.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def test_cloudwatch_gives_the_lines_of_every_function_of_the_stack(cloudwatch: Any) -> None:
    put(cloudwatch, f"/aws/lambda/{STACK}-APIHandler-1", line(status=200), line(OTHER), f"END {TRACE}")
    put(cloudwatch, f"/aws/lambda/{STACK}-Sweeper-2", line(message="schedule done"))
    put(cloudwatch, "/aws/lambda/another-Sweeper-2", line())
    assert sorted(lines_of_groups(cloudwatch, STACK, TRACE, 0)) == [
        Step(AT_MS, "log of APIHandler", "request (status 200)"),
        Step(AT_MS, "log of Sweeper", "schedule done"),
    ]
    ahead = round(datetime.now(UTC).timestamp() * 1000) + 60_000
    assert [*lines_of_groups(cloudwatch, STACK, TRACE, ahead)] == []


def test_without_log_groups_that_is_said(cloudwatch: Any) -> None:
    with pytest.raises(OperatorError) as refused:
        next(lines_of_groups(cloudwatch, STACK, TRACE, 0))
    why = "no function has run, or the region is another"
    assert str(refused.value) == f"there are no log groups /aws/lambda/energy-monitor-dev-...: {why}"


def test_what_takes_too_long_is_said_and_what_was_found_is_kept(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloudwatch, f"/aws/lambda/{STACK}-APIHandler-1", line())
    monkeypatch.setattr(logs, "PATIENCE_SECONDS", 0.0)
    found = Path(TRACE)
    found.look("logs", lines_of_groups(cloudwatch, STACK, TRACE, 0))
    assert len(found.steps) == 1
    assert found.problems["logs"] == "CloudWatch was not looked through in 0 s: say fewer --hours"


@pytest.mark.parametrize(("passed", "problems"), [(60.0, {}), (60.5, {"logs": True})])
def test_a_minute_is_not_too_long(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch, passed: float, problems: dict[str, bool]
) -> None:
    put(cloudwatch, f"/aws/lambda/{STACK}-APIHandler-1", line())
    times = chain([1_000.0], repeat(1_000.0 + passed))
    monkeypatch.setattr(logs, "time", SimpleNamespace(monotonic=lambda: next(times)))
    found = Path(TRACE)
    found.look("logs", lines_of_groups(cloudwatch, STACK, TRACE, 0))
    assert found.problems.keys() == problems.keys()


def test_a_place_that_fails_is_a_problem_and_the_others_are_shown() -> None:
    def failing() -> Iterator[Step]:
        yield Step(2, "here", "a step before it failed")
        raise OperatorError("it does not answer")

    found = Path(TRACE)
    found.look("one", failing())
    found.look("other", iter([Step(1, "there", "a step")]))
    assert [step.at for step in found.ordered] == [1, 2]
    assert found.problems == {"one": "it does not answer"}


def test_a_defect_is_not_hidden() -> None:
    def broken() -> Iterator[Step]:
        yield Step(2, "here", "a step")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Path(TRACE).look("one", broken())


def test_of_a_place_with_any_number_of_steps_the_first_are_shown() -> None:
    found = Path(TRACE)
    found.look("one", (Step(number, "here", "a step") for number in range(10**9)))
    assert (len(found.steps), found.problems) == (MOST, {"one": f"there is more: the first {MOST} are shown"})
    exact = Path(TRACE)
    exact.look("one", (Step(number, "here", "a step") for number in range(MOST)))
    assert (len(exact.steps), exact.problems) == (MOST, {})


def test_programs_and_people_see_the_same_in_the_order_of_time() -> None:
    found = Path(
        TRACE, [Step(AT_MS + 1_500, "dead letters", "it [failed]"), Step(AT_MS, "log of APIHandler", "request")]
    )
    found.problems["database"] = "it does not answer"
    assert path_document(found) == {
        "trace": TRACE,
        "steps": [
            {"at": "2026-11-28T19:46:31.446Z", "afterMs": 0, "where": "log of APIHandler", "what": "request"},
            {"at": "2026-11-28T19:46:32.946Z", "afterMs": 1_500, "where": "dead letters", "what": "it [failed]"},
        ],
        "problems": [{"where": "database", "problem": "it does not answer"}],
    }
    with console.capture() as printed:
        print_path(found)
    assert [text.split() for text in printed.get().splitlines()] == [
        ["2026-11-28T19:46:31.446Z", "+0", "ms", "log", "of", "APIHandler", "request"],
        ["2026-11-28T19:46:32.946Z", "+1500", "ms", "dead", "letters", "it", "[failed]"],
        ["database:", "it", "does", "not", "answer"],
    ]
    assert path.in_words({"a": 1, "b": "two"}) == "a 1, b two"


def test_what_could_not_be_looked_at_is_yellow(coloured: Callable[[], list[str]]) -> None:
    print_path(Path(TRACE, [Step(AT_MS, "here", "request")], {"database": "it does not [answer]"}))
    at = "2026-11-28T19:46:31.446Z"
    assert coloured() == [f"{at} +0 ms here request", "<yellow>database: it does not [answer]</>"]


@pytest.mark.parametrize(
    ("collection", "row", "said"),
    [
        (
            Collections.USAGE,
            {"component": "dashboard", "backend": "new", "reason": "percentage", "elapsedMs": 7, "user": "u1"},
            "dashboard by the new backend (percentage) in 7 ms, user u1",
        ),
        (Collections.USAGE, {"error": "TypeError"}, "None by the None backend (None) in None ms, TypeError, user None"),
        (
            Collections.COMPARISONS,
            {"component": "dashboard", "outcome": "different", "differences": [{"fingerprint": "f1"}]},
            "dashboard compared: different f1",
        ),
        (
            Collections.FEEDBACK,
            {"component": "dashboard", "backend": "new", "reason": "percentage", "open": True, "user": "u1"},
            "dashboard looks wrong, answered by the new backend (percentage): open, user u1",
        ),
        (
            Collections.FEEDBACK,
            {"component": "dashboard", "backend": "old", "reason": "off", "outcome": "equal", "user": "u1"},
            "dashboard looks wrong, answered by the old backend (off): equal, user u1",
        ),
        (Collections.FEEDBACK, {}, "None looks wrong, answered by the None backend (None): not compared, user None"),
        (
            Collections.FLAG_CHANGES,
            {"action": "set", "flags": ["a", "b"], "by": "olga", "state": "done", "reason": "as planned"},
            "set a, b by olga, done: as planned",
        ),
        (
            Collections.IMPORTS,
            {"form": "csv", "success": 1, "replaced": 2, "skipped": 3, "errors": 4, "undone": True},
            "import of csv: success 1, replaced 2, skipped 3, errors 4, undone since",
        ),
        (
            Collections.DISCARDED,
            {"_id": "l1", "function": "Sweeper", "discardedBy": "olga", "reason": "seen"},
            "dead letter l1 of Sweeper discarded by olga: seen",
        ),
    ],
)
def test_a_row_is_said_in_a_line(collection: Collections, row: dict[str, Any], said: str) -> None:
    assert KEPT[collection][1](row) == said
