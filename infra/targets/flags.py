"""Whose flags a command works on: a laptop stack's, or those of a stage on AWS with the person's own credentials."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import click
import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.bootstrap import FlagOperations, shell_flags
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.flags.appconfig.clients import CHANGING, READING, AppConfigIds, FlagClients
from chalicelib.repositories.database import open_database
from infra.deployment.application import Target, flags_parameters
from infra.errors import OperatorError, expected_errors
from infra.local import laptop
from infra.local.emulators import answers
from infra.local.layout import REGION, STAGE, Layout
from infra.local.waiting import wait_until
from infra.targets.database import name_option, person

API_SECONDS = 30.0
OPERATOR = "operator"
_http = urllib3.PoolManager(retries=False, timeout=10.0)


@dataclass(frozen=True, slots=True)
class Flags:
    """The operations on one stage's flags, and who asks for them. ``layout``: where they are a laptop stack's."""

    operations: FlagOperations
    by: str
    layout: Layout | None

    def wait_for_answer(self, version: str) -> bool | None:
        """Whether the deployed API decides by a document; None where there is none to ask."""
        if self.layout is None or not answers(f"{self.layout.base_url}/health"):
            return None
        token = laptop.token(self.layout, self.by, (OPERATOR,))
        return wait_until(
            lambda: _in_use(f"{self.layout and self.layout.base_url}/ops/flags", token) == version, API_SECONDS
        )


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say whose flags are meant."""
    stage = click.option(
        "--stage",
        help="a stage on AWS, with your own credentials; MONGODB_URI names its database (default: the laptop)",
    )
    return stage(name_option(command))


@contextmanager
def flags_of(name: str, stage: str | None) -> Iterator[Flags]:
    """The flags of a stage. What they refuse is a OperatorError, which the command line shows."""
    if stage and "MONGODB_URI" not in os.environ:
        raise OperatorError(f"MONGODB_URI names the database of stage {stage}: set it, and MONGODB_DATABASE")
    with flags_at(Layout.chosen(name, {}), stage) as flags:
        yield flags


@contextmanager
def flags_at(layout: Layout, stage: str | None = None) -> Iterator[Flags]:
    """The flags of a laptop stack, or of a stage whose database the layout names."""
    database = open_database(layout.mongodb_uri, layout.database)
    try:
        clients, place = _reached(layout, stage)
        yield Flags(shell_flags(database, clients, place), person(), None if stage else layout)
    except EnergyMonitorError as error:
        raise OperatorError(str(error)) from error
    finally:
        database.client.close()


def _reached(layout: Layout, stage: str | None) -> tuple[FlagClients, AppConfigIds]:
    target = Target() if stage else Target(REGION, layout.appconfig_url)
    try:
        found = flags_parameters(target, stage or STAGE)
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(f"AppConfig's home cannot be reached: {error}") from error
    place = AppConfigIds(*(found[f"Flags{name}Id"] for name in ("Application", "Environment", "Profile", "Strategy")))
    return clients_of(target), place


def clients_of(target: Target) -> FlagClients:
    """A shell has no more patience with AppConfig than a function: a rollback must not wait for one that hangs."""
    client = cache(target.client)
    return FlagClients(partial(client, "appconfigdata", READING), partial(client, "appconfig", CHANGING))


def _in_use(url: str, token: str) -> str | None:
    try:
        answer = _http.request("GET", url, headers={"Authorization": f"Bearer {token}"})
    except expected_errors():
        return None
    return answer.json()["inUse"] if answer.status == 200 else None
