"""Takes out each guard in a copy of the project and runs the tests that must notice. Exit code 1 when one does not.

Words on the command line choose the guards whose names or files contain all of them.

Not here: which guards there are (``guards``).
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import click

from tests.guards.guard import ROOT, Guard
from tests.guards.guards import CONTROL, GUARDS

LEFT_OUT = shutil.ignore_patterns(
    ".environments", ".stack", ".git", ".hypothesis", ".*_cache", "__pycache__", "mutants"
)


class Copy:
    """A copy of the project, where it can be broken."""

    def __init__(self, folder: Path) -> None:
        self._folder = shutil.copytree(ROOT, folder / "project", ignore=LEFT_OUT)
        (self._folder / ".environments").symlink_to((ROOT / ".environments").resolve())

    @contextmanager
    def without(self, guard: Guard) -> Iterator[None]:
        """The copy as long as a guard is out."""
        file = self._folder / guard.file
        code = file.read_text()
        file.write_text(guard.taken_out(code))
        yield
        file.write_text(code)

    def outcomes(self, tests: Collection[str]) -> dict[str, str]:
        """Run tests; ``passed``, ``failed`` or ``broken`` for each that came to an end."""
        report = self._folder / "report.xml"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]
        environment = {**os.environ, "PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": "1", "DEEP_TESTS": "1"}
        subprocess.run(command, cwd=self._folder, env=environment, capture_output=True, check=False)
        return dict(map(_outcome, ElementTree.parse(report).iter("testcase"))) if report.exists() else {}


def _outcome(case: ElementTree.Element) -> tuple[str, str]:
    name = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name']}"
    if case.find("error") is not None:
        return name, "broken"
    return name, "passed" if case.find("failure") is None else "failed"


def silent(guard: Guard, outcomes: Mapping[str, str]) -> list[str]:
    """What should have been otherwise while the guard was out: its tests did not fail, or everything is broken."""
    wanted = {**dict.fromkeys(guard.tests, "failed"), CONTROL: "passed"}
    seen = {test: outcomes.get(test, "did not end") for test in wanted}
    return [f"{test}: {seen[test]}" for test in wanted if seen[test] != wanted[test]]


def main() -> None:
    """Print each guard as it is tried, and what the tests said where one was not noticed."""
    guards = [guard for guard in GUARDS if all(word in f"{guard.name} {guard.file}" for word in sys.argv[1:])]
    unnoticed = 0
    with TemporaryDirectory(prefix="energy-monitor-guards-") as folder:
        copy = Copy(Path(folder))
        _require_green(copy, guards)
        for guard in guards:
            began = time.monotonic()
            with copy.without(guard):
                wrong = silent(guard, copy.outcomes((CONTROL, *guard.tests)))
            unnoticed += bool(wrong)
            click.echo(f"{time.monotonic() - began:4.0f} s {'NOT NOTICED' if wrong else 'noticed'} {guard.name}")
            for line in wrong:
                click.echo(f"       {line}")
    click.echo(f"{len(guards)} guards, {unnoticed} not noticed")
    sys.exit(bool(unnoticed) or not guards)


def _require_green(copy: Copy, guards: Collection[Guard]) -> None:
    """A test that fails already notices nothing; before that, a guard that is not where it should be is named."""
    for guard in guards:
        with copy.without(guard):
            pass
    tests = {CONTROL, *(test for guard in guards for test in guard.tests)}
    outcomes = copy.outcomes(sorted(tests))
    if red := [f"{test}: {outcomes.get(test, 'did not end')}" for test in tests if outcomes.get(test) != "passed"]:
        sys.exit("\n".join(["not green while every guard is in its place:", *red]))
    click.echo(f"{len(tests)} tests are green while every guard is in its place")


if __name__ == "__main__":
    main()
