"""``dlq`` and ``replay`` as somebody types them, against moto's AWS (no network)."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.dead_letters.operated import DeadLetterQueue
from chalicelib.domain.operating import Action, Discarded, Done
from infra import __main__ as command_line
from infra.deployment.cloudformation import Stack
from infra.local import layout
from infra.operations.dead_letters import commands
from tests.fakes.dead_letters import record

REGION = "us-east-1"
SELECTIONS = [[], ["--all", "--user", "alice"], ["--since", "2024-01-01", "--user", "alice"]]


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", REGION)
    for name in ("MONGODB_URI", "STACK_NAME"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """SQS of a deployed stage ``dev`` with one dead letter."""
    client = boto3.client("sqs", REGION)
    url = client.create_queue(QueueName="dead-letters")["QueueUrl"]
    outputs = {"energy-monitor-dev": {"DeadLetterQueueUrl": url}}
    monkeypatch.setattr(Stack, "outputs", lambda stack: outputs.get(stack.name, {}))
    client.send_message(QueueUrl=url, MessageBody=record(7))
    monkeypatch.setattr(commands, "DeadLetterQueue", partial(DeadLetterQueue, wait_seconds=0))
    return client


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(list(arguments))
    return exited.value.code


@pytest.mark.usefixtures("sqs")
def test_a_table_tells_which_event_failed_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dlq", "ls", "--stage=dev") == 0
    shown = capsys.readouterr().out
    assert "EnergyReadingCre" in shown
    assert "Validation" in shown


@pytest.mark.usefixtures("sqs")
def test_programs_get_every_letter_with_its_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dlq", "ls", "--stage=dev", "--json") == 0
    (letter,) = json.loads(capsys.readouterr().out)
    assert letter["event"]["id"] == "event-7"
    assert {"id", "since", "function", "eventType", "condition", "error"} <= set(letter)
    assert run("dlq", "show", letter["id"], "--stage=dev") == 0
    printed = capsys.readouterr().out
    assert printed.startswith('{\n  "id": ')
    shown = json.loads(printed)
    assert shown.pop("message") == json.loads(record(7))
    assert shown == {name: value for name, value in letter.items() if name != "event"}


@pytest.mark.usefixtures("sqs")
@pytest.mark.parametrize("command", [["redrive"], ["discard", "--reason", "x"]])
@pytest.mark.parametrize("which", [[], ["--all", "some-id"]])
def test_one_letter_or_all_must_be_said_and_not_both(
    command: list[str], which: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dlq", *command, *which, "--stage=dev") == 2
    assert "say which: the ID of one (python -m infra dlq ls), or --all" in capsys.readouterr().err


def test_a_queue_may_be_named_by_itself(sqs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    assert run("dlq", "ls", "--stage=dev", f"--queue-url={other}") == 0
    assert capsys.readouterr().out == "no dead letters\n"


@pytest.mark.usefixtures("sqs")
def test_a_function_that_is_gone_makes_redrive_fail_and_the_letter_stays(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dlq", "redrive", "--all", "--stage=dev", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["redriven"] == []
    assert "ResourceNotFound" in next(iter(answer["refused"].values()))
    assert run("dlq", "redrive", *answer["refused"], "--stage=dev") == 1
    assert "0 redriven, 1 refused" in capsys.readouterr().out


@pytest.mark.parametrize("chosen", [[], ["some-id", "--all"]])
def test_redrive_wants_one_or_all(chosen: list[str]) -> None:
    assert run("dlq", "redrive", *chosen, "--stage=dev") == 2


def test_discard_wants_a_reason_and_the_database_that_keeps_the_event(
    sqs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dlq", "discard", "some-id", "--stage=dev") == 2
    assert run("dlq", "discard", "some-id", "--stage=dev", "--reason= ") == 2
    assert run("dlq", "discard", "some-id", "--stage=dev", "--reason=seen") == 1
    assert "MONGODB_URI" in capsys.readouterr().err
    (url,) = sqs.list_queues()["QueueUrls"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (["--stage=prod"], "energy-monitor-prod has no DeadLetterQueueUrl"),
        (["--stage=local"], "without --stage"),
        (["--name=never"], "make up STACK_NAME=never"),
    ],
)
@pytest.mark.usefixtures("sqs")
def test_a_deployment_that_is_not_there_is_said(
    place: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dlq", "ls", *place) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_replay_wants_exactly_one_way_to_say_which_meters(selection: list[str]) -> None:
    assert run("replay", *selection, "--stage=dev") == 2


def test_a_replay_wants_an_instant_a_bus_and_a_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", "--since=yesterday", "--stage=dev") == 2
    assert "2024-11-01T18:30" in capsys.readouterr().err
    assert run("replay", "--all", "--stage=dev") == 1
    assert "ResourceNotFoundException" in capsys.readouterr().err
    boto3.client("events", REGION).create_event_bus(Name="energy-monitor-dev")
    assert run("replay", "--all", "--stage=dev") == 1
    assert "MONGODB_URI" in capsys.readouterr().err


class Actions:
    """What the database keeps of operators."""

    def __init__(self) -> None:
        self.kept: list[Done | Discarded] = []

    def keep(self, done: Done) -> None:
        self.kept.append(done)

    def keep_discarded(self, discarded: Discarded) -> None:
        self.kept.append(discarded)


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> Actions:
    """The database of whatever target is named."""
    actions = Actions()
    monkeypatch.setattr(commands, "database_of", lambda _: nullcontext())
    monkeypatch.setattr(commands, "MongoOperatorActions", lambda _: actions)
    monkeypatch.setattr(commands, "person", lambda: "olga")
    return actions


def letters(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The ids of those that are there."""
    assert run("dlq", "ls", "--stage=dev", "--json") == 0
    return [letter["id"] for letter in json.loads(capsys.readouterr().out)]


