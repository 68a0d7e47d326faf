"""The one structured logger (JSON lines, AWS Lambda Powertools), opened on first use.

No line of it names a person, none says what an error says, and each says to which trace it belongs.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO, cast

from chalicelib.monitoring.errors import TellingNothing
from chalicelib.monitoring.names import SERVICE
from chalicelib.monitoring.people import hidden_in
from chalicelib.monitoring.trace import trace_id

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

OWN = frozenset({"level", "location", "timestamp", "service"})
encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_elsewhere: list[TextIO] = []


@cache
def logger() -> "Logger":
    """The process's logger; its level comes from LOG_LEVEL through ``bootstrap``."""
    from aws_lambda_powertools import Logger  # a command that logs nothing does not pay for it

    made = Logger(
        service=SERVICE,
        use_rfc3339=True,
        stream=cast(TextIO, _Output()),
        json_serializer=_line,
        json_deserializer=str,  # a message is a constant, never JSON: to find that out took a fifth of a line's time
    )
    made.addFilter(TellingNothing())
    return made


@contextmanager
def logged_to(stream: TextIO) -> Iterator[None]:
    """Write log lines elsewhere for as long as the block runs: in a shell, standard output belongs to the answer."""
    _elsewhere.append(stream)
    try:
        yield
    finally:
        _elsewhere.pop()


def _line(log: dict[str, Any]) -> str:
    """What a line's members are called, the code says, and some of what is in them: people's ids may be such words."""
    traced = {"trace_id": known} if (known := trace_id()) else {}
    said = {name: value if name in OWN else hidden_in(value) for name, value in (log | traced).items()}
    return encoded(said)


class _Output:
    """Standard output at the time of the line, or where ``logged_to`` leads."""

    def write(self, text: str) -> int:
        return _current().write(text)

    def flush(self) -> None:
        _current().flush()


def _current() -> TextIO:
    return _elsewhere[-1] if _elsewhere else sys.stdout
