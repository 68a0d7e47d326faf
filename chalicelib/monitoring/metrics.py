"""Metrics as EMF lines (AWS Lambda Powertools): CloudWatch reads them from the log, no call is made."""

from functools import cache

from aws_lambda_powertools.metrics import Metrics, MetricUnit

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
