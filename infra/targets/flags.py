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
from chalicelib.domain.rollout.flag_history import FlagChange
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

    def wait_for_answer(self, change: FlagChange) -> bool | None:
        """Whether the deployed API decides by a change; None where there is none to ask, or it does not answer.

        Nothing is waited for once it decides by a later document that says something else.
        """
        if self.layout is None or not answers(f"{self.layout.base_url}/health"):
            return None
        url, token = f"{self.layout.base_url}/ops/flags", laptop.token(self.layout, self.by, (OPERATOR,))
        said: list[bool | None] = []

        def decided() -> bool:
            listing = _listing(url, token)
            if listing is not None:
                said.append(decides_by(listing, change))
            return bool(said) and said[-1] is not None

        wait_until(decided, API_SECONDS)
        return bool(said[-1]) if said else None


def decides_by(listing: dict[str, Any], change: FlagChange) -> bool | None:
    """Whether a function that gives this listing decides by a change; None: by an earlier document still."""
    if listing["inUse"] == change.to_version:
        return True
    if listing["inUse"] != listing["version"]:
        return None
    now = {flag["name"]: flag for flag in listing["flags"]}
    if all(now.get(name) == after for name, after in change.after.items()):
        return True
    return None if listing["inUse"] == change.from_version else False


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


def _listing(url: str, token: str) -> dict[str, Any] | None:
    try:
        answer = _http.request("GET", url, headers={"Authorization": f"Bearer {token}"})
    except expected_errors():
        return None
    listing: dict[str, Any] | None = answer.json() if answer.status == 200 else None
    return listing
