"""How long AWS is waited for, and how often it is asked: by the application's own clients, without a network."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from chalicelib.alarm_states.client import cloudwatch
from chalicelib.dead_letters.client import (
    functions,
    sqs,
)
from chalicelib.events.client import eventbridge
from chalicelib.flags.appconfig.clients import appconfig, appconfig_for_a_look, appconfigdata

Open = Callable[[], Any]


@dataclass
class Throttling:
    """AWS refuses the first calls with 429, and takes the rest."""

    refusals: int
    calls: list[str] = field(default_factory=list)

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        self.calls.append(request.url)
        status = 429 if len(self.calls) <= self.refusals else 200
        return AWSResponse(request.url, status, HTTPHeaders(), Body(b'{"__type": "ThrottlingException"}'))


class Body:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self) -> list[bytes]:
        return [self.content]


def opened(accessor: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of its own, as a function opens its one."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # that of another test goes by what was set then
    return accessor.__wrapped__()


@pytest.mark.parametrize(
    ("accessor", "connecting", "reading"),
    [
        (eventbridge, 1, 2),
        (appconfigdata, 0.5, 1),
        (appconfig, 2, 5),
        (appconfig_for_a_look, 1, 3),
        (sqs, 2, 5),
        (functions, 2, 5),
        (cloudwatch, 1, 2),
    ],
)
def test_a_client_waits_so_many_seconds_and_no_longer(
    monkeypatch: pytest.MonkeyPatch, accessor: Open, connecting: float, reading: float
) -> None:
    config = opened(accessor, monkeypatch).meta.config
    assert (config.connect_timeout, config.read_timeout) == (connecting, reading)


@pytest.mark.parametrize(
    ("accessor", "operation", "asked"),
    [
        (eventbridge, "describe_event_bus", {"Name": "energy"}),
        (appconfigdata, "get_latest_configuration", {"ConfigurationToken": "token"}),
        (functions, "invoke", {"FunctionName": "handler", "InvocationType": "Event"}),
        (cloudwatch, "describe_alarms", {}),
    ],
)
def test_where_somebody_waits_a_client_asks_once(
    monkeypatch: pytest.MonkeyPatch, accessor: Open, operation: str, asked: dict[str, str]
) -> None:
    client, aws = opened(accessor, monkeypatch), Throttling(1)
    client.meta.events.register("before-send", aws)
    with pytest.raises(ClientError):
        getattr(client, operation)(**asked)
    assert len(aws.calls) == 1


def test_an_operators_change_is_tried_again_when_appconfig_throttles_it(monkeypatch: pytest.MonkeyPatch) -> None:
    client = opened(appconfig, monkeypatch)
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 3}
    aws = Throttling(1)
    client.meta.events.register("before-send", aws)
    client.list_applications()
    assert len(aws.calls) == 2


def test_a_look_at_the_flags_ends_before_api_gateway_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside it the status waits for a slow database for up to twenty seconds, of 29."""
    config = opened(appconfig_for_a_look, monkeypatch).meta.config
    assert config.read_timeout * config.retries["total_max_attempts"] <= 6
