"""The metrics that CloudWatch gets: each name with its own value and unit."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import chalicelib
from chalicelib.monitoring.memory import Memory, peak_bytes
from chalicelib.monitoring.metrics import (
    SAMPLE,
    backend_metrics,
    collection_time,
    count,
    flush,
    flush_request,
    metrics,
    milliseconds,
    timed,
)
from chalicelib.monitoring.names import MetricName

CODE = Path(chalicelib.__file__).parent
ANSWER = ("service", "component", "backend")
BY_THE_STATUS_REPORTER = {
    MetricName.FLAG_PERCENT,
    MetricName.NEW_SHARE,
    MetricName.DIFFERENCES_OPEN,
    MetricName.VERIFY_DIFFERENCES,
    MetricName.MIGRATIONS_OPEN,
    MetricName.ERASURES_WAITING,
    MetricName.FEEDBACK_OPEN,
    MetricName.DEAD_LETTERS,
}


@pytest.fixture(autouse=True)
def _no_metrics_left() -> Iterator[None]:
    metrics().clear_metrics()
    yield
    metrics().clear_metrics()


def printed(capsys: pytest.CaptureFixture[str], flushing: Callable[[], None]) -> list[dict[str, Any]]:
    """The lines of a flush."""
    capsys.readouterr()
    flushing()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def directives(line: dict[str, Any]) -> dict[tuple[str, ...], set[str]]:
    """Which metrics a line has, by their dimensions."""
    return {
        tuple(directive["Dimensions"][0]): {metric["Name"] for metric in directive["Metrics"]}
        for directive in line["_aws"]["CloudWatchMetrics"]
    }


def said(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The one line that was printed, and the unit of each metric in it."""
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (listed,) = line["_aws"]["CloudWatchMetrics"]
    return line, {metric["Name"]: metric["Unit"] for metric in listed["Metrics"]}


def test_counters_are_counted_and_durations_are_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    count(MetricName.METERS_SWEPT)
    count(MetricName.METERS_LAGGING, 7)
    milliseconds(MetricName.REFRESH_LAG, 1500.5)
    flush()
    line, units = said(capsys)
    assert units == {"MetersSwept": "Count", "MetersLagging": "Count", "RefreshLag": "Milliseconds"}
    assert [line[name] for name in units] == [[1.0], [7.0], [1500.5]]


def test_what_was_told_once_is_not_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    count(MetricName.METERS_SWEPT)
    flush()
    said(capsys)
    flush()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("failed", "failures"), [(True, [1.0]), (False, [0.0])])
def test_an_answer_of_a_backend_shares_the_line_and_not_its_dimensions(
    capsys: pytest.CaptureFixture[str], failed: bool, failures: list[float]
) -> None:
    count(MetricName.METERS_SWEPT)
    backend_metrics({"component": "dashboard", "backend": "old"}, {"user": "u-1"}, elapsed_ms=12.5, failed=failed)
    (line,) = printed(capsys, flush_request)
    assert directives(line) == {("service",): {"MetersSwept"}, ANSWER: {"BackendDuration", "BackendFailures"}}
    assert (line["BackendDuration"], line["BackendFailures"], line["user"]) == ([12.5], failures, "u-1")
    assert (line["component"], line["backend"], line["MetersSwept"]) == ("dashboard", "old", [1.0])


def test_what_would_need_two_values_under_one_name_is_a_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    for backend, elapsed_ms in (("old", 1.0), ("new", 2.0)):
        backend_metrics({"component": "dashboard", "backend": backend}, {}, elapsed_ms=elapsed_ms, failed=False)
    count(MetricName.REQUESTS)
    old, new = printed(capsys, flush_request)
    assert (old["backend"], old["BackendDuration"], old["Requests"]) == ("old", [1.0], [1.0])
    assert (new["backend"], new["BackendDuration"]) == ("new", [2.0])
    assert directives(new) == {ANSWER: {"BackendDuration", "BackendFailures"}}


def test_a_counter_is_one_sum_and_of_many_durations_a_sample_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(10 * SAMPLE):
        count(MetricName.DISPLAY_REFRESHED, 2)
        milliseconds(MetricName.REFRESH_LAG, number)
    (line,) = printed(capsys, flush)
    assert line["DisplayRefreshed"] == [20.0 * SAMPLE]
    assert len(line["RefreshLag"]) == SAMPLE
    assert SAMPLE * 3 < sum(line["RefreshLag"]) / SAMPLE < SAMPLE * 7, "from the whole of it"


def test_nothing_is_printed_before_somebody_flushes(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2 * SAMPLE):
        milliseconds(MetricName.DISPLAY_QUERY_DURATION, 1.0)
        collection_time("meters", 1.0)
    assert capsys.readouterr().out == ""


def test_a_request_says_the_times_of_the_collection_that_waits_longest_and_leaves_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    collections = []
    for _ in range(4):
        for collection in ("meters", "control", "imports"):
            collection_time(collection, 1.5)
        count(MetricName.REQUESTS)
        (line,) = printed(capsys, flush_request)
        assert directives(line) == {("service",): {"Requests"}, ("service", "collection"): {"RepositoryDuration"}}
        collections.append((line["collection"], len(line["RepositoryDuration"])))
    assert collections == [("meters", 1), ("control", 2), ("imports", 3), ("meters", 3)]


def test_a_function_says_the_times_of_all_collections(capsys: pytest.CaptureFixture[str]) -> None:
    for collection in ("meters", "control"):
        collection_time(collection, 1.5)
    lines = printed(capsys, flush)
    assert [(line["collection"], line["RepositoryDuration"]) for line in lines] == [
        ("meters", [1.5]),
        ("control", [1.5]),
    ]
    assert printed(capsys, flush) == []


def test_a_block_is_timed_however_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError), timed(MetricName.EVENT_DURATION):
        raise ValueError
    (line,) = printed(capsys, flush)
    assert line["EventDuration"][0] > 0


def test_the_peak_of_memory_is_said_in_percent_and_once_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    memory = Memory(limit_mb=1_000_000)
    for _ in range(3):
        memory.measure("Sweeper")
    (line,) = printed(capsys, flush)
    assert line["function"] == "Sweeper"
    (share,) = line["MemoryUsed"]
    assert share == pytest.approx(100 * peak_bytes() / (1_000_000 * 1024**2), rel=0.2)


def test_no_share_is_said_where_no_limit_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    Memory().measure("Sweeper")
    assert printed(capsys, flush) == []


def test_what_a_process_held_as_another_program_is_not_its_memory() -> None:
    """So begin the functions of a laptop stack: LocalStack makes a process of its own size, which becomes another."""
    held = bytearray(300_000_000)
    code = "from chalicelib.monitoring.memory import peak_bytes; print(peak_bytes())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(held) > int(done.stdout)


def test_every_name_is_said_somewhere_in_the_code() -> None:
    """A name that nobody emits would be a line in a dashboard that stays empty, and an alarm that never rings."""
    code = "".join(file.read_text() for file in CODE.rglob("*.py") if file.name != "names.py")
    silent = {name for name in MetricName if not re.search(rf"MetricName\.{name.name}\b", code)}
    assert silent <= BY_THE_STATUS_REPORTER
