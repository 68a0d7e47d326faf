"""Running the command in this process."""

import json
from typing import Any

import pytest

from chalicelib.domain.readings import EnergyType
from infra import __main__ as command_line

POWER, GAS = EnergyType.POWER, EnergyType.GAS
FILE = b"date,type,amount\n2023-01-31,power,4711\n2023-05-31,power,4815.162\n2023-01-31,gas,17\n2023-03-31,gas,42\n"


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["compare", *arguments])
    return exited.value.code


def document(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> Any:
    """What a command prints for programs; how it ends."""
    capsys.readouterr()
    assert run(*arguments, "--json") == code
    return json.loads(capsys.readouterr().out)


def fingerprint(capsys: pytest.CaptureFixture[str]) -> str:
    """What a comparison of everybody has found."""
    assert run("run", "--all") == 1
    [difference] = document(capsys, 1, "report")["differences"]
    return str(difference["fingerprint"])
