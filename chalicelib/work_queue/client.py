"""The client of SQS, opened on first use."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


@cache
def work_queue() -> Any:
    """The SQS client of this process."""
    return boto3.client("sqs", config=CONFIG)
