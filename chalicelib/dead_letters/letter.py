"""One dead letter: what a function failed on for good, as Lambda wrote it down, what EventBridge could not deliver, or
what a queue has given up on.

The queue lives in ``queue``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from chalicelib.domain.events.trace import read_traceparent
from chalicelib.domain.operating import Discarded


class _Context(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    function_arn: str
    condition: str
    approximate_invoke_count: int | None = None


class _Record(BaseModel):
    """What Lambda writes about an invocation that failed for good."""

    model_config = ConfigDict(alias_generator=to_camel)

    request_context: _Context
    request_payload: Any
    response_payload: Any = None


@dataclass(frozen=True)
class DeadLetter:
    """One message of the queue; one that none of the three wrote is shown unchanged, and can only be discarded.

    ``attributes``: EventBridge sends the event alone, and says beside it which function it was for and what went wrong.
    ``source_arn``: the queue that has given up on the message, which has come as it was.
    """

    id: str
    sent_at: int
    body: str
    receipt: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    source_arn: str = ""

    @cached_property
    def message(self) -> Any:
        """The content: JSON, or any text that somebody has sent."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return self.body

    @cached_property
    def _record(self) -> _Record | None:
        try:
            return _Record.model_validate(self._undelivered or self.message)
        except ValidationError:
            return None

    @property
    def _undelivered(self) -> dict[str, Any] | None:
        """What EventBridge or a queue says, in Lambda's words."""
        if self.source_arn:
            context = {"functionArn": self.source_arn, "condition": "ReceivedTooOften"}
            return {"requestContext": context, "requestPayload": self.message}
        if "TARGET_ARN" not in self.attributes:
            return None
        code = self.attributes.get("ERROR_CODE", "")
        return {
            "requestContext": {"functionArn": self.attributes["TARGET_ARN"], "condition": code},
            "requestPayload": self.message,
            "responsePayload": {"errorType": code, "errorMessage": self.attributes.get("ERROR_MESSAGE", "")},
        }

    @property
    def function_arn(self) -> str:
        """The function that failed, or the queue that gave up, or nothing."""
        return self._record.request_context.function_arn if self._record else ""

    @property
    def function(self) -> str:
        """The name of function or queue, without account and region."""
        place = 5 if self.source_arn else 6
        return ":".join(self.function_arn.split(":")[place : place + 1])

    @property
    def condition(self) -> str:
        """Why Lambda, EventBridge or a queue gave up, such as RetriesExhausted."""
        return self._record.request_context.condition if self._record else "not a record of Lambda's"

    @property
    def attempts(self) -> int | None:
        """How often the function was called with the event, where Lambda says it."""
        return self._record.request_context.approximate_invoke_count if self._record else None

    @property
    def is_record(self) -> bool:
        """Whether it is a record of Lambda's."""
        return self._record is not None

    @property
    def event(self) -> Any:
        """What the function was called with."""
        return self._record.request_payload if self._record else None

    @property
    def event_type(self) -> str:
        """The kind of event that its sender gave it."""
        return str(self.event.get("detail-type", "")) if isinstance(self.event, dict) else ""

    @property
    def trace_id(self) -> str:
        """The trace of which the event came, or nothing."""
        detail = self.event.get("detail") if isinstance(self.event, dict) else None
        sent = read_traceparent(detail.get("traceparent")) if isinstance(detail, dict) else None
        return sent.trace_id if sent else ""

    @property
    def error(self) -> str:
        """What the function raised: its kind, and what it said."""
        answer = self._record.response_payload if self._record else None
        if not isinstance(answer, dict):
            return ""
        return f"{answer.get('errorType', 'Error')}: {answer.get('errorMessage', '')}"

    @property
    def summary(self) -> dict[str, str]:
        """What can be said of any letter, record or not."""
        return {
            "function": self.function,
            "eventType": self.event_type,
            "condition": self.condition,
            "error": self.error,
            "traceId": self.trace_id,
        }

    def discarded(self, by: str, reason: str) -> Discarded:
        """The record of its end."""
        return Discarded(self.id, self.summary, self.body, by, reason)
