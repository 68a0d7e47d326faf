"""Which deployment a command speaks to: the laptop stack's emulated AWS, or AWS with the person's own credentials."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from chalicelib.repositories.database import MongoDatabase
from infra.deployment.application import Target, application_stack
from infra.deployment.cloudformation import Stack
from infra.errors import OperatorError
from infra.local.layout import REGION, STAGE, Layout
from infra.targets.database import database_of, name_option

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployed application: its AWS, and the name of the laptop stack whose database it uses, if it is one."""

    target: Target
    stage: str
    name: str

    @classmethod
    def chosen(cls, name: str, stage: str | None, region: str | None) -> "Deployment":
        """A stage on AWS, or the laptop stack of that name."""
        if stage is None:
            layout = Layout.of(name)
            if not layout.was_brought_up:
                raise OperatorError(f"The stack '{name}' has never come up: make up{layout.argument}")
            return cls(Target(REGION, layout.localstack_url), STAGE, name)
        if stage == STAGE:
            raise OperatorError(f"'{STAGE}' is the laptop stack's stage; it is found by --name, without --stage.")
        return cls(Target(region), stage, name)

    @property
    def stack(self) -> str:
        """The name of its CloudFormation stack, and of its event bus."""
        return application_stack(self.stage)

    def output(self, key: str) -> str:
        """What its stack says of itself. Raises OperatorError where there is no such stack, or one of before."""
        try:
            return Stack(self.target.client("cloudformation"), self.stack).outputs()[key]
        except KeyError as error:
            raise OperatorError(
                f"The stack {self.stack} has no {key}: deploy it (again), or check the region."
            ) from error

    @contextmanager
    def database(self) -> Iterator[MongoDatabase]:
        """Its database. A stage on AWS keeps the address in a secret, so the person has to name it."""
        if self.stage != STAGE and not os.environ.get("MONGODB_URI"):
            raise OperatorError(
                f"Say where the database of stage {self.stage!r} is: MONGODB_URI=... (MONGODB_DATABASE=...)"
            )
        with database_of(self.name) as database:
            yield database


def with_deployment(command: Command) -> Command:
    """Give a command, as its first argument, the deployment that the options name."""

    @name_option
    @click.option("--stage", help="a stage on AWS, such as dev, instead of a laptop stack")
    @click.option("--region", envvar="AWS_REGION", help="on AWS; default: what your AWS configuration says")
    @wraps(command)
    def wrapped(name: str, stage: str | None, region: str | None, **options: Any) -> None:
        command(Deployment.chosen(name, stage, region), **options)

    return wrapped
