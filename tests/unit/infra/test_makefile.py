"""The commands that people type, on a copy of the Makefile beside which nothing is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NOTE = ".stack/other/mongod.process"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    note = tmp_path / NOTE
    note.parent.mkdir(parents=True)
    note.touch()
    return tmp_path


def make(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-C", str(project), "PYTHON=true", *arguments]
    everything = {"PATH": "/usr/bin:/bin", "USER": "login", **environment}
    return subprocess.run(command, env=everything, capture_output=True, text=True, check=False)


def install_echo(project: Path) -> None:
    """Put a program where the environment's Python would be; it prints what it is called with."""
    program = project / ".environments/app/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nshift 2; printf "<%s>" "$@"\n[ -z "$SHOW" ] || printenv "$SHOW"\n')
    program.chmod(0o755)


@pytest.mark.parametrize("command", [["down", "STACK_NAME=other"], ["clean"]])
def test_a_stack_that_may_run_is_not_passed_over_without_the_environment(project: Path, command: list[str]) -> None:
    done = make(project, *command)
    assert done.returncode != 0
    assert NOTE in done.stderr
    assert "make environments-check" in done.stderr
    assert (project / NOTE).exists()


def test_without_environment_and_notes_there_is_nothing_to_end(project: Path) -> None:
    assert make(project, "down").returncode == 0
    (project / NOTE).unlink()
    assert make(project, "clean").returncode == 0
    assert not (project / ".stack").exists()


def test_clean_ends_every_stack_before_it_removes_them(project: Path) -> None:
    install_echo(project)
    done = make(project, "clean")
    assert "<down><--yes><--all>" in done.stdout
    assert not (project / ".environments").exists()


def test_a_token_is_for_whom_the_command_line_names_and_nobody_else(project: Path) -> None:
    install_echo(project)
    assert "<--user><>" in make(project, "token").stdout
    assert '<--user><alice "a" $b>' in make(project, 'USER=alice "a" $$b', "token").stdout


def test_no_proxy_stands_between_the_programs_and_this_machine(project: Path) -> None:
    install_echo(project)
    for variable in ("NO_PROXY", "no_proxy"):
        done = make(project, "status", SHOW=variable, NO_PROXY="registry.example")
        assert "localhost,127.0.0.1,registry.example" in done.stdout
