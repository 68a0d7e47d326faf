"""One report of all benches: ``make bench``, or ``python -m tests.performance [NAME ...]`` for some of them.

Each bench is a module of ``benches`` and runs in a process of its own. Exit code 1: one failed, and is named. A target
that is not met is no failure: the report says what limits it.
"""

import sys
import time

import click

from tests.performance import report
from tests.performance.running import ALL, USUAL, console, merged, run


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(ALL))
def main(names: tuple[str, ...]) -> None:
    """Measure all benches but the one that takes minutes, or those that are named, and write the report."""
    began = time.monotonic()
    sections, failed = run(names or USUAL)
    report.keep(merged(report.kept(), sections))
    console.print(f"{report.MARKDOWN}: {time.monotonic() - began:.0f} s")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
