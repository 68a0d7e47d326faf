"""What ``backup`` and ``restore`` say and pass on; the data themselves are elsewhere."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.walks import Verification
from infra import __main__ as command_line
from infra.operations.backup import commands
from infra.operations.backup.file import Contents, Document, Writer, inspected
from tests.unit.infra.exit_code import exit_code

COUNTS = {"meters": 1_200, "energies": 7}
NEXT = "what comes next: python -m infra verify, then python -m infra flags restore where flags are lost"


class Database:
    """A database that only has a name, what a restore is given, and how the display is calculated."""

    name = "sample [x]"

    def __init__(self) -> None:
        self.restored: list[Any] = []
        self.mode: Document | None = {"mode": "dual_write [x]"}
        self.rebuilt: list[Any] = []
        self.problem: Exception | None = None

    def rebuild(self, user: str | None, show: Callable[[Verification], None], *, restart: bool) -> Verification:
        self.rebuilt.append((user, restart))
        if self.problem:
            raise self.problem
        show(Verification(SyncMode.DUAL_WRITE, 3, 0, 0))
        return Verification(SyncMode.DUAL_WRITE, 7, 0, 2)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database of whatever target is named."""
    database = Database()

    def restore(_database: object, file: Path, contents: Contents, by: str, say: Callable[[str], None]) -> Any:
        database.restored.append((file.name, dict(contents.counts), by))
        say("one [thing]")
        say("soon after it")
        return database.mode

    monkeypatch.setattr(commands, "database_of", lambda _: nullcontext(database))
    monkeypatch.setattr(commands, "shell_operations", lambda _: SimpleNamespace(rebuild=database))
    monkeypatch.setattr(commands, "restore_data", restore)
    monkeypatch.setattr(commands, "person", lambda: "olga")
    return database


def run(*arguments: str) -> int | str | None:
    return exit_code(command_line.run, *arguments, "--stage", "nowhere")


def write(documents: dict[str, int]) -> Callable[..., dict[str, int]]:
    """A backup that has so many documents of each collection."""

    def take(_database: object, new_file: Callable[[Document], Writer], say: Callable[[str], None]) -> dict[str, int]:
        writer = new_file({"database": "sample"})
        for name, count in documents.items():
            for number in range(count):
                writer.add(name, {"_id": number})
            say(f"{name}: {count}")
        writer.end()
        return documents

    return take


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a backup is written to, beside where the test runs."""
    monkeypatch.chdir(tmp_path)
    return Path("one [good].backup")


def test_a_backup_says_what_is_in_it_and_how_large_it_is(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "take", write({"meters": 1_200, "energies": 7}))
    assert run("backup", str(file)) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{file}: meters 1,200, energies 7; {file.stat().st_size:,} bytes\n"
    assert printed.err.splitlines()[-2:] == ["meters: 1200", "energies: 7"]
    assert inspected(file).counts == COUNTS


def test_a_backup_of_nothing_says_so(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "take", write({}))
    assert run("backup", str(file)) == 0
    assert capsys.readouterr().out == f"{file}: no documents; {file.stat().st_size:,} bytes\n"


@pytest.fixture
def backup(file: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that can be restored."""
    monkeypatch.setattr(commands, "take", write({"meters": 3, "energies": 7}))
    assert run("backup", str(file)) == 0
    return file


def test_a_restore_says_what_is_back_in_which_mode_and_what_comes_next(
    database: Database, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run("restore", str(backup)) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "sample [x]: energies 7, meters 3",
        "the mode is dual_write [x]",
        "display calculated: 7 meters, 2 cannot be",
        NEXT,
    ]
    assert printed.err.splitlines()[-3:] == [f"checking {backup}", "one [thing]", "3 meters, 0 differences"]
    assert database.restored == [(backup.name, {"meters": 3, "energies": 7}, "olga")]
    assert database.rebuilt == [(None, True)]


def test_a_display_can_wait_and_the_way_to_it_is_said(
    database: Database, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    database.mode = None
    assert run("restore", str(backup), "--no-rebuild") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "the mode is none: nothing of the new backend was there",
        "the display lags: the sweeper calculates it, or at once: python -m infra rebuild",
        NEXT,
    ]
    assert database.rebuilt == []


def test_data_that_are_back_are_back_though_no_display_can_be_calculated(
    database: Database, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    database.problem = UnavailableError("the store [primary] is down")
    assert run("restore", str(backup)) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "no display was calculated: the store [primary] is down",
        NEXT,
    ]


def test_a_file_without_documents_gives_none_back(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "take", write({}))
    run("backup", str(file))
    capsys.readouterr()
    assert run("restore", str(file)) == 0
    assert capsys.readouterr().out.startswith("sample [x]: no documents\n")


def test_progress_is_said_every_other_second(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([2.5, 2.5, 3.5, 4.5, 4.6, 4.6, 6.5])
    monkeypatch.setattr(commands, "time", SimpleNamespace(monotonic=lambda: next(times)))
    said: list[str] = []
    say = commands._now_and_then(said.append)
    for text in ("first", "too soon", "not yet", "then", "too soon again"):
        say(text)
    assert said == ["first", "then"]
