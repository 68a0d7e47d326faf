"""What ``python -m migrations`` passes on to the runner, what it prints of the answer, and how it ends."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import (
    Any,
    cast,
)

import pytest

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.walks import Verification, Walk
from infra.operations.migrate import (
    by_workers,
    commands,
)
from infra.operations.migrate.printing import ConsoleRun
from infra.targets.target import Target
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

    def down(
        self, database: object, steps: int, options: Options, *, last: str | None = None, agreed: list[str]
    ) -> list[str]:
        assert agreed == [script.name for script in self.planned]
        self.asked.append(("down", steps, last, options))
        return self.done

    def plan(
        self, database: object, direction: str, options: Options, *, last: str | None = None, steps: int = 1
    ) -> list[Planned]:
        self.asked.append(("plan", direction, last, steps, options))
        return self.planned

    def refusal(self, database: object, direction: str, folder: Path, last: str | None) -> str | None:
        self.asked.append(("refusal", direction, folder, last))
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
    assert not options.run.by_workers(lambda: 9, lambda: None)


def test_without_anything_said_the_scripts_of_the_project_are_applied(
    made: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, "up", "--execute", "--json") == 0
    assert made.asked == [("up", None, Options()), ("refusal", "up", Options().folder, None)]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_backfill_by_workers_is_a_difference_of_both_sides_and_then_a_sweep(
    made: Runner,
    monkeypatch: pytest.MonkeyPatch,
    form: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[Any] = []
    operations = SimpleNamespace(fan_out="fan-out")

    def walked(service: object, walk: Walk, ranges: int, show: Callable[[Verification], None]) -> Verification:
        asked.append((service, walk, ranges))
        show(Verification(SyncMode.DUAL_WRITE, 7))
        return Verification(SyncMode.DUAL_WRITE, 7)

    def with_workers(target: Target) -> Any:
        asked.append(str(target))
        return nullcontext(operations)

    monkeypatch.setattr(by_workers, "walked", walked)
    monkeypatch.setattr(by_workers, "with_workers", with_workers)
    assert run(monkeypatch, "up", "--execute", "--fan-out", "4", *SAID, "--folder", str(tmp_path), *form) == 0
    assert asked == []
    [(*_, options), _] = made.asked
    assert replace(options, run=QUIET) == Options(tmp_path, True, 5.0)
    assert options.run.by_workers(lambda: 9, lambda: asked.append("checked"))
    both = [("fan-out", Walk.SYNC, 4), "checked", ("fan-out", Walk.SWEEP, 4), "checked"]
    assert asked == ["stage nowhere", *both]
    options.run.say("so far")
    said = capsys.readouterr().err
    assert ("so far" in said) is not bool(form)
    assert "sweep" in said
    assert "7/9 meters" in said


def test_looking_on_takes_a_break_of_the_connection_and_begins_no_walk_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Walk] = []

    def walked(service: object, walk: Walk, *_: object) -> Verification:
        asked.append(walk)
        if len(asked) == 2:
            raise UnavailableError("too slow")
        return Verification(SyncMode.DUAL_WRITE, 7)

    monkeypatch.setattr(by_workers, "walked", walked)
    monkeypatch.setattr(by_workers, "with_workers", lambda _: nullcontext(SimpleNamespace(fan_out=None)))
    assert by_workers.ByWorkers(QUIET, cast(Any, "nowhere"), 2).by_workers(lambda: 9, lambda: None)
    assert asked == [Walk.SYNC, Walk.SWEEP, Walk.SWEEP]


def test_what_a_run_with_workers_says_and_shows_is_what_the_other_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise LockedError("gone")

    shown: list[Any] = []
    other = SimpleNamespace(check=lost, say=shown.append, progress=lambda *of: nullcontext(lambda done: (*of, done)))
    found = by_workers.ByWorkers(cast(Any, other), cast(Any, "nowhere"), 2)
    found.say("so far")
    with found.progress("meters", 3) as advance:
        assert cast(Any, advance)(1) == ("meters", 3, 1)
    assert shown == ["so far"]
    with pytest.raises(LockedError):
        found.check()


@pytest.mark.parametrize("steps", ["-1", "0"])
def test_fewer_than_one_script_cannot_be_reverted(made: Runner, monkeypatch: pytest.MonkeyPatch, steps: str) -> None:
    """Of -1 all but the first one would be."""
    assert run(monkeypatch, "down", "--execute", "--yes", "--steps", steps) == 2
    assert made.asked == []


def test_only_what_was_asked_for_can_be_refused(made: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "up", "--execute", "--to", "001", "--json") == 0
    assert made.asked[-1] == ("refusal", "up", Options().folder, "001")


@pytest.mark.parametrize("ranges", ["1", "1001", "x"])
def test_a_backfill_is_divided_into_two_ranges_at_least(
    made: Runner, monkeypatch: pytest.MonkeyPatch, ranges: str
) -> None:
    assert run(monkeypatch, "up", "--execute", "--fan-out", ranges) == 2
    assert made.asked == []


@pytest.mark.parametrize("command", [("up",), ("down",), ("resolve", "001", "--as", "applied")])
@pytest.mark.parametrize("seconds", ["0", "-1", "0.5", "nan", "inf", "1e9"])
def test_a_lock_lasts_from_a_second_to_a_day(
    made: Runner,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    seconds: str,
) -> None:
    assert run(monkeypatch, *command, "--lock-seconds", seconds) == 2
    said = f"{seconds} cannot be: it takes a number, at least 1 and at most 86400, such as 30"
    assert said in " ".join(capsys.readouterr().err.split())
    assert made.asked == []


def test_a_database_alone_has_no_workers_which_is_said_before_anything_is_done(
    made: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["up", "--execute", "--fan-out", "4", "--uri", "mongodb://nowhere/"]
    monkeypatch.setattr(sys, "argv", ["migrations", *arguments])
    assert exit_code(commands.run, *arguments) == 1
    assert "is a database alone: say --name of a laptop stack, or --stage" in capsys.readouterr().err
    assert made.asked == []


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
    assert capsys.readouterr().err.splitlines()[-1] == (
        "This reverts 002_two (delete display documents: 1,200), 001_one (nothing) in stage nowhere. Nobody can be "
        "asked here: say --yes to do it"
    )
    assert [each[0] for each in made.asked] == ["plan"]
    for planned in ([REFUSED, ONE], []):
        made.planned = planned
        assert run(monkeypatch, "down", "--execute") == 0
        assert capsys.readouterr().out == "down: 001_one\n"


@pytest.mark.parametrize(("lock", "owner"), [(None, None), ({"owner": "host:[x]"}, "host:[x]")])
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
        raise LockedError("host [x] is at it, full error: {'ok': 0}")

    monkeypatch.setattr(runner, "status", fail)
    assert run(monkeypatch, "status") == 5
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[-1]) == ("", "host [x] is at it")
    assert run(monkeypatch, "status", "--json") == 5
    assert json.loads(capsys.readouterr().out) == {"error": "host [x] is at it", "exitCode": 5}


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
