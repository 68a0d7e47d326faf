"""EventBridge on LocalStack: a rule that is disabled calls nobody."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from infra.deployment.application import Target
from infra.local.layout import REGION
from infra.local.throwaway import localstack
from infra.local.waiting import wait_until


@pytest.fixture(scope="module")
def aws() -> Iterator[Target]:
    with localstack() as layout:
        yield Target(REGION, layout.localstack_url)


def rule_with_queue(aws: Target, name: str) -> str:
    """A rule for everything that ``sample`` says; returns the URL of the queue behind it."""
    queue = str(aws.client("sqs").create_queue(QueueName=name)["QueueUrl"])
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["sample"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:000000000000:{name}"}])
    return queue


def messages(aws: Target, queue: str) -> list[Any]:
    return list(aws.client("sqs").receive_message(QueueUrl=queue).get("Messages", []))


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
