"""Chromium for the browser tests: installed where it is missing and can be, else said in one line."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from infra.local import browser

Command = Sequence[str]


class Machine:
    """A machine with one folder on PATH; apt-get brings what it is asked for, unless it is ``broken``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands: list[Command] = []
        self.said: list[str] = []
        self.broken = False

    def has(self, name: str) -> None:
        (self.folder / name).touch(mode=0o755)

    def run(self, command: Command) -> None:
        self.commands.append(command)
        if not self.broken and command[1] == "install":
            self.has(browser.NAME)

    def ensure(self) -> bool:
        return browser.ensure(self.said.append, self.run)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return Machine(tmp_path)


def test_chromium_on_path_is_used_without_a_word(machine: Machine) -> None:
    machine.has(browser.NAME)
    assert machine.ensure()
    assert (machine.commands, machine.said) == ([], [])
    assert browser.program() == str(machine.folder / browser.NAME)


def test_chromium_is_installed_with_one_font_and_nobody_is_asked(machine: Machine) -> None:
    machine.has("apt-get")
    assert machine.ensure()
    update, install = machine.commands
    assert update == ["apt-get", "update"]
    assert "--yes" in install
    assert [word for word in install[2:] if not word.startswith("-")] == [browser.NAME, "fonts-dejavu-core"]


def no_apt(_: Machine, __: pytest.MonkeyPatch) -> None:
    """Nothing is on PATH."""


def no_root(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has("apt-get")
    monkeypatch.setattr("os.geteuid", lambda: 1000)


@pytest.mark.parametrize("lacking", [no_apt, no_root])
def test_where_it_cannot_be_installed_one_line_says_what_to_do(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, lacking: Callable[[Machine, pytest.MonkeyPatch], None]
) -> None:
    lacking(machine, monkeypatch)
    assert not machine.ensure()
    assert machine.commands == []
    [line] = machine.said
    assert "BROWSER TESTS WILL BE SKIPPED" in line
    assert f"sudo apt-get install {browser.NAME} fonts-dejavu-core" in line


def test_a_failed_installation_is_said(machine: Machine) -> None:
    machine.has("apt-get")
    machine.broken = True
    assert not machine.ensure()
    assert len(machine.commands) == 2
    assert f"apt-get has not brought {browser.NAME}" in machine.said[-1]
