"""What the end of a log adds to a message, and who reads logs."""

from pathlib import Path

from infra.local.processes.logs import last_lines, logs_of


def test_the_first_log_that_says_something_is_shown_from_its_end(tmp_path: Path) -> None:
    silent, talking = tmp_path / "silent.log", tmp_path / "talking.log"
    silent.touch()
    talking.write_text("\n".join(f"line {number}" for number in range(100)))
    shown = last_lines(tmp_path / "missing.log", silent, talking).splitlines()
    assert (shown[1], shown[-2], shown[-1]) == ("  line 85", "  line 99", f"Whole log: {talking}")


def test_without_a_log_nothing_is_added(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "missing.log") == ""


def test_logs_are_their_owners_alone_those_too_that_others_could_read_before(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    logs = folder / "logs"
    logs.mkdir(parents=True)
    old = logs / "functions.log"
    old.write_text("what was said before")
    for path, mode in ((folder, 0o755), (logs, 0o777), (old, 0o644)):
        path.chmod(mode)
    assert logs_of(folder) == logs
    assert [mode_of(path) for path in (folder, logs, old)] == [0o700, 0o700, 0o600]
    assert old.read_text() == "what was said before"


def test_the_folder_of_the_first_log_is_made(tmp_path: Path) -> None:
    assert mode_of(logs_of(tmp_path / "stack")) == 0o700


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777
