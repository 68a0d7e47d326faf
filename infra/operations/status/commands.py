"""``python -m infra status``: where the migration is, whether it may go on, and what comes first if not."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.alarms.board import Alarm
from chalicelib.bootstrap.operations import shell_ports
from chalicelib.bootstrap.status import status_service
from chalicelib.dead_letters.client import LOOK
from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.rollout.decision import Component
from chalicelib.domain.status.blocks import LONGEST_HOURS, Status
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.repositories.database import MongoDatabase
from infra.deployment.packaging import ROOT, digest_of_sources
from infra.errors import OperatorError
from infra.operations.printing import print_json
from infra.operations.status.printing import print_component, print_release, print_status
from infra.targets.database import opened
from infra.targets.deployment import Deployment
from infra.targets.flags import flag_operations_of
from infra.targets.options import json_option, with_target
from infra.targets.target import Target

HOURS = 24
P = ParamSpec("P")
T = TypeVar("T")


@click.command()
@click.option("--hours", type=click.IntRange(1, LONGEST_HOURS), default=HOURS, show_default=True, help="how far back")
@click.option(
    "--component", type=click.Choice([component.value for component in Component]), help="this component alone"
)
@with_target(changes=False)
@json_option
def status(target: Target, hours: int, component: str | None, as_json: bool) -> None:
    """Say where the migration is, and what comes first. Exit code 1 when a component may not go on.

    Beside each figure is the command that prints its detail. What cannot be looked at says why; the rest is shown.
    """
    found = seen(target, hours)
    found = replace(found, components=[each for each in found.components if component in (None, each.component)])
    if as_json:
        print_json(found.as_document())
    elif component is None:
        print_status(found, str(target))
        print_release(_release_of(target), digest_of_sources(ROOT))
    else:
        print_component(found.components[0], found.at)
    sys.exit(0 if found.may_go_on else 1)


def _release_of(target: Target) -> str:
    """The digest of the deployed code; empty where nobody can say."""
    try:
        return Deployment.of(target).parameters().get("Release", "")
    except (OperatorError, BotoCoreError, ClientError):
        return ""


def seen(target: Target, hours: int = HOURS) -> Status:
    """The status of a target; a database that is away is one of its problems."""
    with opened(target) as database:
        place = _Place(target, database)
        service = status_service(shell_ports(database), place.overview, place.letters, place.release, place.alarms)
        return service.status(hours)


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
class _Place:
    """What AWS knows of a target, asked when the status wants to know."""

    target: Target
    database: MongoDatabase

    @_plainly
    def overview(self) -> FlagOverview:
        return flag_operations_of(self.target, self.database).overview

    @_plainly
    def letters(self) -> int:
        deployment = Deployment.of(self.target)
        url = deployment.output("DeadLetterQueueUrl")
        return LetterQueue(lambda: deployment.aws.client("sqs", LOOK), url, 0).count()

    @_plainly
    def alarms(self) -> Sequence[Alarm]:
        return Deployment.of(self.target).alarms().alarms()

    @_plainly
    def release(self) -> str:
        """Empty where the application was deployed before it said so."""
        return Deployment.of(self.target).parameters().get("Release", "")
