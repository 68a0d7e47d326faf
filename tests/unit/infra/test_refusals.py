"""What commands refuse, word for word: what is wrong, where, and what to do."""

from pathlib import Path
from typing import Any

import pytest

from infra import __main__ as command_line
from infra.errors import OperatorError
from infra.local import layout
from infra.local.layout import Layout
from infra.operations.backup import data
from infra.operations.backup.file import Contents, Writer, documents, new_file
from tests.unit.infra.exit_code import exit_code

DEPLOY = ("deploy", "--bucket=b", "--issuer=i", "--jwks-url=j", "--secret-id=s", "--region=eu-central-1")
STAGE = ("--stage", "nowhere")


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setenv("STACK_NAME", "sample")
    Layout.of("sample").remember()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("token", "--user", " "), "Invalid value for '--user': say whom the token is for: make token USER=alice"),
        (
            ("token", "--user", "alice", "--hours", "0"),
            "Invalid value for '--hours': 0 cannot be: it takes a number, more than 0 and at most 8760, such as "
            "HOURS=12",
        ),
        (
            (*DEPLOY, "--stage=local"),
            "Invalid value for '--stage' (env var: 'STAGE'): 'local' is the laptop stack's: run 'make up', or choose "
            "another (STAGE=dev)",
        ),
        (
            (*DEPLOY, "--stage=dev", "--parameter=B=1", "--parameter=A=2"),
            "Invalid value for '--parameter' (env var: 'PARAMETERS'): infra/resources.yaml has no A, B; say NAME=VALUE "
            "of one of its parameters",
        ),
        (("dlq", "redrive", *STAGE), "say which: the ID of one (python -m infra dlq ls), or --all"),
        (("replay", *STAGE), "say which meters: --user U, --since INSTANT or --all"),
        (("rebuild", "--user", "u", "--fan-out", "2", *STAGE), "--fan-out divides all meters: leave out --user"),
        (("sweep", "--list", "--fan-out", "2", *STAGE), "--list refreshes nothing: leave out --fan-out"),
        (("dlq", "discard", "a", "--reason", " ", *STAGE), "Invalid value for '--reason': say why"),
        (
            ("rebuild", "--user", "M\udcfcller", *STAGE),
            "--user: 'M\\udcfcller' is not UTF-8; where it comes from has another encoding",
        ),
        (
            ("trace", "x", *STAGE),
            "Invalid value for 'ID': a trace has 32 hexadecimal digits, as the header Trace-Id of an answer and "
            "trace_id of a log line say; a whole traceparent does too",
        ),
    ],
)
def test_wrong_usage_is_said_with_what_is_right(
    command: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert exit_code(command_line.run, *command) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[-1]) == ("", f"Error: {said}")


def written(path: Path, *lines: Any) -> Path:
    with new_file(path) as packed:
        writer = Writer(packed, {})
        for line in lines:
            writer._line(line)
    return path


HEAD = {"format": "energy-monitor backup", "version": 1}
READING = {"in": "energies", "document": {"_id": 1}}
LAST = {"counts": {"energies": 1}, "sha256": "x"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "is truncated: it has no last line, after no document"),
        (
            (READING, READING, {"in": "meters", "document": {}}),
            "is truncated: it has no last line, after energies 2, meters 1",
        ),
        ((READING, LAST), "was edited or damaged: its digest and counts are not those of its last line"),
        ((LAST, READING), "was edited: line 3 comes after its last line"),
        (({"a": 1},), "is no backup of Energy Monitor, or was edited: see line 2"),
        (([1],), "is no backup of Energy Monitor, or was edited: see line 2"),
    ],
)
def test_a_file_that_is_no_whole_backup_is_named(tmp_path: Path, lines: tuple[Any, ...], said: str) -> None:
    path = written(tmp_path / "b", *lines)
    with pytest.raises(OperatorError) as refused:
        [*documents(path)]
    assert str(refused.value) == f"{path} {said}"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (READING, "is no backup of Energy Monitor: its first line does not say so"),
        ({"format": "another", "version": 1}, "is no backup of Energy Monitor: its first line does not say so"),
        ({**HEAD, "version": 2}, "has version 2 of the format; this program reads 1"),
    ],
)
def test_the_first_line_says_that_it_is_a_backup_of_this_version(tmp_path: Path, head: Any, said: str) -> None:
    path = tmp_path / "b"
    with new_file(path) as packed:
        Writer(packed, {"format": None, **head})
    with pytest.raises(OperatorError) as refused:
        [*documents(path)]
    assert str(refused.value) == f"{path} {said}"


def test_a_backup_that_is_there_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = written(tmp_path / "b")
    with pytest.raises(OperatorError) as refused, new_file(path):
        pass
    assert str(refused.value) == f"{path} is there already: name another file, or remove it"


class Database:
    """A database in which another restore was interrupted, or which has documents."""

    name = "sample"

    def __init__(self, found: Any) -> None:
        self.found = found

    def __getitem__(self, _name: str) -> "Database":
        return self

    def find_one(self, _which: object) -> Any:
        return self.found


def test_who_restores_over_something_else_learns_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place: Any = Database({"sha256": "another", "file": "old.backup", "by": "otto"})
    with pytest.raises(OperatorError) as refused:
        data._begun(place, tmp_path / "b", Contents({}, {}, "this"), "olga")
    assert str(refused.value) == (
        "a restore of another file was interrupted in sample: old.backup, by otto. Give that command again, or drop "
        "the database sample and begin with this file"
    )
    monkeypatch.setattr(data, "occupied", lambda _: {"energies": 1_200, "meters": 3})
    with pytest.raises(OperatorError) as refused:
        data._refuse_occupied(place)
    assert str(refused.value) == (
        "sample is not empty: energies 1,200, meters 3. Nothing was changed. A backup is restored into an empty "
        "database: name another (MONGODB_DATABASE=...), or drop this one first"
    )
