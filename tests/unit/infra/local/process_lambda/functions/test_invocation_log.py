"""The file with the functions' log lines."""

from contextlib import closing
from pathlib import Path

from infra.local.localstack_plugin.process_lambda.functions.invocation_log import RECORD_CHARACTERS, InvocationLog


def test_each_record_stands_under_its_functions_name(tmp_path: Path) -> None:
    file = tmp_path / "functions.log"
    with closing(InvocationLog(str(file))) as log:
        log.append("one", "START\nEND\n")
        log.append("two", "START\n")
    lines = file.read_text().splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["one", "START", "END", "two", "START"]


def test_the_file_and_what_one_invocation_adds_to_it_stay_small(tmp_path: Path) -> None:
    with closing(InvocationLog(str(tmp_path / "functions.log"), file_bytes=1_000)) as log:
        for number in range(100):
            log.append("function", f"record {number} {'x' * 50}")
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert set(sizes) == {"functions.log", "functions.log.1"}
    assert max(sizes.values()) <= 1_000
    assert "record 99" in (tmp_path / "functions.log").read_text()
    with closing(InvocationLog(str(tmp_path / "functions.log"))) as log:
        log.append("function", "x" * 2 * RECORD_CHARACTERS + "end")
    assert (tmp_path / "functions.log").stat().st_size < RECORD_CHARACTERS + 2_000
    assert (tmp_path / "functions.log").read_text().endswith("end\n")


def test_without_a_name_there_is_no_file(tmp_path: Path) -> None:
    InvocationLog(None).append("function", "text")
    assert list(tmp_path.iterdir()) == []
