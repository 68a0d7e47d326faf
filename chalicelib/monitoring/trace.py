"""The trace of the present call: log lines, events and rows carry its id. ``domain.events.trace`` has its form."""

import secrets
from contextvars import ContextVar

from chalicelib.domain.events.trace import Traceparent, read_traceparent
from chalicelib.monitoring.people import LONG

_trace: ContextVar[Traceparent | None] = ContextVar("trace", default=None)


def begin_trace(given: object = None) -> None:
    """A call begins: it goes on with the ``traceparent`` that it was given, or begins a trace where that is none."""
    came = read_traceparent(given)
    trace_id = came.trace_id if came else secrets.token_hex(16)
    _trace.set(Traceparent(trace_id, secrets.token_hex(8), came is None or came.is_sampled))


def keep_out_of_trace(user_id: str) -> None:
    """Begin another trace where the present one spells a person's id: rows with it outlive the account."""
    known, said = trace_id() or "", user_id.lower().replace("-", "")
    if len(said) >= LONG and (said in known or known in said):
        begin_trace()


def trace_id() -> str | None:
    """The id of the present trace; None outside of any call."""
    present = _trace.get()
    return None if present is None else present.trace_id


def traceparent() -> str | None:
    """What an event of the present call carries; None outside of any call."""
    present = _trace.get()
    return None if present is None else str(present)
