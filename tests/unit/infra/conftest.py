"""Fixtures that the tests of commands share."""

from collections.abc import Callable

import pymongo
import pytest
from rich.color import ColorSystem

from infra.operations import deploy, stack
from infra.operations.printing import console, progress_console

CODES = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "0": "/"}


@pytest.fixture(autouse=True)
def _as_wide_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A console keeps the width that ``COLUMNS`` has when it is made: here it asks for it each time."""
    for place in (console, progress_console, stack.console, deploy.console):
        monkeypatch.setattr(place, "_width", None)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """The lines on standard output so far, without what a table is drawn with."""

    def lines() -> list[str]:
        drawn = str.maketrans(dict.fromkeys("┏━┳┓┃┡╇┩│└─┴┘", " "))
        stripped = (" ".join(line.translate(drawn).split()) for line in capsys.readouterr().out.splitlines())
        return [line for line in stripped if line]

    return lines


@pytest.fixture
def coloured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The lines that a terminal gets on standard output: ``<red>rings</>``."""
    monkeypatch.setattr(console, "_force_terminal", True)
    monkeypatch.setattr(console, "_color_system", ColorSystem.STANDARD)

    def lines() -> list[str]:
        said = capsys.readouterr().out
        for code, name in CODES.items():
            said = said.replace(f"\x1b[{code}m", f"<{name}>")
        return [" ".join(line.split()) for line in said.splitlines()]

    return lines


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits seconds for a database that is not there."""
    patient = pymongo.timeout
    monkeypatch.setattr(pymongo, "timeout", lambda _: patient(0.05))
