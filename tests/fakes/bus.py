"""EventBridge without a network: AWS's own client, whose calls are answered here; and the envelopes functions get."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders


class FakeBus:
    """A bus that takes and keeps everything, one in a process."""

    def __init__(self) -> None:
        self.client = client()
        self._entries: list[dict[str, Any]] = []
        self.client.meta.events.register_last("before-call.events", self._take)  # after other listeners

    def delivered(self) -> Iterator[dict[str, Any]]:
        """Everything that was published, in the envelope that EventBridge puts around it."""
        return map(_envelope, self._entries)

    def _take(self, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        """What botocore takes for the answer, instead of sending the request."""
        entries = json.loads(params["body"])["Entries"]
        self._entries += entries
        taken = {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in entries]}
        return AWSResponse("", 200, HTTPHeaders(), None), taken


@cache
def client() -> Any:
    """Making one takes longer than all that is done with it: a process has it from the one that it is forked from."""
    return boto3.client("events", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def _envelope(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": "000000000000",
        "time": datetime.fromtimestamp(entry["Time"], UTC).isoformat(),
        "region": "us-east-1",
        "resources": [],
        "detail": json.loads(entry["Detail"]),
    }
