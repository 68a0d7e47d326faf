"""What CloudWatch is told: each name with its own value and unit."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.monitoring.metrics import backend_metrics, count, flush, metrics, milliseconds
from chalicelib.monitoring.names import MetricName


@pytest.fixture(autouse=True)
def _no_metrics_left() -> Iterator[None]:
    metrics().clear_metrics()
    yield
    metrics().clear_metrics()


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
def test_an_answer_of_a_backend_is_told_with_its_dimensions_and_alone(
    capsys: pytest.CaptureFixture[str], failed: bool, failures: list[float]
) -> None:
    count(MetricName.METERS_SWEPT)
    backend_metrics({"component": "dashboard", "backend": "old"}, {"user": "u-1"}, elapsed_ms=12.5, failed=failed)
    line, units = said(capsys)
    assert units == {"BackendDuration": "Milliseconds", "BackendFailures": "Count"}
    assert (line["BackendDuration"], line["BackendFailures"], line["user"]) == ([12.5], failures, "u-1")
    assert {"component", "backend"} <= {*line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]}
    assert "user" not in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]
    assert list(metrics().metric_set) == ["MetersSwept"]
