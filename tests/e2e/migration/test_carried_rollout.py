"""The deployed function takes the first step of a rollout, and leaves alone what somebody has aborted."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnchangedError
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import State
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.names import GLOBAL
from chalicelib.repositories.database import open_database
from infra.targets.flags import Flags
from tests.e2e.account import Account
from tests.e2e.conftest import Deployed

pytestmark = pytest.mark.long

DASHBOARD = Component.DASHBOARD


@pytest.fixture
def verified(deployed: Deployed) -> Iterator[None]:
    """Both sides are equal, and somebody has looked."""
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    assert shell_operations(database).consistency.verify(restart=True).differences == 0
    yield
    database.client.close()


def carry(deployed: Deployed) -> Any:
    """One run of the deployed function; what it did."""
    account = Account(deployed)
    answer = account["lambda"].invoke(FunctionName=account.name_of("RolloutCarrier"), Payload=b"{}")
    return json.loads(answer["Payload"].read())


@pytest.mark.usefixtures("verified")
def test_the_deployed_function_takes_a_step_and_leaves_alone_what_has_ended(deployed: Deployed, flags: Flags) -> None:
    with suppress(UnchangedError):
        flags.operations.changes.set(GLOBAL, FlagPatch(enabled=True), ChangeRequest("olga", "a test", hurry=True))
    commands = flags.operations.rollouts
    commands.start(DASHBOARD, Plan(steps_of("test:1h,10:1h")), "olga", "a test")
    done = [carry(deployed)]  # unless the schedule was faster
    rollout = commands.one(DASHBOARD)
    assert (rollout.state, rollout.step, rollout.held and rollout.held.name) == (State.RUNNING, 0, "test users"), done
    [change] = flags.operations.overview.changes("dashboard_new_backend", 1)
    assert (change.action, change.by, change.evidence["gate"]["component"]) == ("rollout", "RolloutCarrier", DASHBOARD)
    commands.abort(DASHBOARD, "olga", "the test is over", 60)
    assert commands.one(DASHBOARD).state is State.ABORTED
    assert DASHBOARD not in carry(deployed)
