"""Makes a sample of single changes in a copy of the project and says which ones no test noticed.

``python -m tests.mutants --sample 600 --seed 1 [--package services] [--tests tests/unit]``. Each change is tried with
the tests that run its line, found once by coverage and kept in ``mutants/``. Exit code 1 where a package has less than
95 % noticed or more than 2 % named as without effect.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain, count
from pathlib import Path
from signal import SIGINT
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import click
from coverage import CoverageData

from tests.guards.guard import ROOT
from tests.mutants.changes import Change, changes
from tests.mutants.without_effect import WITHOUT_EFFECT

PACKAGES = {"migrations": "migrations", "operations": "infra/operations"} | {
    name: f"chalicelib/{name}"
    for name in (
        "services",
        "repositories",
        "flags",
        "api",
        "events",
        "handlers",
    )
}
LEFT_OUT = shutil.ignore_patterns(".environments", ".stack", ".git", ".hypothesis", ".*_cache", "__pycache__")
# Tests that look at a whole package from outside: in other processes, or at what its modules did when imported.
FROM_OUTSIDE = {
    "infra/operations/": "tests/unit/infra/test_options.py",
    "migrations/__main__.py": "tests/unit/infra/test_options.py",
    "chalicelib/handlers/": "tests/functional/handlers/test_deployed_functions.py",
}
LAYERS = ("tests/unit", "tests/functional", "tests/contract", "tests/integration")
ENOUGH, MOST_WITHOUT_EFFECT, LONGEST_SECONDS = 0.95, 0.02, 600.0


@dataclass(frozen=True)
class Record:
    """Which tests run which line of which file, and how many seconds each test takes."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]

    def tests_of(self, change: Change) -> list[str]:
        """The quick ones first. A line that runs at import alone has those of its module and those that name it.

        A module of which nothing else runs has those of its folder.
        """
        lines, word = self.lines.get(change.file, {}), re.match("[A-Z][A-Z_]+", change.text)
        folder, _, _ = change.file.rpartition("/")
        beside = (self.lines[file] for file in self.lines if file.rpartition("/")[0] == folder)
        of_module = {*chain(*lines.values())} or {*chain(*(chain(*each.values()) for each in beside))}
        naming = (test for test in self.seconds if word and word[0] in (ROOT / test.partition("::")[0]).read_text())
        outside = {module for package, module in FROM_OUTSIDE.items() if change.file.startswith(package)}
        looking = (test for test in self.seconds if test.partition("::")[0] in outside)
        tests = {*(lines.get(str(change.line)) or {*of_module, *naming}), *looking}
        return sorted(tests, key=lambda test: self.seconds.get(test, 0.0))


