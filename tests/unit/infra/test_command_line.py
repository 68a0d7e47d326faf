"""The operator's commands, where nothing has to run for them."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest

from infra import __main__ as command_line
from infra.deployment.cloudformation import Stack
from infra.errors import OperatorError
from infra.local import laptop, layout
from infra.local.demo.household import DailyReading, DemoHousehold
from infra.local.layout import Layout
from infra.local.processes.pieces import PieceStatus
from infra.local.processes.ports import HOST
from infra.local.processes.supervision import Piece, Supervisor
from infra.operations import deploy, stack
from infra.operations.confirmation import confirm

IDLE = [sys.executable, "-c", "import threading; threading.Event().wait()"]


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setenv("STACK_NAME", "sample")
    monkeypatch.delenv("MONGODB_URI", raising=False)


@pytest.fixture
def other() -> Iterator[Supervisor]:
    """Another stack, of which something runs."""
    supervisor = Supervisor(Layout.of("other").folder)
    supervisor.start(Piece("mongod", IDLE, lambda: True))
    yield supervisor
    supervisor.stop("mongod")


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(list(arguments))
    return exited.value.code


def test_nothing_runs_before_up(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACK_NAME")
    assert run("running", "--json") == 1
    rows = json.loads(capsys.readouterr().out)
    assert {row["healthy"] for row in rows} == {False}
    assert [row["name"] for row in rows] == ["mongod", "localstack", "appconfig", "issuer", "watcher", "api"]


def test_an_existing_database_is_named_without_its_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://somebody:secret@127.0.0.1:1/?serverSelectionTimeoutMS=100")
    Layout.chosen("sample", {}).remember()
    assert run("running", "--json") == 1
    shown = capsys.readouterr().out
    assert [row["name"] for row in json.loads(shown)] == [
        "mongodb at 127.0.0.1:1",
        "localstack",
        "appconfig",
        "issuer",
        "watcher",
        "api",
    ]
    assert "secret" not in shown


def test_pieces_are_a_table_and_what_has_no_process_port_or_log_has_a_dash(
    printed: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    log = "l" * 100
    down = PieceStatus("api", 17, 8_000, False, str(tmp_path / log))
    stack.console.print(stack._pieces([PieceStatus("mongodb at x", None, None, True, None), down]))
    lines = printed()
    assert lines[:2] == ["piece process port state log", "mongodb at x - - runs -"]
    assert lines[2].startswith("api 17 8000 does not answer l")
    assert "".join(lines[2:]).count("l") == len(log)


def test_the_functions_own_log_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Layout.of("sample").remember()
    run("running", "--json")
    assert json.loads(capsys.readouterr().out)[-1]["log"].endswith("sample/logs/functions.log")


def test_down_without_up_is_no_failure(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACK_NAME")
    assert run("down") == 0
    assert "nothing was running" in capsys.readouterr().out


def test_down_ends_its_own_stack_and_all_of_them_when_told(
    other: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    Layout.of("sample").remember()
    assert run("down", "--yes") == 0
    assert other.process_of("mongod")
    assert run("down", "--all", "--yes") == 0
    assert "other: ended mongod" in capsys.readouterr().out
    assert not other.process_of("mongod")


def test_down_shows_what_it_ends_and_ends_nothing_without_a_yes(
    other: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("down", "--name", "other") == 1
    shown = capsys.readouterr().err
    process = other.process_of("mongod")
    assert process
    assert f"stack other (mongod, process {process.pid})" in shown
    assert "--yes" in shown
    assert run("down", "--name", "other", "--yes") == 0
    assert not other.process_of("mongod")


@pytest.mark.parametrize(
    "command",
    [
        ["down"],
        ["down", "--yes"],
        ["running"],
        ["status"],
        ["token", "--user", "alice"],
        ["mode", "show"],
        ["mode", "set", "new_only", "--reason", "x"],
        ["sync"],
        ["verify"],
        ["repair"],
        ["repair", "--apply"],
        ["rebuild"],
        ["sweep"],
        ["compare", "report"],
        ["compare", "times"],
        ["flags", "list"],
        ["flags", "kill", "--reason", "x"],
        ["dlq", "ls"],
        ["replay", "--all"],
    ],
)
@pytest.mark.parametrize("uri", ["", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"])
def test_a_name_that_does_not_exist_is_refused_by_every_command(
    command: list[str], uri: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URI", uri)
    Layout.of("sample").remember()
    assert run(*command, "--name", "typo") == 1
    shown = capsys.readouterr()
    assert "'typo'" in shown.err
    assert "there are sample" in shown.err
    assert not shown.out
    assert Layout.known() == ["sample"]


@pytest.mark.parametrize("subcommand", [["undo", "RUN"], ["runs"]])
def test_a_subcommand_of_a_command_finds_its_own_target_alone(
    subcommand: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STACK_NAME")
    assert run("repair", *subcommand, "--help") == 0
    Layout.of("sample").remember()
    assert run("repair", *subcommand, "--name", "typo") == 1
    assert "'typo'" in capsys.readouterr().err


def test_an_option_before_a_subcommand_is_refused_and_not_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    Layout.of("sample").remember()
    assert run("repair", "--name", "other", "runs") == 2
    assert "write --name after 'runs'" in capsys.readouterr().err


@pytest.mark.parametrize("reason", ["", " ", "\t\n"])
@pytest.mark.parametrize(
    "command",
    [
        ["flags", "set", "dashboard", "--on"],
        ["flags", "rollback", "dashboard"],
        ["flags", "kill"],
        ["compare", "ignore", "abc", "--owner", "olga", "--until", "2030-01-01"],
        ["dlq", "discard", "--all", "--yes"],
    ],
)
def test_a_reason_that_says_nothing_is_refused_before_anything_happens(
    command: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Layout.of("sample").remember()
    assert run(*command, "--reason", reason) == 2
    shown = capsys.readouterr().err
    assert "say why" in shown
    assert "deploying" not in shown
    assert "target:" not in shown


@pytest.mark.parametrize("name", sorted(command_line.COMMANDS))
def test_the_list_of_commands_begins_as_each_command_begins(name: str) -> None:
    command = command_line.main.get_command(click.Context(command_line.main), name)
    assert command
    assert (command.help or "").startswith(command_line.COMMANDS[name][1].removesuffix("."))


def test_a_token_is_all_that_token_prints(capsys: pytest.CaptureFixture[str]) -> None:
    Layout.of("sample").remember()
    assert run("token", "--user", "alice", "--role", "operator") == 0
    assert capsys.readouterr().out.count(".") == 2


def test_a_stack_that_never_came_up_has_no_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("token", "--user", "alice") == 1
    assert "make up STACK_NAME=sample" in capsys.readouterr().err
    assert not Layout.of("sample").folder.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--user", ""],
        ["--user", "  "],
        *(["--user", "alice", "--hours", hours] for hours in ("0", "-1", "nan", "inf", "1e9", "many")),
    ],
)
def test_a_token_for_nobody_or_for_no_time_is_refused(arguments: list[str]) -> None:
    Layout.of("sample").remember()
    assert run("token", *arguments) == 2


def test_nobody_becomes_a_user_by_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    Layout.of("sample").remember()
    monkeypatch.setenv("USER_ID", "alice")
    assert run("token") == 2


def test_the_laptops_stage_is_not_deployed_to_aws(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--bucket=b", "--issuer=https://i", "--jwks-url=https://i/keys", "--secret-id=s"]
    assert run("deploy", "--stage=local", *settings) == 2
    assert "STAGE=dev" in capsys.readouterr().err


DEPLOY = ["deploy", "--stage=dev", "--region=eu-central-1", "--bucket=b", "--issuer=https://i"]
DEPLOY += ["--jwks-url=https://i/keys", "--secret-id=s"]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What an application is deployed with, where nobody deploys it."""
    deployed: list[Any] = []
    monkeypatch.setattr(deploy, "package", lambda: None)
    monkeypatch.setattr(deploy, "deploy_flags", lambda *_: False)
    monkeypatch.setattr(deploy, "flags_parameters", lambda *_: {})
    monkeypatch.setattr(deploy, "deploy_application", lambda *arguments: deployed.extend(arguments))
    outputs = {
        "EndpointURL": "https://api.example",
        "ApplicationId": "app1234",
        "EnvironmentId": "env1234",
        "ProfileId": "pro1234",
        "StrategyId": "str1234",
    }
    monkeypatch.setattr(Stack, "outputs", lambda _stack: outputs)
    return deployed


