"""A command that is run says its exit code and its JSON; an exit code that is not known is an error with its reason."""

import sys
from pathlib import Path

import psutil
import pytest

from infra.errors import OperatorError
from infra.local.waiting import wait_until
from infra.rehearsal.operator import Running

WAITS = """
import os, pathlib, signal, sys
note = pathlib.Path(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: (note.write_text("in order"), sys.exit(1)))
note.with_suffix(".new").write_text(str(os.getpid()))
note.with_suffix(".new").rename(note)
while True:
    signal.pause()
"""


def running(code: str, *arguments: str) -> Running:
    return Running([sys.executable, "-c", code, *arguments], {})


def test_what_a_command_prints_is_its_body() -> None:
    said = running("print('[1, 2]')").said()
    assert (said.code, said.body) == (0, [1, 2])
    assert running("print('plain words')").said().body is None
    bad_news = running("print('[]'); raise SystemExit(1)").said((0, 1))
    assert (bad_news.code, bad_news.body) == (1, [])


def test_an_exit_code_that_nobody_expects_is_an_error_with_the_last_words() -> None:
    code = "import sys; print('first: verify', file=sys.stderr); sys.exit(3)"
    with pytest.raises(OperatorError, match="exit 3: first: verify"):
        running(code).said((0, 1))


def test_a_command_that_breaks_off_without_json_has_not_brought_bad_news_but_failed() -> None:
    with pytest.raises(OperatorError, match="exit 1: the stack is down"):
        running("import sys; sys.exit('the stack is down')").said((0, 1))


def test_a_command_under_way_is_ended_in_order(tmp_path: Path) -> None:
    note = tmp_path / "note"
    command = running(WAITS, str(note))
    assert wait_until(note.exists, 30)
    process = int(note.read_text())
    command.end()
    assert note.read_text() == "in order"
    assert not psutil.pid_exists(process)  # a zombie would exist: it has been waited for
    command.end()  # again: nothing is left to end
