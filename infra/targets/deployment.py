"""The AWS of a target: the laptop stack's emulated one, or AWS with the person's own credentials."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import EndpointConnectionError

from chalicelib.alarm_states.board import AlarmBoard
from chalicelib.alarm_states.client import CONFIG
from infra.deployment.application import Target as Aws
from infra.deployment.application import application_stack
from infra.deployment.cloudformation import Stack
from infra.errors import OperatorError
from infra.local.layout import REGION, STAGE
from infra.targets.target import Target


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployed application and its AWS."""

    aws: Aws
    stage: str

    @classmethod
    def of(cls, target: Target) -> "Deployment":
        """The deployment of a stack or stage. Raises OperatorError for a database alone."""
        if target.stage:
            return cls(Aws(target.region), target.stage)
        if target.layout:
            return cls(Aws(REGION, target.layout.localstack_url), STAGE)
        raise OperatorError(f"{target} is a database alone: say --name of a laptop stack, or --stage")

    def client(self, service: str) -> Any:
        """A boto3 client of its AWS."""
        return self.aws.client(service)

    @property
    def stack(self) -> str:
        """The name of its CloudFormation stack, and of its event bus."""
        return application_stack(self.stage)

    def alarms(self) -> AlarmBoard:
        """Its alarms."""
        return AlarmBoard(lambda: self.aws.client("cloudwatch", CONFIG), self.stack)

    def output(self, key: str) -> str:
        """An output of its stack. Raises OperatorError where there is no such stack, or an older one without it."""
        try:
            return self._stack().outputs()[key]
        except KeyError as error:
            raise OperatorError(
                f"The stack {self.stack} has no {key}: deploy it (again), or check the region."
            ) from error

    def parameters(self) -> dict[str, str]:
        """What its stack was deployed with; nothing where there is no such stack."""
        return self._stack().parameters()

    def _stack(self) -> Stack:
        return Stack(self.client("cloudformation"), self.stack)


@contextmanager
def reached(target: Target) -> Iterator[None]:
    """Say of AWS that cannot be reached which address was asked. Raises OperatorError."""
    try:
        yield
    except EndpointConnectionError as error:
        raise target.no_answer(error.kwargs["endpoint_url"]) from error
