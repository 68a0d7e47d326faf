"""Rehearsing the removal in a copy: it is formatted, what is made of the code is written again, and checked."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import OperatorError
from infra.removal.removal import length

PROGRAMS = Path(".environments") / "app" / "bin"
CHECKED = ("app.py", "chalicelib", "migrations", "infra", "tests")
COUNTED = ("tests/unit", "tests/functional")


@dataclass(frozen=True, slots=True)
class Tree:
    """How many lines a project has."""

    program: int
    tests: int

    @classmethod
    def of(cls, folder: Path, files: Sequence[str]) -> "Tree":
        """Count all text files."""
        counts = {file: length(folder / file) for file in files}
        tests = sum(count for file, count in counts.items() if file.startswith("tests/"))
        return cls(sum(counts.values()) - tests, tests)

    def lines(self, which: str) -> int:
        """Those of ``without tests``, ``tests`` or ``sum``."""
        return {"without tests": self.program, "tests": self.tests, "sum": self.program + self.tests}[which]


def formatted(folder: Path) -> None:
    """Let the formatter join what fits in one line again; it changes no program."""
    _done(folder, "ruff", "format", "-q", *CHECKED)


def rewritten(folder: Path, commands: Sequence[Sequence[str]]) -> None:
    """Write copies again that tests hold against the code."""
    for command in commands:
        _done(folder, *command)


def counted(folder: Path) -> dict[str, int]:
    """How many tests there are, by folder."""
    return {
        path: _count(_done(folder, "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", path))
        for path in COUNTED
    }


def _count(printed: str) -> int:
    found = re.search(r"(\d+) tests? collected", printed)
    return int(found[1]) if found else 0


def green(folder: Path) -> bool:
    """Whether ``make check`` succeeds; what it prints is shown."""
    return subprocess.run(["make", "check"], cwd=folder, env=_environment(folder), check=False).returncode == 0  # noqa: S607


def _done(folder: Path, program: str, *arguments: str) -> str:
    """What a program of the application's environment prints. Raises OperatorError where it fails."""
    command = [str(folder / PROGRAMS / program), *arguments]
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
    )
    if done.returncode:
        shown = (done.stdout + done.stderr)[-2_000:].strip()
        raise OperatorError(f"in {folder}, '{program} {' '.join(arguments)}' fails:\n{shown}")
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder)}
