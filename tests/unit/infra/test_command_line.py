"""The operator's commands, where nothing has to run for them."""

import json
import socket
from pathlib import Path

import pytest

from infra import __main__ as command_line
from infra.local import layout
from infra.local.ports import HOST


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setenv("STACK_NAME", "sample")


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(list(arguments))
    return exited.value.code


def test_nothing_runs_before_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--json") == 1
    rows = json.loads(capsys.readouterr().out)
    assert {row["healthy"] for row in rows} == {False}
    assert [row["name"] for row in rows] == ["mongod", "localstack", "appconfig", "api"]


def test_down_without_up_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("down") == 0
    assert "nothing was running" in capsys.readouterr().out


def test_a_token_is_all_that_token_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("token", "--user", "alice", "--role", "operator") == 0
    assert capsys.readouterr().out.count(".") == 2


def test_a_taken_port_ends_up_with_the_remedy_and_nothing_running(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URI", "")
    with socket.create_server((HOST, 0)) as taken:
        assert run("up", "--port", str(taken.getsockname()[1])) == 1
    assert "is taken" in capsys.readouterr().err
    assert run("down") == 0
