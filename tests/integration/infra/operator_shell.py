"""A person's shell on a test's database."""

import json
from typing import Any

import pytest

from infra import __main__ as command_line


class Shell:
    """The command line on the test's database."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.errors = ""

    def run(self, *arguments: str) -> tuple[int | str | None, Any]:
        """A command's exit code and its JSON."""
        code, printed = self.say(*arguments, "--json")
        return code, json.loads(printed) if printed else None

    def say(self, *arguments: str) -> tuple[int | str | None, str]:
        """A command's exit code and what it prints."""
        with pytest.raises(SystemExit) as exited:
            command_line.run(list(arguments))
        printed = self._capsys.readouterr()
        self.errors = printed.err
        return exited.value.code, printed.out
