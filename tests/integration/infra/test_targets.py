"""Targets of commands: recognised by their servers, refused when they are two systems, named when they are down."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pymongo.database import Database

from chalicelib.domain.operating import Action
from chalicelib.repositories.operator_actions import MongoOperatorActions
from infra import __main__ as command_line
from infra.deployment.cloudformation import Stack
from infra.local import layout
from infra.local.layout import Layout, Ports
from infra.local.processes.ports import free_ports
from infra.local.throwaway import mongod
from infra.targets.target import person
from tests.fakes.dead_letters import record

REGION = "us-east-1"
PASSWORD = "s3cret"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SET = ["mode", "set", "old_only", "--reason", "the test"]


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No stack has come up, and the environment names nothing."""
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    for name in ("STACK_NAME", "MONGODB_URI", "MONGODB_DATABASE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def other_server() -> Iterator[str]:
    with mongod() as uri:
        yield uri


@pytest.fixture
def sample(mongodb_uri: str, migrated: Database[Any]) -> Layout:
    """A laptop stack that has come up with the test's database; of its other pieces nothing runs."""
    return stack("sample", mongodb_uri, migrated.name)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, mongodb_uri: str, migrated: Database[Any]) -> Iterator[str]:
    """A stage ``dev`` on moto's AWS, whose secret names the test's database."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        secret = json.dumps({"mongodbUri": mongodb_uri, "pseudonymKey": "k"})
        boto3.client("secretsmanager", REGION).create_secret(Name="secret", SecretString=secret)
        url = boto3.client("sqs", REGION).create_queue(QueueName="dead-letters")["QueueUrl"]
        said = {"SecretId": "secret", "MongoDatabase": migrated.name}
        monkeypatch.setattr(Stack, "parameters", lambda _stack: said)
        monkeypatch.setattr(Stack, "outputs", lambda _stack: {"DeadLetterQueueUrl": url})
        yield "dev"


def stack(name: str, uri: str, database: str) -> Layout:
    made = Layout(name, Ports(*free_ports(5)), uri, database)
    made.remember()
    return made


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str]:
    """How a command ends, and what it says on standard error."""
    with pytest.raises(SystemExit) as exited:
        command_line.run(list(arguments))
    return exited.value.code, capsys.readouterr().err


def mode_of(database: Database[Any]) -> str | None:
    found = database["control"].find_one({"_id": "sync_mode"})
    return found and found["mode"]


def hosts(uri: str) -> str:
    return uri.partition("://")[2].partition("/")[0]


def in_dual_write(database: Database[Any]) -> None:
    database["control"].replace_one(
        {"_id": "sync_mode"}, {"mode": "dual_write", "since": LONG_AGO, "catchingUp": None}, upsert=True
    )


def test_the_target_is_printed_before_it_is_changed(
    sample: Layout, mongodb_uri: str, migrated: Database[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    in_dual_write(migrated)
    code, errors = run(capsys, *SET, "--name", "sample")
    assert code == 0
    assert errors.splitlines()[0] == f"target: stack sample, mongodb {hosts(mongodb_uri)}/{migrated.name}"
    assert mode_of(migrated) == "old_only"


@pytest.mark.usefixtures("sample")
def test_a_typing_error_in_the_name_changes_no_other_stack(
    migrated: Database[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    in_dual_write(migrated)
    code, errors = run(capsys, *SET, "--name", "smaple")
    assert code == 1
    assert "there are sample" in errors
    assert mode_of(migrated) == "dual_write"


@pytest.mark.parametrize("said", ["another server", "another database"])
@pytest.mark.parametrize("place", ["--name=sample", "--stage=dev"])
@pytest.mark.usefixtures("sample", "stage")
def test_a_database_of_another_system_is_refused_and_nothing_is_changed(
    said: str,
    place: str,
    mongodb_uri: str,
    other_server: str,
    migrated: Database[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_dual_write(migrated)
    monkeypatch.setenv("MONGODB_URI", other_server if said == "another server" else mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", "another" if said == "another database" else migrated.name)
    for command in (SET, ["flags", "kill", "--reason", "x"], ["dlq", "discard", "one", "--reason", "x"]):
        code, errors = run(capsys, *command, place)
        assert (code, "is not the database of" in errors) == (1, True), errors
        assert f"{hosts(mongodb_uri)}/{migrated.name}" in errors
    assert mode_of(migrated) == "dual_write"


@pytest.mark.parametrize("place", ["--name=sample", "--stage=dev"])
@pytest.mark.usefixtures("sample", "stage")
def test_another_address_of_the_same_server_is_the_same_system(
    place: str,
    mongodb_uri: str,
    migrated: Database[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_dual_write(migrated)
    monkeypatch.setenv("MONGODB_URI", mongodb_uri.replace("127.0.0.1", "localhost") + "&appName=laptop")
    monkeypatch.setenv("MONGODB_DATABASE", migrated.name)
    assert run(capsys, *SET, place)[0] == 0
    assert mode_of(migrated) == "old_only"


def test_a_database_by_its_address_alone_is_no_stack(
    other_server: str, mongodb_uri: str, migrated: Database[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    in_dual_write(migrated)
    stack("local", other_server, "energy_monitor")
    code, errors = run(capsys, *SET, "--uri", mongodb_uri, "--database", migrated.name)
    assert code == 0
    assert errors.splitlines()[0] == f"target: mongodb {hosts(mongodb_uri)}/{migrated.name}"
    code, errors = run(capsys, "flags", "kill", "--reason", "x", "--uri", mongodb_uri, "--database", migrated.name)
    assert (code, "is not the database of stack local" in errors) == (1, True)


@pytest.mark.usefixtures("stage")
def test_a_secret_that_may_not_be_read_is_said_and_keeps_nobody_from_the_way_back(
    mongodb_uri: str, migrated: Database[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("secretsmanager", REGION).delete_secret(SecretId="secret", ForceDeleteWithoutRecovery=True)
    in_dual_write(migrated)
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", migrated.name)
    code, errors = run(capsys, *SET, "--stage", "dev")
    assert code == 0
    assert f"not checked whether {hosts(mongodb_uri)}/{migrated.name} is the database of stage dev" in errors


def test_a_name_and_a_stage_are_two_targets(sample: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    code, errors = run(capsys, *SET, "--name", sample.name, "--stage", "dev")
    assert (code, "--name or --stage" in errors) == (1, True)


@pytest.mark.parametrize(
    ("command", "piece"),
    [
        (["mode", "show"], "mongodb"),
        (["verify"], "mongodb"),
        (["flags", "list"], "appconfig"),
        (["flags", "kill", "--reason", "x"], "appconfig"),
        (["dlq", "ls"], "localstack"),
        (["replay", "--all"], "localstack"),
    ],
)
def test_of_a_stack_that_is_down_the_address_and_what_starts_it_are_said(
    command: list[str], piece: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = Ports(*free_ports(5))
    uri = f"mongodb://somebody:{PASSWORD}@127.0.0.1:{ports.mongodb}/?serverSelectionTimeoutMS=100"
    Layout("asleep", ports, uri, "energy_monitor").remember()
    code, errors = run(capsys, *command, "--name", "asleep")
    assert code == 1
    assert f"127.0.0.1:{getattr(ports, piece)}" in errors
    assert "make up STACK_NAME=asleep" in errors
    assert "Traceback" not in errors
    assert PASSWORD not in errors


@pytest.mark.usefixtures("sample")
def test_a_given_database_that_is_down_is_not_called_a_stack_that_is_down(capsys: pytest.CaptureFixture[str]) -> None:
    [port] = free_ports(1)
    uri = f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=100"
    code, errors = run(capsys, "mode", "show", "--name", "sample", "--uri", uri)
    assert code == 1
    assert f"127.0.0.1:{port} did not answer; MONGODB_URI or --uri names it" in errors
    assert "make up" not in errors


class DeadLetters:
    """The queue of the stage, and the commands on it."""

    def __init__(self, stage: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._stage = stage
        self._capsys = capsys
        self._sqs = boto3.client("sqs", REGION)
        self._url = self._sqs.list_queues()["QueueUrls"][0]

    def send(self, number: int) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=record(number))

    def discard(self, *arguments: str) -> tuple[int | str | None, str]:
        return run(self._capsys, "dlq", "discard", *arguments, "--stage", self._stage)


def test_a_letter_is_sent_again_with_a_reason_that_is_kept_and_without_one_the_database_is_not_asked(
    stage: str,
    mongodb_uri: str,
    migrated: Database[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    DeadLetters(stage, capsys).send(1)
    code, errors = run(capsys, "dlq", "redrive", "--all", "--stage", stage)
    assert (code, "MONGODB_URI" in errors) == (1, False), "Lambda refuses it: there is no such function"
    code, errors = run(capsys, "dlq", "redrive", "--all", "--stage", stage, "--reason", "mended")
    assert (code, "MONGODB_URI" in errors) == (1, True)
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", migrated.name)
    assert run(capsys, "dlq", "redrive", "--all", "--stage", stage, "--reason", "mended")[0] == 1
    [done] = MongoOperatorActions(migrated).newest(5)
    assert (done.action, done.reason, done.by) == (Action.REDRIVE, "mended", person())


def test_all_dead_letters_are_shown_and_discarded_after_a_yes(
    stage: str,
    mongodb_uri: str,
    migrated: Database[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", migrated.name)
    letters = DeadLetters(stage, capsys)
    for number in range(12):
        letters.send(number)
    code, errors = letters.discard("--all", "--reason", "seen")
    assert (code, "12 dead letters" in errors, "--yes" in errors) == (1, True, True)
    assert "EnergyReadingCreated" in errors
    assert migrated["discarded_events"].count_documents({}) == 0
    code, _ = letters.discard("--all", "--reason", "seen", "--yes")
    assert code == 0
    kept = list(migrated["discarded_events"].find())
    assert sorted(json.loads(letter["message"])["requestPayload"]["id"] for letter in kept) == sorted(
        f"event-{number}" for number in range(12)
    )
    assert {letter["reason"] for letter in kept} == {"seen"}
    told = (
        "_id",
        "reason",
        "discardedBy",
        "discardedAt",
        "function",
        "eventType",
        "condition",
        "error",
        "traceId",
        "message",
    )
    assert {tuple(letter) for letter in kept} == {told}
    assert letters.discard("--all", "--reason", "seen")[0] == 0, "nothing is left to ask about"
    assert letters.discard("--all", "some-id", "--reason", "seen")[0] == 2
    assert letters.discard("--reason", "seen")[0] == 2
