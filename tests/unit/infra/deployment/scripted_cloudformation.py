"""A fake of CloudFormation whose answers a test writes."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError


class ScriptedCloudFormation:
    """Gives prepared answers: the stack's statuses one after the other ("" for no stack), the last one for ever."""

    def __init__(self, change_set: dict[str, str], statuses: list[str], events: Sequence[dict[str, str]] = ()) -> None:
        self._change_set = change_set
        self._statuses = statuses
        self._events = events
        self.asked: dict[str, Any] = {}
        self.deleted: list[str] = []

    def describe_stacks(self, **_options: Any) -> Any:
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if not status:
            message = "Stack with id sample does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        outputs = [{"OutputKey": "Name", "OutputValue": "one"}]
        parameters = [{"ParameterKey": "Queue", "ParameterValue": "one"}]
        return {"Stacks": [{"StackId": "id", "StackStatus": status, "Outputs": outputs, "Parameters": parameters}]}

    def create_change_set(self, **options: Any) -> Any:
        self.asked = options
        return {"Id": "change-set"}

    def describe_change_set(self, **_options: Any) -> Any:
        return self._change_set

    def execute_change_set(self, **_options: Any) -> None:
        """Take it."""

    def delete_change_set(self, **_options: Any) -> None:
        self.deleted.append("change set")

    def delete_stack(self, **_options: Any) -> None:
        self.deleted.append("stack")

    def describe_stack_events(self, **_options: Any) -> Any:
        return {"StackEvents": self._events}
