"""The queue of ranges, as messages are sent to it. What is done with a range lives in ``services.refresh``."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.fan_out import RangeQueue, RangeTask
from chalicelib.monitoring.trace import traceparent

PER_CALL = 10  # SQS's limit


class SqsRangeQueue(RangeQueue):
    """The queue under an address; ``client`` opens a boto3 client of SQS."""

    def __init__(self, client: Callable[[], Any], url: str) -> None:
        self._client = client
        self._url = url

    @override
    def send(self, tasks: Sequence[RangeTask]) -> None:
        for first in range(0, len(tasks), PER_CALL):
            self._send(tasks[first : first + PER_CALL])

    def _send(self, tasks: Sequence[RangeTask]) -> None:
        entries = [{"Id": str(place), "MessageBody": json.dumps(_message(task))} for place, task in enumerate(tasks)]
        try:
            answer = self._client().send_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise UnavailableError(f"the queue of ranges did not answer: {error}") from error
        if failed := answer.get("Failed"):
            raise UnavailableError(f"the queue of ranges took {len(failed)} of {len(tasks)} messages not")


def _message(task: RangeTask) -> dict[str, Any]:
    return {"walk": task.walk.value, "id": task.id, "number": task.number, "traceparent": traceparent()}
