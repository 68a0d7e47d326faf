"""The log lines of a trace: from the laptop stack's file, or from the functions' log groups in CloudWatch."""

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path as File
from typing import Any

from chalicelib.domain.readings import to_ms
from infra.errors import OperatorError
from infra.operations.trace.path import MOST, Step, in_words

GROUPS = "/aws/lambda/"
PATIENCE_SECONDS = 60.0
SHOWN = 200  # characters of a value in a line
HEADING = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (\S+)")  # before each invocation in the laptop's file
# What every line has, or what is longer than a line.
LEFT_OUT = frozenset(
    {
        *("level", "location", "message", "timestamp", "service", "correlation_id", "function_request_id", "trace_id"),
        *("xray_trace_id", "exception", "stack_trace"),
    }
)


def lines_of_file(file: File, stack: str, trace_id: str) -> Iterator[Step]:
    """The lines of the laptop's functions, in the file before this one too.

    Raises OperatorError where there is none.
    """
    files = [each for each in (file.with_name(f"{file.name}.1"), file) if each.exists()]
    if not files:
        raise OperatorError(f"{file} is not there: no function has run since the stack came up")
    for each in files:
        function = ""
        with each.open("rb") as lines:
            for line in (str(written, "utf-8", "replace") for written in lines):
                if heading := HEADING.fullmatch(line.rstrip()):
                    function = heading[1]
                elif trace_id in line:
                    yield from _step(function_of(function, stack), line, trace_id)


def lines_of_groups(logs: Any, stack: str, trace_id: str, since: int) -> Iterator[Step]:
    """The lines since an instant in CloudWatch; ``logs`` is its client.

    Raises OperatorError where there are no log groups, or there is no end of what they hold.
    """
    prefix, ends = f"{GROUPS}{stack}-", time.monotonic() + PATIENCE_SECONDS
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    if not groups:
        raise OperatorError(f"there are no log groups {prefix}...: no function has run, or the region is another")
    for group in groups:
        function = function_of(group.removeprefix(GROUPS), stack)
        for message in _messages(logs, group, trace_id, since, ends):
            yield from _step(function, message, trace_id)


def function_of(name: str, stack: str) -> str:
    """A function as the template names it: without its stack, and without what CloudFormation puts behind."""
    own = name.removeprefix(f"{stack}-")
    return own.rpartition("-")[0] or own


def _messages(logs: Any, group: str, trace_id: str, since: int, ends: float) -> Iterator[str]:
    wanted = {"logGroupName": group, "filterPattern": f'"{trace_id}"', "startTime": since}
    limit = {"MaxItems": MOST + 1}
    for page in logs.get_paginator("filter_log_events").paginate(**wanted, PaginationConfig=limit):
        yield from (event["message"] for event in page["events"])
        if time.monotonic() > ends:
            raise OperatorError(f"CloudWatch was not looked through in {PATIENCE_SECONDS:.0f} s: say fewer --hours")


def _step(function: str, line: str, trace_id: str) -> Iterator[Step]:
    """The step of one line; none where it is not one of ours, or only mentions the trace."""
    try:
        said = json.loads(line)
        if said["trace_id"] != trace_id:
            return
        at = to_ms(datetime.fromisoformat(said["timestamp"]))
    except (ValueError, TypeError, KeyError):
        return
    more = in_words({name: str(value)[:SHOWN] for name, value in said.items() if name not in LEFT_OUT})
    yield Step(at, f"log of {function}", f"{said.get('message')}" + (f" ({more})" if more else ""))
