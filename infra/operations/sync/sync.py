"""``python -m infra sync``: carrying over what another application wrote to ``energies``."""

import sys

import click

from chalicelib.domain.meters.walks import Walk
from infra.operations.fan_out.watching import fan_out_option, walked
from infra.operations.printing import console, print_json
from infra.operations.sync.catching_up import catch_up, drain_before_catching_up
from infra.operations.sync.printing import sync_line
from infra.operations.walking import walk_progress
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target


@click.command()
@click.option("--full", is_flag=True, help="compare all meters, also those seen before")
@fan_out_option
@with_target(changes=True)
@json_option
def sync(target: Target, full: bool, ranges: int | None, as_json: bool) -> None:
    """Carry over what another application wrote to energies; what the scheduled function does, until it is done.

    Exit code 1 when it is not: workers compare all meters just now.
    """
    if ranges is not None:
        if not full:
            raise click.UsageError("--fan-out divides all meters: say --full")
        _compare_by_workers(target, ranges)
    with connected(target) as operations:
        drain_before_catching_up(operations)
        report = catch_up(operations, full=full and ranges is None)
        if as_json:
            print_json(report.as_document())
        else:
            console.print(sync_line(report))
    sys.exit(1 if report.state == "unfinished" else 0)


def _compare_by_workers(target: Target, ranges: int) -> None:
    """The full difference; what has changed meanwhile, the caller follows."""
    from infra.targets.workers import with_workers  # only these need the clients of AWS

    with with_workers(target) as operations:
        drain_before_catching_up(operations)
        operations.sync.answer()
        with walk_progress("sync", operations.consistency.count_meters()) as progress:
            walked(operations.fan_out, Walk.SYNC, ranges, progress)
