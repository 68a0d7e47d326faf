"""What the end of a log adds to a message."""

from pathlib import Path

from infra.local.processes.logs import last_lines


def test_the_first_log_that_says_something_is_shown_from_its_end(tmp_path: Path) -> None:
    silent, talking = tmp_path / "silent.log", tmp_path / "talking.log"
    silent.touch()
    talking.write_text("\n".join(f"line {number}" for number in range(100)))
    shown = last_lines(tmp_path / "missing.log", silent, talking).splitlines()
    assert (shown[1], shown[-2], shown[-1]) == ("  line 85", "  line 99", f"Whole log: {talking}")


def test_without_a_log_nothing_is_added(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "missing.log") == ""
