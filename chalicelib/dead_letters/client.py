"""The SQS client of the application, opened on first use."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# Asked by a schedule, so nobody waits; an answer takes a second where the queue is empty.
CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
# An operator waits for the status, of which the queue is one part.
LOOK = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})


@cache
def sqs_for_a_look() -> Any:
    """The SQS client of this process that gives up soon."""
    return boto3.client("sqs", config=LOOK)


@cache
def sqs() -> Any:
    """The SQS client of this process."""
    return boto3.client("sqs", config=CONFIG)