@pytest.mark.usefixtures("sqs")
def test_who_sends_a_letter_again_and_says_why_is_kept(actions: Actions, capsys: pytest.CaptureFixture[str]) -> None:
    [letter] = letters(capsys)
    assert run("dlq", "redrive", letter, "--stage=dev") == 1
    assert actions.kept == []
    assert run("dlq", "redrive", letter, "--reason=a fix is out", "--stage=dev") == 1
    assert actions.kept == [Done(Action.REDRIVE, "olga", "a fix is out", letter)]


@pytest.mark.usefixtures("sqs")
def test_one_letter_is_discarded_and_kept_with_who_and_why(
    actions: Actions, capsys: pytest.CaptureFixture[str]
) -> None:
    [letter] = letters(capsys)
    assert run("dlq", "discard", letter, "--reason=seen", "--stage=dev") == 0
    assert capsys.readouterr().out == f"discarded {letter}; the collection discarded_events keeps it\n"
    [kept] = actions.kept
    assert isinstance(kept, Discarded)
    assert (kept.id, kept.by, kept.reason) == (letter, "olga", "seen")
    assert letters(capsys) == []


def test_all_letters_are_shown_and_discarded_after_a_yes(
    sqs: Any, actions: Actions, capsys: pytest.CaptureFixture[str]
) -> None:
    (url,) = sqs.list_queues()["QueueUrls"]
    sqs.send_message(QueueUrl=url, MessageBody=record(8))
    assert run("dlq", "discard", "--all", "--reason=seen", "--stage=dev") == 1
    asked = capsys.readouterr()
    assert "This discards 2 dead letters for good. Nobody can be asked here: say --yes to do it" in asked.err
    assert asked.err.count("ValidationError") == 2
    assert (asked.out, actions.kept) == ("", [])
    assert run("dlq", "discard", "--all", "--yes", "--reason=seen", "--stage=dev") == 0
    assert capsys.readouterr().out == "discarded 2 letters; the collection discarded_events keeps them\n"
    assert len(actions.kept) == 2
    assert run("dlq", "discard", "--all", "--reason=seen", "--stage=dev") == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1] == "no dead letters"
    assert printed.out.startswith("discarded 0 letters;")


def test_a_letter_that_comes_while_a_person_thinks_stays(
    sqs: Any, actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [seen] = letters(capsys)
    (url,) = sqs.list_queues()["QueueUrls"]

    def think(_what: str, *, yes: bool) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=record(8))

    monkeypatch.setattr(commands, "confirm", think)
    assert run("dlq", "discard", "--all", "--reason=seen", "--stage=dev") == 0
    assert capsys.readouterr().out == "discarded 1 letter; the collection discarded_events keeps them\n"
    assert seen not in letters(capsys)
    assert len(letters(capsys)) == 1


def test_what_lambda_takes_is_counted_after_who_did_it_is_kept(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: list[int] = []

    def redrive(letters: list[DeadLetter]) -> dict[str, str]:
        kept.append(len(actions.kept))
        return {}

    letters = [DeadLetter(name, 1_700_000_000_000, record(7), "receipt") for name in ("a", "b")]
    queue = SimpleNamespace(held=lambda _: nullcontext(letters), redrive=redrive)
    monkeypatch.setattr(commands, "_queue", lambda *_: queue)
    assert run("dlq", "redrive", "--all", "--reason=why", "--stage=dev") == 0
    assert capsys.readouterr().out == "2 redriven, 0 refused\n"
    assert (kept, actions.kept) == ([2], [Done(Action.REDRIVE, "olga", "why", name) for name in ("a", "b")])


def test_what_lambda_refuses_is_red(coloured: Callable[[], list[str]]) -> None:
    commands._print_redriven(["a"], {"b": "no [function]"}, as_json=False)
    assert coloured() == ["1 redriven, 1 refused", "<red>b: no [function]</>"]


@pytest.mark.usefixtures("sqs")
def test_a_letter_that_is_not_there_is_named(actions: Actions, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["show"], ["redrive"], ["discard", "--reason=seen"]):
        assert run("dlq", *command, "no-such-letter", "--stage=dev") == 1
        assert "no-such-letter" in capsys.readouterr().err
    assert actions.kept == []
