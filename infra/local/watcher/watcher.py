"""Takes measured values, sends them to LocalStack's CloudWatch, and sets the state of each alarm."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from infra.alarms.evaluation import ALARM, Alarm, source_of, state_of
from infra.alarms.samples import Samples, Values
from infra.local.watcher.emf import Measured

log = logging.getLogger("watcher")
T = TypeVar("T")
KEPT_SECONDS, KEPT_VALUES = 4 * 3600.0, 100_000
UNSENT = 10_000
VALUES_IN_ONE, METRICS_AT_ONCE = 150, 500  # CloudWatch takes no more in a datum, and 1000 in a call


class Watcher:
    """Watches one stack; ``cloudwatch`` is a boto3 client, ``prefix`` is what its alarms' names begin with."""

    def __init__(self, cloudwatch: Any, prefix: str, clock: Callable[[], float]) -> None:
        self._cloudwatch = cloudwatch
        self._prefix = prefix
        self._clock = clock
        self._since = clock()
        self._samples = Samples()
        self._own = source_of(self._samples)
        self._unsent: list[Measured] = []

    def take(self, found: Iterable[Measured]) -> None:
        """Keep what was measured, for the alarms and for sending."""
        for each in found:
            self._samples.add(each.namespace, each.name, dict(each.dimensions), each.at, each.values)
            self._unsent.append(each)
        self._samples.forget(self._clock() - KEPT_SECONDS, KEPT_VALUES)

    def send(self) -> None:
        """Send what is not sent yet. Where LocalStack does not answer, it stays for the next time."""
        self._unsent = self._unsent[-UNSENT:]
        for namespace in {each.namespace for each in self._unsent}:
            data = list(_data([each for each in self._unsent if each.namespace == namespace]))
            for some in _parts(data, METRICS_AT_ONCE):
                self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=some)
        self._unsent = []

    def judge(self) -> list[str]:
        """Set the state of each alarm where it has changed; return the names of those that ring.

        One that the rules do not make, because somebody tries something, is passed over.
        """
        now, states = self._clock(), dict[str, str]()
        for alarm in self._alarms():
            try:
                states[alarm["AlarmName"]] = self._judged(alarm, now)
            except ValueError as error:
                log.warning("an alarm is passed over: %s", error)
        return sorted(name for name, state in states.items() if state == ALARM)

    def _alarms(self) -> Iterator[Alarm]:
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=self._prefix)
        for page in pages:
            yield from (alarm for alarm in page["MetricAlarms"] if "Metrics" in alarm)

    def _judged(self, alarm: Alarm, now: float) -> str:
        state = state_of(alarm, self._source, now, self._since)
        if state != alarm["StateValue"]:
            reason = (
                f"{alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']} periods above {alarm['Threshold']:g}"
            )
            said = reason if state == ALARM else f"fewer than {reason}"
            self._cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason=said)
        return state

    def _source(self, stat: Mapping[str, Any], starts: Sequence[float]) -> Values:
        """What AWS's services count by themselves LocalStack has; all else was measured here."""
        return self._of_aws(stat, starts) if stat["Metric"]["Namespace"].startswith("AWS/") else self._own(stat, starts)

    def _of_aws(self, stat: Mapping[str, Any], starts: Sequence[float]) -> Values:
        period = stat["Period"]
        first, end = (datetime.fromtimestamp(int(at), UTC) for at in (starts[0], starts[-1] + period))
        query = {"Id": "asked", "MetricStat": stat}
        [found] = self._cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=first, EndTime=end)[
            "MetricDataResults"
        ]
        seconds = [int((at - first).total_seconds()) for at in found["Timestamps"]]
        values = dict(zip(seconds, found["Values"], strict=True))
        return [values.get(number * period) for number in range(len(starts))]


def _data(measured: Sequence[Measured]) -> Iterator[dict[str, Any]]:
    """One datum for each metric, with the time of its latest value: the fewer, the less LocalStack has to do."""
    together: dict[tuple[Any, ...], list[Measured]] = {}
    for each in measured:
        together.setdefault((each.name, each.unit, each.dimensions), []).append(each)
    for (name, unit, dimensions), found in together.items():
        for values in _parts([value for each in found for value in each.values], VALUES_IN_ONE):
            yield {
                "MetricName": name,
                "Unit": unit,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                "Timestamp": datetime.fromtimestamp(max(each.at for each in found), UTC),
                "Values": values,
            }


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
