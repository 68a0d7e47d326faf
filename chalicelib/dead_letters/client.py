"""The clients of SQS and Lambda, opened on first use, and the errors raised when they do not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import UnavailableError

# Asked by a schedule or by an operator; an answer takes a second where the queue is empty.
CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
# A call that got no answer may have been taken: it is not made again by itself.
CALLING = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
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


@cache
def functions() -> Any:
    """The client that calls a function again."""
    return boto3.client("lambda", config=CALLING)


@contextmanager
def answering() -> Iterator[None]:
    """Say in the application's words that nobody answers. Raises UnavailableError."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError(f"the dead-letter queue did not answer: {error}") from error