def test_a_deployment_passes_on_what_replaces_the_functions(deployed: list[Any]) -> None:
    assert run(*DEPLOY, "--secret-digest=new") == 0
    assert deployed[-1]["SecretDigest"] == "new"


def test_a_deployment_passes_on_any_parameter_of_the_template(
    deployed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*DEPLOY, "--parameter=ApiConcurrency=50", "--parameter=LogRetentionDays=90") == 0
    assert (deployed[-1]["ApiConcurrency"], deployed[-1]["LogRetentionDays"]) == ("50", "90")
    monkeypatch.setenv("PARAMETERS", "ImportThrottlingRate=1 LogRetentionDays=60")
    assert run(*DEPLOY) == 0
    assert (deployed[-1]["ImportThrottlingRate"], deployed[-1]["LogRetentionDays"]) == ("1", "60")


def test_a_parameter_that_the_template_does_not_have_is_refused(
    deployed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*DEPLOY, "--parameter=ApiConcurency=50") == 2
    assert "infra/resources.yaml has no ApiConcurency" in " ".join(capsys.readouterr().err.split())
    assert deployed == []


def test_a_taken_port_ends_up_with_the_remedy_and_nothing_running(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server((HOST, 0)) as taken:
        assert run("up", "--port", str(taken.getsockname()[1])) == 1
    assert "is taken" in capsys.readouterr().err
    assert not Layout.of("sample").was_brought_up
    assert run("down") == 0


def test_what_to_try_names_the_stack(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stored = DailyReading(date(2126, 11, 27), Decimal("12020.5"))  # ahead of every clock: the next one lies behind it
    monkeypatch.setattr(laptop, "up", lambda stack, *_, **__: stack.remember())
    monkeypatch.setattr(DemoHousehold, "last", lambda _: stored)
    assert run("up") == 0
    said = capsys.readouterr().out
    assert "make token STACK_NAME=sample USER=alice" in said
    assert f"http://localhost:{Layout.of('sample').ports.api}/ops-console (sign in as 'olga'" in said
    assert '{"type": "power", "date": "2126-11-28", "amount": 12045.5}' in said
    assert "type=power&year=2126&dataType=monthly" in said


def test_each_piece_gets_the_port_that_a_person_says(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Layout] = []

    def up(stack: Layout, *_: object, **__: object) -> None:
        chosen.append(stack)
        stack.remember()

    monkeypatch.setattr(laptop, "up", up)
    monkeypatch.setattr(DemoHousehold, "last", lambda _: None)
    named = ("port", "localstack-port", "appconfig-port", "mongodb-port", "issuer-port")
    run("up", *(word for number, name in enumerate(named) for word in (f"--{name}", str(40_000 + number))))
    [ports] = [stack.ports for stack in chosen]
    found = (ports.api, ports.localstack, ports.appconfig, ports.mongodb, ports.issuer)
    assert found == tuple(range(40_000, 40_005))


class Terminal(StringIO):
    """Somebody who can be asked, and what they answer."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_a_person_is_asked_beside_the_answer_that_programs_read(
    answer: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
    with nullcontext() if answer == "y" else pytest.raises(OperatorError, match="nothing was done"):
        confirm("This ends it", yes=False)
    shown = capsys.readouterr()
    assert (shown.out.strip(), "This ends it. Go on? [y/N]" in shown.err) == ("", True)


def test_sigterm_ends_what_up_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start_and_be_told_to_end(stack: Layout, processes: Any, *_: Any, **__: Any) -> None:
        processes.supervisor.start(Piece("mongod", IDLE, lambda: True))
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(10)

    monkeypatch.setattr(laptop, "_bring_up", start_and_be_told_to_end)
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # this test run is not to end by it
    try:
        assert run("up") == 128 + signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not Supervisor(Layout.of("sample").folder).process_of("mongod")


@pytest.mark.parametrize("error", [OperatorError("no such thing"), OSError(28, "No space left on device")])
def test_an_expected_failure_is_a_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(laptop, "_bring_up", fail)
    assert run("up") == 1
    assert capsys.readouterr().err.splitlines()[1:] == [str(error)]


def test_an_application_that_does_not_import_is_not_needed_to_look_and_to_end() -> None:
    """In a fresh interpreter, because the tests around this one import the application."""
    program = (
        "import sys, infra.__main__, infra.operations.stack; print(*(name.partition('.')[0] for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"chalicelib", "migrations", "app"}.isdisjoint(done.stdout.split())


def test_an_application_that_does_not_import_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "infra.local.database", None)
    with pytest.raises(OperatorError, match=r"application cannot be imported: .*infra\.local\.database"):
        laptop._prepare_database(Layout.of("sample"))
