"""The schedule on the deployed system calls the sync job: what another application wrote gets on the display."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pymongo.collection import Collection

from chalicelib.repositories.database import open_database
from tests.e2e.account import Account
from tests.e2e.conftest import Deployed, eventually

pytestmark = pytest.mark.long

FEBRUARY = 1
# LocalStack looks at its schedules every 60 s.
LOOK_SECONDS = 60.0


@pytest.fixture
def account(deployed: Deployed) -> Account:
    return Account(deployed)


@pytest.fixture
def energies(deployed: Deployed) -> Iterator[Collection[Any]]:
    """The old collection, as another application reaches it."""
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    yield database["energies"]
    database.client.close()


@pytest.fixture
def every_minute(account: Account) -> Iterator[None]:
    """The deployed rule with the shortest period that there is; otherwise as it was deployed."""
    rule, events = account.name_of("SyncJobSchedule"), account["events"]
    before, targets = events.describe_rule(Name=rule), events.list_targets_by_rule(Rule=rule)["Targets"]
    events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
    events.put_targets(Rule=rule, Targets=targets)  # LocalStack sees a changed period no sooner
    yield
    events.put_rule(Name=rule, ScheduleExpression=before["ScheduleExpression"])


def test_the_schedule_may_call_the_sync_job_and_nothing_else(account: Account) -> None:
    rule = account["events"].describe_rule(Name=account.name_of("SyncJobSchedule"))
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    (target,) = account["events"].list_targets_by_rule(Rule=rule["Name"])["Targets"]
    function = account["lambda"].get_function_configuration(FunctionName=account.name_of("SyncJob"))
    assert target["Arn"] == function["FunctionArn"]
    policy = json.loads(account["lambda"].get_policy(FunctionName=function["FunctionName"])["Policy"])
    (permission,) = policy["Statement"]
    assert (permission["Effect"], permission["Action"]) == ("Allow", "lambda:InvokeFunction")
    assert permission["Principal"] == {"Service": "events.amazonaws.com"}
    assert permission["Condition"]["ArnLike"]["AWS:SourceArn"] == rule["Arn"]


@pytest.mark.usefixtures("every_minute")
def test_what_another_application_writes_is_carried_over_by_the_schedule_and_shown(
    deployed: Deployed, account: Account, energies: Collection[Any]
) -> None:
    user = f"person-{uuid4().hex}"
    assert deployed.record(user, "2023-01-31", 1000).status == 201
    handled = account.handled("EnergyReadingsSyncedHandler")
    date = datetime(2023, 2, 27, 23, tzinfo=UTC)
    stamps = {"createdAt": date, "updatedAt": date, "__v": 0}
    energies.insert_one({"userId": user, "type": "power", "date": date, "amount": 1100.5, **stamps})
    shown = eventually(
        lambda: deployed.display(user, 2023),
        lambda view: view["data"]["months"][FEBRUARY]["consumption"] == 100.5 and not view["meta"]["stale"],
        LOOK_SECONDS + 30,
    )
    assert shown["meta"]["sourceVersion"] == shown["meta"]["displayVersion"] == 2
    assert eventually(lambda: account.handled("EnergyReadingsSyncedHandler"), lambda now: now > handled)
