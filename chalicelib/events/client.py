"""The AWS clients of the application, opened on first use."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_events.client import EventBridgeClient

# A user's write waits for PutEvents: give up soon, the meter stays dirty and is refreshed later.
CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


@cache
def eventbridge() -> "EventBridgeClient":
    """The EventBridge client of this process."""
    client: EventBridgeClient = boto3.client("events", config=CONFIG)
    return client
