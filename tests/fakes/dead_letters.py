"""A fake dead-letter queue, and fakes of the functions that a redrive calls."""

import json
from typing import Any

from chalicelib.dead_letters.operated import DeadLetterQueue

ARN = "arn:aws:lambda:us-east-1:000000000000:function:energy-CreatedHandler-1:$LATEST"


class Functions:
    """Lambda, as far as it takes events; ``refusing`` is raised for the functions that it does not take them for."""

    def __init__(self, refusing: Exception | None = None) -> None:
        self.refusing = refusing
        self.called: list[tuple[str, str, Any]] = []

    def invoke(self, **call: str) -> None:
        self.called.append((call["FunctionName"], call["InvocationType"], json.loads(call["Payload"])))
        if self.refusing:
            raise self.refusing


class Killed(BaseException):
    """What ends a command at once."""


class Place:
    """A queue, what was sent to it, and who is called from it."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs
        self.url = str(self.sqs.create_queue(QueueName="dead-letters")["QueueUrl"])
        self.functions = Functions()

    @property
    def queue(self) -> DeadLetterQueue:
        return DeadLetterQueue(lambda: self.sqs, lambda: self.functions, self.url, wait_seconds=0)

    def send(self, body: str) -> str:
        return str(self.sqs.send_message(QueueUrl=self.url, MessageBody=body)["MessageId"])

    def ids(self) -> set[str]:
        """The letters that a command finds now."""
        with self.queue.held() as letters:
            return {letter.id for letter in letters}


def record(number: int = 0) -> str:
    """What Lambda writes about an invocation that failed for good."""
    context = {"requestId": "r", "functionArn": ARN, "condition": "RetriesExhausted", "approximateInvokeCount": 3}
    event = {"id": f"event-{number}", "detail-type": "EnergyReadingCreated", "detail": {"version": 1}}
    error = {"errorType": "ValidationError", "errorMessage": "4 validation errors\noccurredAt", "stackTrace": []}
    return json.dumps({"version": "1.0", "requestContext": context, "requestPayload": event, "responsePayload": error})
