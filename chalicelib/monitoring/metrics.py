"""Metrics as EMF lines (AWS Lambda Powertools): CloudWatch reads them from the log, no call is made."""

from collections.abc import Mapping, Sequence
from functools import cache

from aws_lambda_powertools.metrics import EphemeralMetrics, Metrics, MetricUnit

from chalicelib.monitoring.names import NAMESPACE, SERVICE, MetricName


@cache
def metrics() -> Metrics:
    """The process's metrics."""
    return Metrics(namespace=NAMESPACE, service=SERVICE)


def count(name: MetricName, value: int = 1) -> None:
    """Add to a counter of this invocation."""
    metrics().add_metric(name=name, unit=MetricUnit.Count, value=value)


def milliseconds(name: MetricName, value: float) -> None:
    """Add a duration of this invocation."""
    metrics().add_metric(name=name, unit=MetricUnit.Milliseconds, value=value)


def flush() -> None:
    """Print what this invocation has counted, nothing where it counted nothing."""
    if metrics().metric_set:
        metrics().flush_metrics()


def backend_metrics(
    dimensions: Mapping[str, str], metadata: Mapping[str, str], *, elapsed_ms: float, failed: bool
) -> None:
    """Print one answer of a backend at once: its dimensions must not rub off on what else this invocation counts.

    What has many values, such as users, is metadata: it is in the log line and makes no metric of its own.
    """
    own = _with(dimensions)
    for name, value in metadata.items():
        own.add_metadata(key=name, value=value)
    own.add_metric(name=MetricName.BACKEND_DURATION, unit=MetricUnit.Milliseconds, value=elapsed_ms)
    own.add_metric(name=MetricName.BACKEND_FAILURES, unit=MetricUnit.Count, value=int(failed))
    own.flush_metrics()


def percent_of(component: str, name: MetricName, value: float) -> None:
    """Print a percentage of a component at once."""
    own = _with({"component": component})
    own.add_metric(name=name, unit=MetricUnit.Percent, value=value)
    own.flush_metrics()


def page_metrics(dimensions: Mapping[str, str], times: Mapping[MetricName, Sequence[float]], errors: int) -> None:
    """Print what pages have measured of a component, up to 100 values (``times``, milliseconds), as one line.

    Powertools prints by itself when a metric has 100 values; the errors come first, so that they are in that line.
    """
    own = _with(dimensions)
    own.add_metric(name=MetricName.PAGE_ERRORS, unit=MetricUnit.Count, value=errors)
    for name, values in times.items():
        for value in values:
            own.add_metric(name=name, unit=MetricUnit.Milliseconds, value=value)
    if own.metric_set:
        own.flush_metrics()


def _with(dimensions: Mapping[str, str]) -> EphemeralMetrics:
    """Metrics of their own: nothing of them rubs off on what else this invocation counts."""
    own = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    for name, value in dimensions.items():
        own.add_dimension(name=name, value=value)
    return own
