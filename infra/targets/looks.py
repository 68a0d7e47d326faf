"""What the status and the gate ask AWS about a target, when they want to know it; and the gate of a target."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.alarms.board import Alarm
from chalicelib.bootstrap.gate import shell_gate
from chalicelib.dead_letters.client import LOOK
from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.errors import UnavailableError
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.gate.service import GateService
from infra.errors import OperatorError
from infra.targets.database import opened
from infra.targets.deployment import Deployment
from infra.targets.flags import flag_operations_of
from infra.targets.target import Target

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def gate_of(target: Target) -> Iterator[GateService]:
    """The gate of a stack or stage; a database or an AWS that is away is what it cannot say."""
    with opened(target) as database:
        looks = TargetLooks(target, database)
        yield shell_gate(database, looks.overview, looks.letters, looks.release, looks.alarms)


def _plainly(look: Callable[P, T]) -> Callable[P, T]:
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
    database: MongoDatabase

    @_plainly
    def overview(self) -> FlagOverview:
        """The flags as they are deployed."""
        return flag_operations_of(self.target, self.database).overview

    @_plainly
    def letters(self) -> int:
        """How many dead letters wait."""
        deployment = Deployment.of(self.target)
        url = deployment.output("DeadLetterQueueUrl")
        return LetterQueue(lambda: deployment.aws.client("sqs", LOOK), url, 0).count()

    @_plainly
    def alarms(self) -> Sequence[Alarm]:
        """Every alarm."""
        return Deployment.of(self.target).alarms().alarms()

    @_plainly
    def release(self) -> str:
        """The digest of the deployed code, empty where the application was deployed before it said so."""
        return Deployment.of(self.target).parameters().get("Release", "")
