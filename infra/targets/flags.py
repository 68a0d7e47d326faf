"""The flags of a target: a laptop stack's, or those of a stage on AWS with the person's own credentials."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from chalicelib.bootstrap.flags import FlagOperations, shell_flags
from chalicelib.bootstrap.gate import shell_gate
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.flags.appconfig.clients import CHANGING, LOOKING, READING, AppConfigIds, FlagClients
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.migration.gate.service import GateService
from infra.deployment.application import Target as Aws
from infra.deployment.flags import flags_parameters
from infra.errors import OperatorError, expected_errors
from infra.local.layout import REGION, STAGE, Layout
from infra.local.processes.emulators import answers
from infra.local.waiting import wait_until
from infra.targets.database import opened
from infra.targets.looks import TargetLooks, plainly
from infra.targets.target import Target, person

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

        The operators' function is asked, which polls like every other one.
        Nothing is waited for once it decides by a later document that says something else.
        """
        if self.layout is None or not answers(f"{self.layout.base_url}/health"):
            return None
        from infra.local import laptop  # signs tokens, which only a change needs

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


@contextmanager
def flags_of(target: Target) -> Iterator[Flags]:
    """The flags of a stack or stage. What they refuse is an OperatorError, which the command line shows."""
    with opened(target) as database:
        yield Flags(flag_operations_of(target, database), person(), target.layout)


def flag_operations_of(target: Target, database: MongoDatabase) -> FlagOperations:
    """The operations on the flags of a stack or stage. Raises OperatorError where AWS does not say where they are."""
    if target.layout is None and target.stage is None:
        raise OperatorError(f"{target} is a database alone, it has no flags: say --name of a laptop stack, or --stage")
    looks = TargetLooks(target)

    def gate(overview: FlagOverview) -> GateService:
        return shell_gate(database, lambda: overview, looks.letters, looks.release, looks.alarms)

    return shell_flags(database, *_reached(target), gate)


def overview_of(target: Target, database: MongoDatabase) -> Callable[[], FlagOverview]:
    """The deployed flags of a target, fetched when somebody wants to know; raises UnavailableError."""
    return plainly(lambda: flag_operations_of(target, database).overview)


@contextmanager
def gate_of(target: Target) -> Iterator[GateService]:
    """The gate of a stack or stage; a database or an AWS that is away is what it cannot say."""
    with opened(target) as database:
        looks = TargetLooks(target)
        yield shell_gate(database, overview_of(target, database), looks.letters, looks.release, looks.alarms)


def flags_at(layout: Layout) -> AbstractContextManager[Flags]:
    """The flags of a laptop stack, whether it has come up before or comes up just now."""
    return flags_of(Target.of_stack(layout))


def _reached(target: Target) -> tuple[FlagClients, AppConfigIds]:
    aws = Aws(REGION, target.layout.appconfig_url) if target.layout else Aws(target.region)
    try:
        found = flags_parameters(aws, target.stage or STAGE)
    except EndpointConnectionError as error:
        raise target.no_answer(f"AppConfig at {aws.endpoint or 'AWS'}") from error
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(f"AppConfig's home cannot be reached: {error}") from error
    ids = AppConfigIds(*(found[f"Flags{name}Id"] for name in ("Application", "Environment", "Profile", "Strategy")))
    return clients_of(aws), ids


def clients_of(aws: Aws) -> FlagClients:
    """A shell has no more patience with AppConfig than a function: a rollback must not wait for one that hangs."""
    client = cache(aws.client)
    changing, looking = (partial(client, "appconfig", config) for config in (CHANGING, LOOKING))
    return FlagClients(partial(client, "appconfigdata", READING), changing, looking)


def _listing(url: str, token: str) -> dict[str, Any] | None:
    try:
        answer = _http.request("GET", url, headers={"Authorization": f"Bearer {token}"})
    except expected_errors():
        return None
    listing: dict[str, Any] | None = answer.json() if answer.status == 200 else None
    return listing
