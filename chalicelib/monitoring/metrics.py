"""Metrics as EMF lines (AWS Lambda Powertools): CloudWatch reads them from the log, no call is made.

What one call of a function counts is one line, in which each group of metrics has dimensions of its own. A second line
is printed only where two groups would say different values under one name: a line holds one.

What is counted where nobody flushes, as in a shell, is bounded and never printed.
"""

import json
import sys
import time
from collections.abc import (
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from random import randrange
from typing import TYPE_CHECKING, Any

from chalicelib.monitoring.names import NAMESPACE, SERVICE, MetricName

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

SAMPLE = 100  # values of one metric in a line: CloudWatch takes no more
Line = dict[str, Any]
encoded = json.JSONEncoder(separators=(",", ":")).encode


class Unit(StrEnum):
    """CloudWatch's words."""

    COUNT = "Count"
    MILLISECONDS = "Milliseconds"
    PERCENT = "Percent"


class Metrics:
    """What was counted since the last line. A counter is a sum; of durations a sample is kept, as CloudWatch takes it.

    ``waiting`` are the times of the repositories by collection: a line has room for one collection.
    """

    def __init__(self) -> None:
        self.clear_metrics()

    def clear_metrics(self) -> None:
        """Forget everything."""
        self._groups: dict[tuple[tuple[str, str], ...], Line] = {}
        self._said: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        self._waiting: dict[str, Line] = {}

    @property
    def metric_set(self) -> Line:
        """What has no dimensions of its own: each metric's unit and values."""
        return self._groups.get((), {})

    def sum(self, name: MetricName, value: float, unit: Unit, dimensions: Mapping[str, str]) -> None:
        """Add to the one value of a counter."""
        metric = self._group(dimensions).setdefault(name.value, _metric(unit))
        metric["Value"] = [sum(metric["Value"]) + float(value)]

    def sample(self, name: MetricName, value: float, unit: Unit, dimensions: Mapping[str, str]) -> None:
        """Add a value, or let it take another's place: each of many has the same chance to be kept."""
        _add(self._group(dimensions).setdefault(name.value, _metric(unit)), value)

    def wait(self, collection: str, elapsed_ms: float) -> None:
        """Add the time of a command on a collection."""
        _add(self._waiting.setdefault(collection, _metric(Unit.MILLISECONDS)), elapsed_ms)

    def say(self, dimensions: Mapping[str, str], metadata: Mapping[str, str]) -> None:
        """Put beside the metrics of these dimensions what has many values and so makes no metric of its own."""
        self._said[tuple(dimensions.items())] = metadata

    def lines(self, *, patient: bool) -> Iterator[Line]:
        """Everything counted, which is forgotten then; patiently, only that collection which has waited longest."""
        groups, said = self._groups, self._said
        self._groups, self._said = {}, {}
        found = [(dict(dimensions), metrics, said.get(dimensions, {})) for dimensions, metrics in groups.items()]
        for collection in [*self._waiting][: 1 if patient else None]:
            if times := self._waiting.pop(collection, None):  # another thread may have it
                found.append(({"collection": collection}, {MetricName.REPOSITORY_DURATION.value: times}, {}))
        yield from _packed(_formatted(*group) for group in found)

    def _group(self, dimensions: Mapping[str, str]) -> Line:
        return self._groups.setdefault(tuple(dimensions.items()), {})


@cache
def metrics() -> Metrics:
    """The process's metrics."""
    return Metrics()


def count(name: MetricName, value: int = 1, **dimensions: str) -> None:
    """Add to a counter of this invocation."""
    metrics().sum(name, value, Unit.COUNT, dimensions)


def percent(name: MetricName, value: float, **dimensions: str) -> None:
    """Say a share of this invocation's, in percent."""
    metrics().sample(name, value, Unit.PERCENT, dimensions)


def milliseconds(name: MetricName, value: float, **dimensions: str) -> None:
    """Add a duration of this invocation."""
    metrics().sample(name, value, Unit.MILLISECONDS, dimensions)


@contextmanager
def timed(name: MetricName) -> Iterator[None]:
    """Add the duration of the block, however it ends."""
    started = time.perf_counter()
    try:
        yield
    finally:
        milliseconds(name, (time.perf_counter() - started) * 1000)


def collection_time(collection: str, elapsed_ms: float) -> None:
    """Add the duration of one command on a collection; ``flush`` and ``flush_request`` print it."""
    metrics().wait(collection, elapsed_ms)


def flush() -> None:
    """Print what this invocation has counted, nothing where it counted nothing."""
    _print(patient=False)


def flush_request() -> None:
    """Print one line, because somebody waits: the times of other collections are left to the next requests."""
    _print(patient=True)


def backend_metrics(
    dimensions: Mapping[str, str], metadata: Mapping[str, str], *, elapsed_ms: float, failed: bool
) -> None:
    """Add one answer of a backend.

    What has many values, such as users, is metadata: it is in the log line and makes no metric of its own.
    """
    milliseconds(MetricName.BACKEND_DURATION, elapsed_ms, **dimensions)
    count(MetricName.BACKEND_FAILURES, int(failed), **dimensions)
    metrics().say(dimensions, metadata)


def page_metrics(dimensions: Mapping[str, str], times: Mapping[MetricName, Sequence[float]], errors: int) -> None:
    """Add what pages have measured of a component, up to 100 values (``times``, milliseconds)."""
    count(MetricName.PAGE_ERRORS, errors, **dimensions)
    for name, values in times.items():
        for value in values:
            milliseconds(name, value, **dimensions)


@cache
def _powertools() -> "AmazonCloudWatchEMFProvider":
    """Who knows what a line looks like; a shell, which prints none, does not pay for it."""
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

    return AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service=SERVICE)


def _formatted(dimensions: dict[str, str], metrics: Line, metadata: Mapping[str, str]) -> Line:
    return {**_powertools().serialize_metric_set(metrics, {"service": SERVICE, **dimensions}, {**metadata})}


def _metric(unit: Unit) -> Line:
    return {"Unit": unit, "Value": [], "Seen": 0}


def _add(metric: Line, value: float) -> None:
    values: list[float] = metric["Value"]
    metric["Seen"] += 1
    if len(values) < SAMPLE:
        values.append(round(float(value), 3))
    elif (place := randrange(metric["Seen"])) < SAMPLE:  # noqa: S311 - nothing secret
        values[place] = round(float(value), 3)


def _packed(lines: Iterator[Line]) -> Iterator[Line]:
    """Lines put into one another as far as no name has two values then."""
    packed: list[Line] = []
    for line in lines:
        about = line.pop("_aws")
        for room in packed:
            if all(room.get(name, value) == value for name, value in line.items()):
                room["_aws"]["CloudWatchMetrics"] += about["CloudWatchMetrics"]
                room.update(line)
                break
        else:
            packed.append({"_aws": about, **line})
    yield from packed


def _print(*, patient: bool) -> None:
    for line in metrics().lines(patient=patient):
        sys.stdout.write(f"{encoded(line)}\n")
