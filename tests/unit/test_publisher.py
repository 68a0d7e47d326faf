"""The EventBridge publisher against moto (no network) and against a bus that fails."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from chalicelib.domain.events import EnergyReadingCreated, MeterChange
from chalicelib.domain.readings import EnergyType
from chalicelib.events.eventbridge import ATTEMPTS, EventBridgePublisher
from chalicelib.monitoring.metrics import metrics

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def event(number: int = 1) -> EnergyReadingCreated:
    change = MeterChange(type=EnergyType.POWER, source_version=number, first=MOMENT, last=MOMENT)
    return EnergyReadingCreated(occurred_at=MOMENT, user_id="alice", reading_id=f"r{number}", meter=change)


class Bus:
    """A bus that fails as told: ``failures`` says per call which entries it refuses, or raises."""

    def __init__(self, *failures: set[int] | Exception) -> None:
        self.failures = list(failures)
        self.calls: list[list[Any]] = []

    def put_events(self, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 the name that AWS gives it
        self.calls.append(Entries)
        failing = self.failures.pop(0) if self.failures else set()
        if isinstance(failing, Exception):
            raise failing
        results = [{"ErrorCode": "Throttled"} if i in failing else {"EventId": str(i)} for i in range(len(Entries))]
        return {"FailedEntryCount": len(failing), "Entries": results}


def publish(bus: Bus, count: int) -> None:
    publisher = EventBridgePublisher(lambda: bus, "energy")  # type: ignore[arg-type, return-value]
    publisher.publish([event(number) for number in range(1, count + 1)])


@pytest.fixture(autouse=True)
def no_metrics_left() -> Iterator[None]:
    metrics().clear_metrics()
    yield
    metrics().clear_metrics()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


@pytest.mark.usefixtures("aws")
def test_an_event_reaches_the_rule_of_its_kind_with_its_whole_detail() -> None:
    events, sqs = boto3.client("events", "us-east-1"), boto3.client("sqs", "us-east-1")
    queue = sqs.create_queue(QueueName="caught")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="energy")
    pattern = json.dumps({"source": ["energy-monitor"], "detail-type": ["EnergyReadingCreated"]})
    events.put_rule(Name="created", EventBusName="energy", EventPattern=pattern)
    events.put_targets(Rule="created", EventBusName="energy", Targets=[{"Id": "queue", "Arn": arn}])
    sent = event()
    EventBridgePublisher(lambda: events, "energy").publish([sent])
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    envelope = json.loads(message["Body"])
    assert EnergyReadingCreated.model_validate(envelope["detail"]) == sent
    assert envelope["detail"]["meter"]["sourceVersion"] == 1


def test_no_call_carries_more_than_ten_entries() -> None:
    bus = Bus()
    publish(bus, 23)
    assert [len(call) for call in bus.calls] == [10, 10, 3]


def test_only_the_entries_that_failed_are_sent_again() -> None:
    bus = Bus({1})
    publish(bus, 3)
    assert [len(call) for call in bus.calls] == [3, 1]
    assert bus.calls[1] == [bus.calls[0][1]]
    assert not metrics().metric_set


@pytest.mark.parametrize(
    "down", [EndpointConnectionError(endpoint_url="http://events"), ValueError("no such endpoint")]
)
def test_a_bus_that_stays_down_never_fails_the_caller_and_is_counted(down: Exception) -> None:
    bus = Bus(*[down] * ATTEMPTS)
    publish(bus, 2)
    assert len(bus.calls) == ATTEMPTS
    assert metrics().metric_set["EventsNotPublished"]["Value"] == [2.0]
