"""Deploys a template through a CloudFormation change set, on AWS and on emulators alike, and says why it failed."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import uuid4

import yaml
from botocore.exceptions import ClientError

from infra.errors import DeployError

POLL_SECONDS = 0.25
DEADLINE_SECONDS = 900.0
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
T = TypeVar("T")
NO_CHANGES = ("didn't contain changes", "no updates are to be performed", "no changes")


class Stack:
    """One CloudFormation stack; ``client`` is a boto3 CloudFormation client."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def deploy(self, template: str, parameters: Mapping[str, str], *, template_url: str = "") -> bool:
        """Create or update the stack; return whether anything changed. Raises DeployError with the reason.

        ``parameters`` may hold more than the template declares. A template larger than 51,200 bytes needs its URL.
        """
        source = {"TemplateURL": template_url} if template_url else {"TemplateBody": template}
        declared = declared_parameters(template)
        change_set = self._create_change_set(
            source,
            [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items() if key in declared],
        )
        if not self._is_ready_to_execute(change_set):
            return False
        self._client.execute_change_set(ChangeSetName=change_set)
        status = self._wait(lambda: self.status(), lambda status: not status.endswith("_IN_PROGRESS"))
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise DeployError(f"Stack {self.name} is {status}: {self._first_failure()}")
        return True

    def status(self) -> str:
        """Return the stack's status, or nothing when there is no such stack."""
        return str(self._describe().get("StackStatus", ""))

    def id(self) -> str:
        """Return the stack's id, or nothing where there is no such stack. A stack that replaces it has another id."""
        return str(self._describe().get("StackId", ""))

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe().get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """Return what the stack was deployed with."""
        described = self._describe().get("Parameters", [])
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in described}

    def _describe(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise
        return found if found["StackStatus"] != "DELETE_COMPLETE" else {}

    def _create_change_set(self, source: dict[str, str], parameters: list[dict[str, str]]) -> str:
        before = self._wait(
            lambda: self.status(), lambda status: not status.endswith("_IN_PROGRESS") or _is_new(status)
        )
        if before in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
            self._remove()
            before = ""
        created = self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=f"deploy-{uuid4().hex}",
            ChangeSetType="CREATE" if _is_new(before) else "UPDATE",
            Capabilities=CAPABILITIES,
            Parameters=parameters,
            **source,
        )
        return str(created["Id"])

    def _is_ready_to_execute(self, change_set: str) -> bool:
        described = self._wait(
            lambda: self._client.describe_change_set(ChangeSetName=change_set, StackName=self.name),
            lambda found: found["Status"] in {"CREATE_COMPLETE", "FAILED"},
        )
        if described["Status"] == "CREATE_COMPLETE":
            return True
        reason = described.get("StatusReason", "no reason given")
        self._client.delete_change_set(ChangeSetName=change_set, StackName=self.name)
        if any(text in reason.lower() for text in NO_CHANGES):
            return False
        raise DeployError(f"Stack {self.name}: the change set failed: {reason}")

    def _remove(self) -> None:
        """Delete what is left of a stack whose creation failed; CloudFormation cannot update it."""
        self._client.delete_stack(StackName=self.name)
        self._wait(lambda: self.status(), lambda status: not status.endswith("_IN_PROGRESS"))

    def _first_failure(self) -> str:
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
        causes = [event for event in failed if "cancelled" not in event.get("ResourceStatusReason", "").lower()]
        if not causes:
            return "CloudFormation gives no reason"
        cause = causes[0]
        return (
            f"{cause['LogicalResourceId']} ({cause['ResourceType']}): {cause.get('ResourceStatusReason', 'no reason')}"
        )

    def _wait(self, ask: Callable[[], T], done: Callable[[T], bool]) -> T:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not done(answer := ask()):
            if time.monotonic() > deadline:
                raise DeployError(f"Stack {self.name} was not finished within {DEADLINE_SECONDS:.0f} s: {answer}")
            time.sleep(POLL_SECONDS)
        return answer


class _AnyTag(yaml.SafeLoader):
    """Reads CloudFormation's ``!Ref`` and the like as nothing: only the parameters' names matter here."""


_AnyTag.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def declared_parameters(template: str) -> set[str]:
    """Return the names of a template's parameters."""
    return set(yaml.load(template, Loader=_AnyTag).get("Parameters", {}))  # noqa: S506 - a safe loader


def _is_new(status: str) -> bool:
    return status in {"", "REVIEW_IN_PROGRESS"}
