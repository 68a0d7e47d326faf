"""What ``python -m migrations`` passes on to the runner, what it prints of the answer, and how it ends."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.sides import SyncMode
from infra.operations.migrate import commands
from infra.operations.migrate.printing import ConsoleRun
from migrations import runner
from migrations.errors import LockedError
from migrations.ledger import State
from migrations.runner import Options, Planned, Status
from migrations.scripts import QUIET, Step
from tests.unit.infra.exit_code import exit_code

DATABASE: Any = {"migrations": "records"}
ONE = Planned("002_two", [Step("delete display documents", 1_200)], None)
REFUSED = Planned("001_one", [], "the mode is [dual_write]")


class Runner:
    """What the commands ask of the runner, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.done: list[str] = ["001_one"]
        self.waiting: str | None = None
        self.planned = [ONE]
        self.rows = [Status("001_one", "applied", "2023"), Status("002_two", "pending", "")]

    def up(self, database: object, last: str | None, options: Options) -> list[str]:
        self.asked.append(("up", last, options))
        return self.done

    def down(self, database: object, steps: int, options: Options, *, last: str | None = None) -> list[str]:
        self.asked.append(("down", steps, last, options))
        return self.done

    def plan(
        self, database: object, direction: str, options: Options, *, last: str | None = None, steps: int = 1
    ) -> list[Planned]:
        self.asked.append(("plan", direction, last, steps, options))
        return self.planned

    def refusal(self, database: object, direction: str, folder: Path) -> str | None:
        self.asked.append(("refusal", direction, folder))
        return self.waiting

    def status(self, database: object, folder: Path) -> list[Status]:
        self.asked.append(("status", folder))
        return self.rows

    def resolve(self, database: object, script: str, state: State, options: Options) -> None:
        self.asked.append(("resolve", script, state, options))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A runner in the place of the real one, on whatever database is named."""
    made = Runner()
    for name in ("up", "down", "plan", "refusal", "status", "resolve"):
        monkeypatch.setattr(runner, name, getattr(made, name))
    monkeypatch.setattr(commands, "database_of", lambda _: nullcontext(DATABASE))
    monkeypatch.setattr(commands, "sync_state", lambda _: SimpleNamespace(mode=SyncMode.DUAL_WRITE))
    monkeypatch.setattr(commands, "holder", lambda _: None)
    return made


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    place = ["--stage", "nowhere"]
    monkeypatch.setattr(sys, "argv", ["migrations", *arguments, *place])
    return exit_code(commands.run, *arguments, *place)


SAID = ("--retry", "--lock-seconds", "5")


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        (("up", "--to", "001"), ("plan", "up", "001", 1)),
        (("up", "--to", "001", "--execute"), ("up", "001")),
        (("down", "--steps", "3"), ("plan", "down", None, 3)),
        (("down", "--to", "002"), ("plan", "down", "002", 1)),
        (("down", "--to", "base", "--steps", "2", "--execute", "--yes"), ("down", 2, "base")),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_a_person_says_reaches_the_runner(
    made: Runner,
    command: tuple[str, ...],
    asked: tuple[Any, ...],
    form: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert run(monkeypatch, *command, *SAID, "--folder", str(tmp_path), *form) == 0
    [(*found, options)] = [each for each in made.asked if each[: len(asked)] == asked]
    assert tuple(found) == asked
    assert replace(options, run=QUIET) == Options(tmp_path, True, 5.0)
    assert isinstance(options.run, ConsoleRun) is not bool(form)


def test_without_anything_said_the_scripts_of_the_project_are_applied(
    made: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, "up", "--execute", "--json") == 0
    assert made.asked == [("up", None, Options()), ("refusal", "up", Options().folder)]


def test_what_is_resolved_by_hand_reaches_the_runner(
    made: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ("resolve", "001", "--as", "pending", "--lock-seconds", "5", "--folder", str(tmp_path))
    assert run(monkeypatch, *said) == 0
    assert capsys.readouterr().out == "resolve: 001\n"
    assert run(monkeypatch, *said, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "executed": True,
        "command": "resolve",
        "scripts": ["001"],
        "waiting": None,
    }
    assert made.asked == [("resolve", "001", State.PENDING, Options(tmp_path, lock_seconds=5.0))] * 2


def test_a_plan_is_shown_and_nothing_is_done(
    made: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], printed: Callable[[], list[str]]
) -> None:
    made.planned = [ONE, REFUSED]
    assert run(monkeypatch, "up", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "executed": False,
        "plan": [
            {
                "name": "002_two",
                "steps": [{"what": "delete display documents", "documents": 1_200}],
                "refused": None,
            },
            {"name": "001_one", "steps": [], "refused": "the mode is [dual_write]"},
        ],
    }
    assert run(monkeypatch, "down") == 0
    assert printed() == [
        "script would documents",
        "002_two delete display documents 1,200",
        "001_one wait: the mode is [dual_write]",
        "Nothing was changed; --execute does it.",
    ]
    made.planned = []
    assert run(monkeypatch, "up") == 0
    assert capsys.readouterr().out == "nothing to do\n\n"


def test_what_waits_for_another_mode_is_said_and_fails_where_nothing_was_done(
    made: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.waiting = "002_two: the mode is [old_only]"
    assert run(monkeypatch, "up", "--execute") == 0
    assert capsys.readouterr().out == "up: 001_one\nwaits: 002_two: the mode is [old_only]\n"
    made.done = []
    assert run(monkeypatch, "up", "--execute") == 3
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[-1]) == ("", made.waiting)
    assert run(monkeypatch, "up", "--execute", "--json") == 3
    assert json.loads(capsys.readouterr().out) == {"error": made.waiting, "exitCode": 3}


def test_a_way_back_is_shown_and_asked_for_unless_it_is_refused_anyway(
    made: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.planned = [ONE, replace(REFUSED, refused=None)]
    assert run(monkeypatch, "down", "--execute") == 1
    asked = "This reverts 002_two (delete display documents: 1,200), 001_one (nothing) in stage nowhere"
    assert asked in " ".join(capsys.readouterr().err.split())
    assert [each[0] for each in made.asked] == ["plan"]
    for planned in ([REFUSED, ONE], []):
        made.planned = planned
        assert run(monkeypatch, "down", "--execute") == 0
        assert capsys.readouterr().out == "down: 001_one\n"


@pytest.mark.parametrize(("lock", "owner"), [(None, None), ({"owner": "host:[1]"}, "host:[1]")])
def test_the_status_says_mode_and_lock_and_fails_where_a_script_was_edited(
    made: Runner,
    lock: dict[str, str] | None,
    owner: str | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    printed: Callable[[], list[str]],
) -> None:
    monkeypatch.setattr(commands, "holder", lambda records: lock if records == "records" else {"owner": "another"})
    look = ("status", "--folder", str(tmp_path))
    assert run(monkeypatch, *look) == 0
    assert printed() == [
        "script state",
        "001_one applied 2023",
        "002_two pending",
        f"sync mode: dual_write, lock: {owner or 'free'}",
    ]
    made.rows[1] = Status("002_two", "edited", "changed")
    assert run(monkeypatch, *look, "--json") == 4
    assert json.loads(capsys.readouterr().out) == {
        "scripts": [
            {"name": "001_one", "state": "applied", "detail": "2023"},
            {"name": "002_two", "state": "edited", "detail": "changed"},
        ],
        "mode": "dual_write",
        "lock": owner,
    }
    assert made.asked == [("status", tmp_path)] * 2


def test_a_failure_is_said_without_the_driver_s_second_half_and_has_its_exit_code(
    made: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise LockedError("host [1] is at it, full error: {'ok': 0}")

    monkeypatch.setattr(runner, "status", fail)
    assert run(monkeypatch, "status") == 5
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[-1]) == ("", "host [1] is at it")
    assert run(monkeypatch, "status", "--json") == 5
    assert json.loads(capsys.readouterr().out) == {"error": "host [1] is at it", "exitCode": 5}


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_says_which_exit_code_means_what(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        commands.run([flag])
    assert exited.value.code == 0
    assert "3 refused in the present sync mode" in " ".join(capsys.readouterr().out.split())


def test_each_state_and_what_waits_have_their_colours() -> None:
    from infra.operations.migrate.printing import plan_table

    [cell] = [cell for cell in plan_table([REFUSED]).columns[1].cells if not isinstance(cell, str)]
    assert str(cell.style) == "yellow"  # type: ignore[union-attr]
