"""A walk that deployed workers divide: messages lost and doubled, a worker killed, a message that nobody can read."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.dead_letters.queue import HIDDEN, VISIBLE
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Walk
from chalicelib.repositories.database import MongoDatabase, open_database
from chalicelib.repositories.fan_out import MongoFanOutRecords
from infra.simulation.memory.fan_out import FakeRangeQueue
from infra.targets.deployment import Deployment
from infra.targets.target import Target
from tests.e2e.account import Account
from tests.e2e.conftest import Deployed, eventually

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
RANGES, WORKERS = 6, 4


@pytest.fixture
def account(deployed: Deployed) -> Account:
    return Account(deployed)


@pytest.fixture
def database(deployed: Deployed) -> Iterator[MongoDatabase]:
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    yield database
    database.client.close()


def infra(deployed: Deployed, *arguments: str, code: int = 0) -> Any:
    """What a command prints as JSON, or nothing."""
    command = [sys.executable, "-m", "infra", *arguments, "--name", deployed.layout.name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def begun_without_messages(deployed: Deployed, database: MongoDatabase) -> FanOut:
    """A walk by the deployed code, all of whose messages are lost."""
    release = Deployment.of(Target.of_stack(deployed.layout)).parameters()["Release"]
    return shell_operations(database, lambda: release, FakeRangeQueue()).fan_out.begin(Walk.REBUILD, RANGES)


def states(deployed: Deployed) -> dict[str, Any]:
    command = [sys.executable, "-m", "infra", "fan-out", "status", "rebuild", "--json", "--name", deployed.layout.name]
    [found] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    return dict(found)


def done_again(account: Account, fan_out: FanOut, number: int) -> dict[str, Any]:
    """What the function answers to a message about a range that has one in the queue as well."""
    body = json.dumps({"walk": "rebuild", "id": fan_out.id, "number": number})
    payload = json.dumps({"Records": [{"body": body}]})
    return dict(account["lambda"].invoke(FunctionName=account.name_of("RangeWorker"), Payload=payload))


def messages(account: Account) -> int:
    """How many messages no worker has done."""
    names = [VISIBLE, HIDDEN]
    found = account["sqs"].get_queue_attributes(QueueUrl=account.name_of("WorkQueue"), AttributeNames=names)
    return sum(int(number) for number in found["Attributes"].values())


def test_workers_divide_a_walk_and_what_one_leaves_behind_is_done_by_another(
    deployed: Deployed, account: Account, database: MongoDatabase
) -> None:
    for number in range(5):
        assert deployed.record(f"{number}-{uuid4().hex}", "2023-01-31", 1000).status == 201
    fan_out = begun_without_messages(deployed, database)
    ranges = len(fan_out.ranges)
    killed = MongoFanOutRecords(database).claim(fan_out, 0, 130)
    assert killed is not None

    infra(deployed, "fan-out", "resume", "rebuild")
    with ThreadPoolExecutor(WORKERS) as threads:  # the same messages again, to workers at the same time
        answers = threads.map(lambda number: done_again(account, fan_out, number % ranges), range(WORKERS))
    assert [answer.get("FunctionError") for answer in answers] == [None] * WORKERS
    eventually(lambda: messages(account), lambda number: number == 0, 60)  # one that comes late does the killed one's
    found = states(deployed)
    assert (found["done"], found["finishedAt"], found["workedOn"]) == (ranges - 1, None, 1)

    database["control"].update_one({"_id": killed.key}, [{"$set": {"claimedUntil": "$$NOW"}}])  # its time is over
    infra(deployed, "fan-out", "resume", "rebuild")
    found = eventually(lambda: states(deployed), lambda state: state["finishedAt"] is not None, 60)
    assert (found["done"], found["differences"]) == (ranges, 0)
    meters = database["meters"].count_documents({})
    assert found["meters"] == meters

    again = infra(deployed, "rebuild", "--check", "--fan-out", "3", "--json")
    assert (again["meters"], again["differences"]) == (meters, 0)


@pytest.fixture
def seen_again_at_once(account: Account) -> Iterator[str]:
    """The queue's address, while a message is hidden for a second only."""
    queue, sqs = account.name_of("WorkQueue"), account["sqs"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    yield queue
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)


def test_a_message_that_every_worker_fails_on_is_a_dead_letter_of_its_queue(
    deployed: Deployed, account: Account, seen_again_at_once: str
) -> None:
    account["sqs"].send_message(QueueUrl=seen_again_at_once, MessageBody=json.dumps({"walk": "nothing"}))

    def letters() -> list[dict[str, Any]]:
        found = infra(deployed, "dlq", "ls", "--json")
        return [letter for letter in found if letter["event"] == {"walk": "nothing"}]

    [letter] = eventually(letters, lambda found: len(found) == 1, 60)
    assert letter["condition"] == "ReceivedTooOften"
    assert letter["function"] == seen_again_at_once.rpartition("/")[2]
    infra(deployed, "dlq", "redrive", letter["id"])
    [letter] = eventually(letters, lambda found: len(found) == 1, 60)
    infra(deployed, "dlq", "discard", letter["id"], "--reason", "a test")
