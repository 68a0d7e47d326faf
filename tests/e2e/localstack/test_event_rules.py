"""EventBridge on LocalStack: a rule that is disabled calls nobody, and what the publisher sends is taken."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.domain.events.contracts import EVENT_SOURCE, EnergyReadingCreated, MeterChange
from chalicelib.domain.readings import EnergyType
from chalicelib.events.entries import BYTES_PER_CALL, entry_of, size_of
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.monitoring.trace import traceparent
from infra.deployment.application import Target
from infra.local.layout import REGION, Layout
from infra.local.waiting import wait_until

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def aws(emulator: Layout) -> Target:
    return Target(REGION, emulator.localstack_url)


def rule_with_queue(aws: Target, name: str, source: str = "sample") -> str:
    """A rule for everything that ``source`` says; returns the URL of the queue behind it."""
    queue = str(aws.client("sqs").create_queue(QueueName=name)["QueueUrl"])
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:000000000000:{name}"}])
    return queue


def messages(aws: Target, queue: str) -> list[Any]:
    return list(aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []))


def test_only_an_enabled_rule_calls_its_target(aws: Target) -> None:
    enabled, disabled = f"a-{uuid4().hex}", f"b-{uuid4().hex}"
    heard, unheard = rule_with_queue(aws, enabled), rule_with_queue(aws, disabled)
    aws.client("events").disable_rule(Name=disabled)
    aws.client("events").put_events(Entries=[{"Source": "sample", "DetailType": "Said", "Detail": "{}"}])
    assert wait_until(lambda: messages(aws, heard) != [], 10)
    assert messages(aws, unheard) == []
    aws.client("events").enable_rule(Name=disabled)
    aws.client("events").put_events(Entries=[{"Source": "sample", "DetailType": "Said", "Detail": "{}"}])
    assert wait_until(lambda: messages(aws, unheard) != [], 10)


def event(characters: int) -> EnergyReadingCreated:
    """An event that is large in one of its fields."""
    change = MeterChange(type=EnergyType.POWER, source_version=1, first=MOMENT, last=MOMENT)
    return EnergyReadingCreated(occurred_at=MOMENT, user_id="alice", reading_id="x" * characters, meter=change)


def test_the_publishers_largest_event_is_taken_and_beyond_that_nothing_is_sent(aws: Target) -> None:
    queue = rule_with_queue(aws, f"a-{uuid4().hex}", EVENT_SOURCE)
    smallest = event(0).model_copy(update={"traceparent": traceparent()})  # the publisher adds one
    largest = BYTES_PER_CALL - 1 - size_of(entry_of(smallest, "default"))
    publisher = EventBridgePublisher(lambda: aws.client("events"), "default")
    assert len(publisher.send([event(1), event(largest), event(largest + 1), *(event(2) for _ in range(12))])) == 1
    arrived: list[int] = []

    def all_arrived() -> bool:
        arrived.extend(len(json.loads(message["Body"])["detail"]["readingId"]) for message in messages(aws, queue))
        return len(arrived) >= 14

    assert wait_until(all_arrived, 20), arrived
    assert sorted(arrived) == [1, *[2] * 12, largest]
