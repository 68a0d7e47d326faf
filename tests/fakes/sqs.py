"""A fake of boto3's SQS in memory: what is taken out stays hidden until it is put back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError, EndpointConnectionError

VISIBLE, HIDDEN = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"


@dataclass
class Message:
    body: str
    sent_at: int
    attributes: dict[str, Any] = field(default_factory=dict)
    receipt: str | None = None  # of who has it just now
    source_arn: str | None = None  # of the queue that has given up on it


class FakeSqs:
    """One queue. ``down``: nobody answers."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.down = False

    def create_queue(self, **_: Any) -> dict[str, str]:
        return {"QueueUrl": "https://sqs.test/dead-letters"}

    def get_queue_url(self, **_: Any) -> dict[str, str]:
        return {"QueueUrl": "https://sqs.test/where-it-comes-from"}

    def send_message(
        self,
        *,
        MessageBody: str,  # noqa: N803 (boto3's names)
        MessageAttributes: dict[str, Any] | None = None,  # noqa: N803
        **_: Any,
    ) -> dict[str, str]:
        self._ping()
        key = str(uuid4())
        self.messages[key] = Message(MessageBody, 1_700_000_000_000 + len(self.messages), MessageAttributes or {})
        return {"MessageId": key}

    def receive_message(self, *, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._ping()
        found = [key for key, message in self.messages.items() if message.receipt is None][:MaxNumberOfMessages]
        for key in found:
            self.messages[key].receipt = uuid4().hex
        return {"Messages": [self._shown(key) for key in found]} if found else {}

    def delete_message(self, *, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        self._ping()
        self.messages = {key: each for key, each in self.messages.items() if each.receipt != ReceiptHandle}

    def change_message_visibility(self, *, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        self._ping()
        for message in self.messages.values():
            if message.receipt == ReceiptHandle:
                message.receipt = None
                return
        raise ClientError({"Error": {"Code": "InvalidParameterValue"}}, "ChangeMessageVisibility")

    def change_message_visibility_batch(self, *, Entries: Sequence[dict[str, Any]], **_: Any) -> None:  # noqa: N803
        self._ping()
        receipts = {entry["ReceiptHandle"] for entry in Entries}
        for message in self.messages.values():
            if message.receipt in receipts:
                message.receipt = None

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        self._ping()
        hidden = sum(message.receipt is not None for message in self.messages.values())
        return {"Attributes": {VISIBLE: str(len(self.messages) - hidden), HIDDEN: str(hidden)}}

    def _shown(self, key: str) -> dict[str, Any]:
        message = self.messages[key]
        return {
            "MessageId": key,
            "Body": message.body,
            "ReceiptHandle": message.receipt,
            "Attributes": {
                "SentTimestamp": str(message.sent_at),
                **({"DeadLetterQueueSourceArn": message.source_arn} if message.source_arn else {}),
            },
            "MessageAttributes": message.attributes,
        }

    def _ping(self) -> None:
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://sqs.test")
