"""Makes a sample of single changes in a copy of the project and says which ones no test noticed.

``python -m tests.mutants --sample 600 --seed 1 [--package services] [--tests tests/unit] [--jobs 2]``. Each change is
tried with the tests that run its line, found by coverage and kept in ``mutants/``: first with the quick layers, what
they do not notice with the integration tests, and what those do not notice with the long ones. Exit code 1 where a
package has less than 95 % noticed or more than 2 % named as without effect.
"""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import TypeVar

import click

from tests.guards.guard import ROOT
from tests.mutants.changes import Change, changes
from tests.mutants.project_copy import Copy
from tests.mutants.record import Record, kept_record
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
# What pytest is asked for, one after the other.
STEPS = (
    ("tests/unit", "tests/functional", "tests/contract", "-mnot long"),
    ("tests/integration", "-mnot long"),
    ("tests/integration", "-mlong"),
)
ENOUGH, MOST_WITHOUT_EFFECT = 0.95, 0.02

T = TypeVar("T")


class Copies:
    """Copies of the project, side by side: each tries one change at a time."""

    def __init__(self, folder: Path, number: int) -> None:
        self._free, self._number = SimpleQueue[Copy](), number
        for each in range(number):
            self._free.put(Copy(folder / f"project-{each}"))

    def recorded(self, tests: tuple[str, ...]) -> Record:
        """From the last time, where no module was changed since. A test that is red is named: it notices nothing."""
        file = ROOT / "mutants" / f"{'-'.join(tests).replace('/', '-')}.json"
        if not (record := kept_record(file)):
            click.echo(f"running {' '.join(tests)} once, to see which lines each test runs")
            record = self._with_one(Copy.record, tests).kept(file)
        for test in record.red:
            click.echo(f"red without any change: {test}")
        return record

    def tried(self, changed: Sequence[Change], record: Record) -> Iterator[tuple[Change, str]]:
        """Each change, and what notices it."""
        with ThreadPoolExecutor(self._number) as pool:
            noticed = pool.map(lambda change: self._with_one(Copy.noticed_by, change, record), changed)
            yield from zip(changed, noticed, strict=True)

    def _with_one(self, act: Callable[..., T], *arguments: object) -> T:
        copy = self._free.get()
        try:
            return act(copy, *arguments)
        finally:
            self._free.put(copy)


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
@click.option("--tests", "chosen", multiple=True, help="only these, instead of the quick ones and then the others")
@click.option("--jobs", default=2, show_default=True, help="how many changes are tried side by side")
def main(sample: int, seed: int, packages: tuple[str, ...], chosen: tuple[str, ...], jobs: int) -> None:
    """Print per package how many changes were noticed, and those that were not."""
    picked = sample_of(packages, sample, seed)
    left = [change for change in chain(*picked.values()) if change[:4] not in WITHOUT_EFFECT]
    with TemporaryDirectory(prefix="energy-monitor-mutants-") as folder:
        copies = Copies(Path(folder), jobs)
        for tests in [chosen] if chosen else STEPS:
            left = unnoticed(copies, left, tests)
    too_little = [package for package, found in picked.items() if not enough(package, found, left)]
    for change in left:
        click.echo(f"line {change.line}: {change[:4]}")
    sys.exit(bool(too_little))


def unnoticed(copies: Copies, changed: list[Change], tests: tuple[str, ...]) -> list[Change]:
    """The changes that none of those tests notices. What noticed the others is written into mutants/."""
    if not changed:
        return []
    record, left = copies.recorded(tests), []
    progress = click.progressbar(copies.tried(changed, record), length=len(changed))
    with (ROOT / "mutants" / "noticed.log").open("a") as log, progress:
        for change, noticed_by in progress:
            log.write(f"{change.file}:{change.line}: {change.before} -> {change.after}: {noticed_by}\n")
            log.flush()
            left += [] if noticed_by else [change]
    return left


def enough(package: str, found: list[Change], left: list[Change]) -> bool:
    """Print how many of a package's changes were noticed; whether they are as many as they should be."""
    named = sum(change[:4] in WITHOUT_EFFECT for change in found)
    counted, missed = len(found) - named, sum(change in left for change in found)
    share = 1 - missed / max(counted, 1)
    click.echo(f"{package:12} {counted - missed:4} of {counted:4} noticed: {share:6.1%}; {named} without effect")
    return share >= ENOUGH and named <= MOST_WITHOUT_EFFECT * len(found)


if __name__ == "__main__":
    main()