class Copy:
    """A copy of the project, where it can be changed."""

    def __init__(self, folder: Path) -> None:
        self._moments = count(1)
        self._folder = shutil.copytree(ROOT, folder / "project", ignore=LEFT_OUT)
        (self._folder / ".environments").symlink_to((ROOT / ".environments").resolve())

    def is_green(self, *arguments: str, timeout: float | None = None) -> bool:
        """Whether pytest ends well within that time."""
        (self._folder / "arguments").write_text("\n".join(arguments))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "@arguments"]
        env = {**os.environ, "PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": ""}
        process = subprocess.Popen(command, cwd=self._folder, env=env, stdout=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout) == 0
        process.send_signal(SIGINT)  # so that fixtures end what they have started
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        return False

    def notices(self, change: Change, record: Record) -> bool:
        """Whether a test fails with the change, or does not come to an end."""
        file, tests = self._folder / change.file, record.tests_of(change)
        code, before = file.read_bytes(), file.stat()
        file.write_bytes(change.applied(code))
        os.utime(file, (moment := next(self._moments), moment))  # compiled modules are kept, by time and size
        timeout = min(30.0 + 5 * sum(record.seconds.get(test, 0.0) for test in tests), LONGEST_SECONDS)
        noticed = bool(tests) and not self.is_green("-x", *tests, timeout=timeout)
        file.write_bytes(code)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        return noticed

    def record(self, layers: tuple[str, ...]) -> Record:
        """Run all tests once."""
        report, seconds = self._folder / "report.xml", dict[str, float]()
        if not self.is_green(*layers, "-n2", "--cov", "--cov-context=test", "--cov-report=", f"--junitxml={report}"):
            sys.exit("not green without any change: a test that fails already notices nothing")
        for case in ElementTree.parse(report).iter("testcase"):
            test = _function(f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name']}")
            seconds[test] = seconds.get(test, 0.0) + float(case.attrib["time"])
        data = CoverageData(str(self._folder / ".coverage"))
        data.read()
        lines = {
            str(Path(file).relative_to(self._folder)): {
                str(line): sorted({_function(context) for context in contexts if context})
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        return Record(lines, seconds)


def _function(context: str) -> str:
    """A test without its parameters, and without what coverage adds."""
    return context.partition("[")[0].partition("|")[0]


def recorded(copy: Copy, layers: tuple[str, ...]) -> Record:
    """From the last time, where no module was changed since."""
    kept = ROOT / "mutants" / f"tests-{'-'.join(Path(layer).name for layer in layers)}.json"
    modules = chain(*((ROOT / name).rglob("*.py") for name in ("chalicelib", "migrations", "infra", "tests")))
    if not kept.exists() or kept.stat().st_mtime < max(module.stat().st_mtime for module in modules):
        click.echo("running all tests once, to see which lines each one runs")
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(asdict(copy.record(layers))))
    return Record(**json.loads(kept.read_text()))


def sample_of(packages: tuple[str, ...], size: int, seed: int) -> dict[str, list[Change]]:
    """A part of each package by its size, and of a small one not less than half of an equal share."""
    found = {name: [*chain(*map(changes, sorted((ROOT / PACKAGES[name]).rglob("*.py"))))] for name in packages}
    least, total = size // (2 * len(packages)), sum(map(len, found.values()))
    sizes = {name: min(max(least, size * len(each) // total), len(each)) for name, each in found.items()}
    return {name: random.Random(f"{seed} {name}").sample(each, sizes[name]) for name, each in found.items()}


@click.command()
@click.option("--sample", default=600, show_default=True, help="how many changes, of all packages together")
@click.option("--seed", default=1, show_default=True, help="the same seed picks the same changes")
@click.option("--package", "packages", multiple=True, type=click.Choice(list(PACKAGES)), default=list(PACKAGES))
@click.option("--tests", "layers", multiple=True, default=LAYERS, show_default=True)
def main(sample: int, seed: int, packages: tuple[str, ...], layers: tuple[str, ...]) -> None:
    """Print per package how many changes were noticed, and those that were not."""
    picked = sample_of(packages, sample, seed)
    tried = [change for change in chain(*picked.values()) if change[:4] not in WITHOUT_EFFECT]
    with TemporaryDirectory(prefix="energy-monitor-mutants-") as folder:
        copy = Copy(Path(folder))
        record = recorded(copy, layers)
        if not copy.is_green("--collect-only", *{test for change in tried for test in record.tests_of(change)}):
            sys.exit("tests that were recorded are not there any more: remove the folder mutants")
        with click.progressbar(tried) as progress:
            unnoticed = [change for change in progress if not copy.notices(change, record)]
    too_little = False
    for package, found in picked.items():
        named = sum(change[:4] in WITHOUT_EFFECT for change in found)
        counted, missed = len(found) - named, sum(change in unnoticed for change in found)
        share = 1 - missed / max(counted, 1)
        click.echo(f"{package:12} {counted - missed:4} of {counted:4} noticed: {share:6.1%}; {named} without effect")
        too_little |= share < ENOUGH or named > MOST_WITHOUT_EFFECT * len(found)
    for change in unnoticed:
        click.echo(f"line {change.line}, {len(record.tests_of(change))} tests: {change[:4]}")
    sys.exit(too_little)


if __name__ == "__main__":
    main()
