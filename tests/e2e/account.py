"""Looking at what a stack has deployed."""

from typing import Any

from tests.e2e.conftest import Deployed

STACK = "energy-monitor-local"


class Account:
    """What the stack has deployed."""

    def __init__(self, deployed: Deployed) -> None:
        self._clients = {
            name: deployed.client(name, deployed.layout.localstack_url)
            for name in ("cloudformation", "events", "lambda", "logs", "sqs")
        }

    def __getitem__(self, service: str) -> Any:
        return self._clients[service]

    def name_of(self, resource: str) -> str:
        """The name that a resource of the template got."""
        found = self["cloudformation"].describe_stack_resource(StackName=STACK, LogicalResourceId=resource)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def lines(self, function: str) -> list[str]:
        """What a function has logged."""
        found = self["logs"].filter_log_events(logGroupName=self.name_of(f"{function}Log"))["events"]
        return [str(event["message"]) for event in found]

    def handled(self, function: str) -> int:
        """How many events a function has handled."""
        return sum("event handled" in line for line in self.lines(function))
