"""A trace: one id for all that a request, an event or a command leads to, by the W3C's trace context (level 1).

``traceparent`` is ``00-<trace id>-<parent id>-<flags>``: 32, 16 and 2 hexadecimal digits, small letters. Which trace
goes on just now lives in ``monitoring.trace``.
"""

import re
from dataclasses import dataclass

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
TRACEPARENT = "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$"  # as ours is sent
_ID = re.compile("[0-9a-f]{32}")
_NO_VERSION = "ff"
_OURS = "00"
_SAMPLED = 0b1  # the only flag of level 1


@dataclass(frozen=True, slots=True)
class Traceparent:
    """One step of a trace: the id of the trace, that of the step, and whether who called records it."""

    trace_id: str
    parent_id: str
    is_sampled: bool = True

    def __str__(self) -> str:
        return f"{_OURS}-{self.trace_id}-{self.parent_id}-{int(self.is_sampled):02x}"


def read_traceparent(text: object) -> Traceparent | None:
    """What somebody sent as ``traceparent``; None where it is none by the W3C's rules: then it has to be ignored.

    Later versions may add something behind the flags; ours may not.
    """
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == _NO_VERSION or (version == _OURS and more) or not (int(trace_id, 16) and int(parent_id, 16)):
        return None
    return Traceparent(trace_id, parent_id, bool(int(flags, 16) & _SAMPLED))


def sent_traceparent(text: object) -> str | None:
    """Read the traceparent of an event, as text; None where it is not valid."""
    found = read_traceparent(text)
    return None if found is None else str(found)


def named_trace(text: str) -> str | None:
    """The trace that a person names by its id or by a whole ``traceparent``; None where it is neither."""
    said = text.strip().lower()
    if found := read_traceparent(said):
        return found.trace_id
    return said if _ID.fullmatch(said) and int(said, 16) else None
