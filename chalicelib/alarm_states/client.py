"""The CloudWatch client of the application, opened on first use."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# Somebody looks at a screen: three seconds are enough to know that nobody answers.
CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


@cache
def cloudwatch() -> Any:
    """The CloudWatch client of this process."""
    return boto3.client("cloudwatch", config=CONFIG)
