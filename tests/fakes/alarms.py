"""A fake of CloudWatch's alarms: the calls that the application makes by boto3, in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import EndpointConnectionError

BEGAN = datetime(2024, 5, 1, tzinfo=UTC)


class FakeCloudWatch:
    """``down``: nobody answers."""

    def __init__(self) -> None:
        self.alarms: list[dict[str, Any]] = []
        self.down = False

    def add(self, name: str, state: str = "OK", description: str | None = None) -> None:
        said = {} if description is None else {"AlarmDescription": description}
        since = BEGAN + timedelta(minutes=len(self.alarms))
        reason = f"{state} because"
        members = {"AlarmName": name, "StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": since}
        self.alarms.append(members | said)

    def describe_alarms(self, *, AlarmNamePrefix: str, MaxRecords: int, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803 (boto3's names)
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://monitoring.test")
        found = [alarm for alarm in self.alarms if alarm["AlarmName"].startswith(AlarmNamePrefix)]
        first, end = int(NextToken), int(NextToken) + MaxRecords
        more = {"NextToken": str(end)} if end < len(found) else {}
        return {"MetricAlarms": found[first:end], "CompositeAlarms": [], **more}
