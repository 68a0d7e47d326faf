"""The one structured logger (JSON lines, AWS Lambda Powertools), opened on first use."""

from functools import cache

from aws_lambda_powertools import Logger

from chalicelib.monitoring.names import SERVICE


@cache
def logger() -> Logger:
    """The process's logger; its level comes from LOG_LEVEL through ``bootstrap``."""
    return Logger(service=SERVICE, use_rfc3339=True)
