"""The comparison of all documents before a change of mode, by the workers of a deployment instead of this process."""

from collections.abc import Callable
from functools import partial

import click

from chalicelib.domain.meters.walks import Walk
from infra.operations.fan_out.watching import RANGES, walked
from infra.operations.walking import walk_progress
from infra.targets.target import Target

comparison_option = click.option(
    "--fan-out",
    "ranges",
    type=RANGES,
    help="let the deployment's workers compare both sides, in about this many ranges; Ctrl-C changes no mode",
)


def by_workers(target: Target, ranges: int | None) -> Callable[[], int] | None:
    """Compare everything in so many ranges and count what differs; None: nobody asked for workers.

    It begins at the start: what a comparison before has seen may differ by now.
    """
    return None if ranges is None else partial(_differences, target, ranges)


def _differences(target: Target, ranges: int) -> int:
    from infra.targets.workers import with_workers  # only these need the clients of AWS

    with with_workers(target) as operations, walk_progress("verify", operations.consistency.count_meters()) as show:
        return walked(operations.fan_out, Walk.VERIFY, ranges, show, restart=True).differences
