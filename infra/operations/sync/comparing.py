"""The comparison of all documents before a change of mode, by the workers of a deployment instead of this process."""

from dataclasses import dataclass

import click

from chalicelib.domain.meters.walks import Walk
from infra.operations.fan_out.watching import RANGES, walked
from infra.operations.printing import progress_console
from infra.operations.walking import walk_progress
from infra.targets.target import Target

comparison_option = click.option(
    "--fan-out",
    "ranges",
    type=RANGES,
    help="let the deployment's workers compare both sides, in about this many ranges; Ctrl-C changes no mode",
)


@dataclass
class ByWorkers:
    """Compares everything in so many ranges and counts what differs; ``made``: somebody needed that.

    It begins at the start: what a comparison before has seen may differ by now.
    """

    target: Target
    ranges: int
    made: bool = False

    def __call__(self) -> int:
        """How many documents differ."""
        self.made = True
        return _differences(self.target, self.ranges)


def by_workers(target: Target, ranges: int | None) -> ByWorkers | None:
    """The comparison that somebody asks of workers; None: nobody does."""
    return None if ranges is None else ByWorkers(target, ranges)


def say_if_needless(comparison: ByWorkers | None) -> None:
    """Say that workers were asked for, and had nothing to do."""
    if comparison and not comparison.made:
        progress_console.print("nothing had to be compared: --fan-out had no effect")


def _differences(target: Target, ranges: int) -> int:
    from infra.targets.workers import with_workers  # only these need the clients of AWS

    with with_workers(target) as operations, walk_progress("verify", operations.consistency.count_meters()) as show:
        return walked(operations.fan_out, Walk.VERIFY, ranges, show, restart=True).differences
