"""Questions of the status and the gate to the AWS of a target, asked only when they are needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.alarm_states.board import Alarm
from chalicelib.dead_letters.client import LOOK
from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.errors import UnavailableError
from infra.errors import OperatorError
from infra.targets.deployment import Deployment
from infra.targets.target import Target

P = ParamSpec("P")
T = TypeVar("T")


def plainly(look: Callable[P, T]) -> Callable[P, T]:
    """Say in the application's words what a shell finds in its way to AWS."""

    @wraps(look)
    def wrapped(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return look(*arguments, **named)
        except (OperatorError, BotoCoreError, ClientError) as error:
            raise UnavailableError(str(error)) from error

    return wrapped


@dataclass(frozen=True, slots=True)
class TargetLooks:
    """What AWS knows of a target. All raise UnavailableError."""

    target: Target

    @plainly
    def letters(self) -> int:
        """How many dead letters wait."""
        deployment = Deployment.of(self.target)
        url = deployment.output("DeadLetterQueueUrl")
        return LetterQueue(lambda: deployment.aws.client("sqs", LOOK), url, 0).count()

    @plainly
    def alarms(self) -> Sequence[Alarm]:
        """Every alarm."""
        return Deployment.of(self.target).alarms().alarms()

    @plainly
    def release(self) -> str:
        """The digest of the deployed code, empty where the application was deployed before it said so."""
        return Deployment.of(self.target).parameters().get("Release", "")
