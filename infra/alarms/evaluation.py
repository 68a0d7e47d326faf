"""Evaluating alarms as CloudWatch does: periods, M of N, missing data. For tests, and for the laptop, because
LocalStack evaluates neither percentiles nor metric math.

Periods end at the moment of the evaluation. CloudWatch looks a few periods further back than an alarm says, and goes by
the latest that have data; how many it does not say: here they are two, or a third.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra.alarms.metric_math import calculated
from infra.alarms.samples import Samples, Values

OK, ALARM = "OK", "ALARM"
Alarm = Mapping[str, Any]  # as DescribeAlarms says it, with ``Metrics``
Source = Callable[[Mapping[str, Any], Sequence[float]], Values]  # a MetricStat's values in periods that begin then


def state_of(alarm: Alarm, source: Source, now: float, known_from: float = 0.0) -> str:
    """Return the alarm's state at ``now``, in seconds since 1970. Nothing was measured before ``known_from``.

    CloudWatch has no such limit: what looks for silence rings there for a new stage, until its data are old enough.

    Raises ValueError for an alarm that the rules do not make.
    """
    if (alarm["TreatMissingData"], alarm["ComparisonOperator"]) != ("notBreaching", "GreaterThanThreshold"):
        raise ValueError(f"alarm {alarm['AlarmName']}: only GreaterThanThreshold with notBreaching is evaluated here")
    looked_at: int = alarm["EvaluationPeriods"]
    values = [value for value in _watched(alarm, source, now, known_from) if value is not None]
    breaching = sum(value > alarm["Threshold"] for value in values[-looked_at:])
    return ALARM if breaching >= alarm["DatapointsToAlarm"] else OK


def source_of(samples: Samples) -> Source:
    """Return the source that reads what is kept in memory."""

    def values(stat: Mapping[str, Any], starts: Sequence[float]) -> Values:
        metric = stat["Metric"]
        dimensions = {item["Name"]: item["Value"] for item in metric["Dimensions"]}
        return samples.statistic(
            metric["Namespace"], metric["MetricName"], dimensions, stat["Stat"], starts, stat["Period"]
        )

    return values


def range_seconds(alarm: Alarm) -> int:
    """Return how far back the alarm looks."""
    return _period(alarm) * _range(alarm)


def _watched(alarm: Alarm, source: Source, now: float, known_from: float) -> Values:
    period, count = _period(alarm), _range(alarm)
    starts = [now - period * (count - number) for number in range(count)]
    series = {query["Id"]: source(query["MetricStat"], starts) for query in alarm["Metrics"] if "MetricStat" in query}
    (watched,) = [query for query in alarm["Metrics"] if query.get("ReturnData", True)]
    return calculated(watched.get("Expression", watched["Id"]), series, [start >= known_from for start in starts])


def _range(alarm: Alarm) -> int:
    periods: int = alarm["EvaluationPeriods"]
    return periods + max(periods // 3, 2)


def _period(alarm: Alarm) -> int:
    return max(int(query["MetricStat"]["Period"]) for query in alarm["Metrics"] if "MetricStat" in query)
