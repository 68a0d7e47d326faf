"""The watcher of a laptop stack: EMF lines become metrics, and alarms get the state that CloudWatch would give them."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError

from infra.local import layout
from infra.local.layout import Layout, Ports
from infra.local.localstack_plugin.process_lambda.functions.invocation_log import InvocationLog
from infra.local.processes import emulators
from infra.local.processes.ports import free_ports
from infra.local.processes.supervision import Supervisor
from infra.local.waiting import wait_until
from infra.local.watcher.emf import Measured, measured
from infra.local.watcher.follower import Follower
from infra.local.watcher.watcher import UNSENT, Watcher
from tests.unit.infra.alarms.series import NOW, alarm_of

PREFIX = "${AWS::StackName}-"


def emf(values: Any, at_ms: float = NOW * 1000, name: str = "MetersFailing") -> str:
    """A line as Powertools prints it."""
    directive = {
        "Namespace": "EnergyMonitor",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
    document = {
        "_aws": {"Timestamp": at_ms, "CloudWatchMetrics": [directive]},
        "service": "energy-monitor",
        name: values,
    }
    return json.dumps(document, separators=(",", ":"))


class Cloud:
    """CloudWatch as far as the watcher uses it; ``letters`` is what it has counted in the dead-letter queue."""

    def __init__(self, *alarms: Mapping[str, Any]) -> None:
        self.alarms = [{"StateValue": "INSUFFICIENT_DATA", **alarm} for alarm in alarms]
        self.data: list[dict[str, Any]] = []
        self.letters: list[float] = []
        self.is_away = False

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        if self.is_away:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
        self.data += [{"Namespace": Namespace, **datum} for datum in MetricData]

    def get_paginator(self, operation: str) -> "Cloud":
        assert operation == "describe_alarms"
        return self

    def paginate(self, AlarmNamePrefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        yield {"MetricAlarms": [alarm for alarm in self.alarms if alarm["AlarmName"].startswith(AlarmNamePrefix)]}

    def set_alarm_state(self, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803
        [alarm] = [alarm for alarm in self.alarms if alarm["AlarmName"] == AlarmName]
        alarm.update(StateValue=StateValue, StateReason=StateReason)

    def get_metric_data(self, MetricDataQueries: Any, StartTime: datetime, EndTime: datetime) -> Any:  # noqa: N803
        [query] = MetricDataQueries
        latest = EndTime - timedelta(seconds=query["MetricStat"]["Period"])
        times = [latest - timedelta(minutes=number) for number in range(len(self.letters))]
        return {"MetricDataResults": [{"Timestamps": times, "Values": self.letters}]}


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_line_in_the_embedded_metric_format_measures_one_or_more_values() -> None:
    [one] = measured([emf(3)])
    assert one == Measured("EnergyMonitor", "MetersFailing", "Count", (("service", "energy-monitor"),), NOW, (3.0,))
    assert [each.values for each in measured([emf([1, 2.5])])] == [(1.0, 2.5)]


def test_a_line_may_have_groups_of_metrics_each_with_dimensions_of_its_own() -> None:
    document = json.loads(emf(3)) | {"component": "energy_table", "NewShare": 12.5}
    group = {"Namespace": "EnergyMonitor", "Dimensions": [["service", "component"]], "Metrics": [{"Name": "NewShare"}]}
    document["_aws"]["CloudWatchMetrics"].append(group)
    assert [(each.name, dict(each.dimensions), each.values) for each in measured([json.dumps(document)])] == [
        ("MetersFailing", {"service": "energy-monitor"}, (3.0,)),
        ("NewShare", {"service": "energy-monitor", "component": "energy_table"}, (12.5,)),
    ]


@pytest.mark.parametrize(
    "line", ["START RequestId: 1", "", '{"message": "_aws"}', emf(1)[:-5], '{"_aws":{}}', '{"_aws":3}', emf("much")]
)
def test_what_is_no_whole_metric_measures_nothing(line: str) -> None:
    assert list(measured([line])) == []


def test_a_log_is_followed_from_now_on_through_its_replacement(tmp_path: Path) -> None:
    file = tmp_path / "functions.log"
    file.write_text("before\n")
    with closing(Follower(file)) as follower, closing(InvocationLog(str(file), file_bytes=300)) as log:
        assert follower.lines() == []
        for number in range(3):
            log.append("function", f"line {number} {'x' * 80}")
            assert [line for line in follower.lines() if line.startswith("line")] == [f"line {number} {'x' * 80}"]
        log.append("function", "last of the old file")
        log.append("function", f"first of the new one {'x' * 200}")
        found = [line.split(" x")[0] for line in follower.lines()]
        assert [line for line in found if " of the " in line] == ["last of the old file", "first of the new one"]
    assert (tmp_path / "functions.log.1").exists()


def test_a_line_counts_when_it_is_whole_and_a_log_may_come_later(tmp_path: Path) -> None:
    file = tmp_path / "functions.log"
    with closing(Follower(file)) as follower:
        assert follower.lines() == []
        with file.open("a") as log:
            print("one", "tw", sep="\n", end="", file=log, flush=True)
            assert follower.lines() == ["one"]
            print("o", file=log, flush=True)
        assert follower.lines() == ["two"]


def test_values_of_one_metric_are_sent_together_and_once(clock: Clock) -> None:
    cloud = Cloud()
    watcher = Watcher(cloud, PREFIX, clock)
    watcher.take(measured([emf(1), emf([2, 3], NOW * 1000 + 500), emf(0, name="Rollbacks")]))
    watcher.send()
    watcher.send()
    assert [(datum["MetricName"], datum["Values"]) for datum in cloud.data] == [
        ("MetersFailing", [1, 2, 3]),
        ("Rollbacks", [0]),
    ]
    assert cloud.data[0]["Namespace"] == "EnergyMonitor"
    assert cloud.data[0]["Dimensions"] == [{"Name": "service", "Value": "energy-monitor"}]
    assert cloud.data[0]["Timestamp"] == datetime.fromtimestamp(NOW + 0.5, UTC)


def test_no_datum_has_more_values_than_cloudwatch_takes(clock: Clock) -> None:
    cloud = Cloud()
    watcher = Watcher(cloud, PREFIX, clock)
    watcher.take(measured([emf([1] * 100)] * 4))
    watcher.send()
    assert [len(datum["Values"]) for datum in cloud.data] == [150, 150, 100]


def test_what_could_not_be_sent_is_sent_later_the_latest_of_it(clock: Clock) -> None:
    cloud = Cloud()
    cloud.is_away = True
    watcher = Watcher(cloud, PREFIX, clock)
    watcher.take(measured([emf(1)] + [emf(2)] * UNSENT))
    with pytest.raises(EndpointConnectionError):
        watcher.send()
    cloud.is_away = False
    watcher.send()
    sent = [value for datum in cloud.data for value in datum["Values"]]
    assert (len(sent), set(sent)) == (UNSENT, {2.0})


def test_an_alarm_rings_when_its_cause_is_measured_and_ends_when_it_is_over(clock: Clock) -> None:
    cloud = Cloud(alarm_of("MetersFailing"))
    watcher = Watcher(cloud, PREFIX, clock)
    assert watcher.judge() == []
    assert cloud.alarms[0]["StateValue"] == "OK"
    watcher.take(measured([emf(2)]))
    clock.now += 1
    assert watcher.judge() == [f"{PREFIX}MetersFailing"]
    assert cloud.alarms[0]["StateReason"] == "1 of 1 periods above 0"
    watcher.take(measured([emf(0, (NOW + 302) * 1000)]))
    clock.now += 303
    assert watcher.judge() == []
    assert (cloud.alarms[0]["StateValue"], cloud.alarms[0]["StateReason"]) == (
        "OK",
        "fewer than 1 of 1 periods above 0",
    )


def test_what_aws_counts_by_itself_is_asked_there(clock: Clock) -> None:
    cloud = Cloud(alarm_of("DeadLetters"))
    watcher = Watcher(cloud, PREFIX, clock)
    cloud.letters = [2, 0]
    assert watcher.judge() == [f"{PREFIX}DeadLetters-DeadLetterQueue"]
    cloud.letters = [0, 2]
    assert watcher.judge() == []


def test_a_new_watcher_takes_no_silence_for_a_fault(clock: Clock) -> None:
    cloud = Cloud(alarm_of("ScheduleSilent"))
    watcher = Watcher(cloud, PREFIX, clock)
    assert watcher.judge() == []
    clock.now += 1_201
    assert watcher.judge() == [f"{PREFIX}ScheduleSilent-Sweeper"]


def test_alarms_of_others_are_left_alone(clock: Clock) -> None:
    by_hand = {"AlarmName": f"{PREFIX}by-hand", "MetricName": "M", "Statistic": "Sum"}
    cloud = Cloud(alarm_of("MetersFailing") | {"AlarmName": "other"}, by_hand)
    assert Watcher(cloud, PREFIX, clock).judge() == []
    assert [alarm["StateValue"] for alarm in cloud.alarms] == ["INSUFFICIENT_DATA"] * 2


@pytest.fixture
def _clock_of_files(tmp_path: Path) -> Iterator[None]:
    """In this process too, whose clock may be a year ahead."""
    (tmp_path / "now").touch()
    with time_machine.travel((tmp_path / "now").stat().st_mtime):
        yield


@pytest.mark.usefixtures("_clock_of_files")
def test_without_localstack_the_watcher_runs_on_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a process, as ``make up`` starts it; it is well as long as it ends its rounds, by its own clock."""
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    stack = Layout("sample", Ports(*free_ports(5)))
    piece, supervisor = emulators.watcher(stack), Supervisor(stack.folder)
    beat = stack.folder / "watcher.beat"
    assert not piece.ready()
    try:
        supervisor.start(piece)
        log = supervisor.log_of("watcher")
        assert wait_until(lambda: "CloudWatch is not reached, the next try is in 5 s" in log.read_text(), 30)
        assert supervisor.runs_as(piece)
    finally:
        supervisor.stop("watcher")
    long_ago = beat.stat().st_mtime - emulators.BEAT_SECONDS - 1
    os.utime(beat, (long_ago, long_ago))
    assert not piece.ready()


def test_an_alarm_that_somebody_tries_keeps_no_other_one_from_ringing(clock: Clock) -> None:
    tried = alarm_of("MetersFailing") | {"AlarmName": f"{PREFIX}mine", "TreatMissingData": "breaching"}
    cloud = Cloud(tried, alarm_of("MetersFailing"))
    watcher = Watcher(cloud, PREFIX, clock)
    watcher.take(measured([emf(1)]))
    clock.now += 1
    assert watcher.judge() == [f"{PREFIX}MetersFailing"]
