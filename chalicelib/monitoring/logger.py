"""The one structured logger (JSON lines, AWS Lambda Powertools), opened on first use."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from logging import StreamHandler
from typing import TextIO

from aws_lambda_powertools import Logger

from chalicelib.monitoring.names import SERVICE


@cache
def logger() -> Logger:
    """The process's logger; its level comes from LOG_LEVEL through ``bootstrap``."""
    return Logger(service=SERVICE, use_rfc3339=True)


@contextmanager
def logged_to(stream: TextIO) -> Iterator[None]:
    """Write log lines elsewhere for as long as the block runs: in a shell, standard output belongs to the answer."""
    handler = logger().registered_handler
    assert isinstance(handler, StreamHandler), "the handler that the logger makes by itself"  # noqa: S101
    before, handler.stream = handler.stream, stream
    try:
        yield
    finally:
        handler.stream = before
