"""Beginning a walk that the workers of a deployment do, and watching it until it is over."""

import time
from collections.abc import Callable

import click

from chalicelib.domain.meters.walks import Verification, Walk
from chalicelib.services.refresh.fan_out import FanOutProgress, FanOutService
from chalicelib.services.refresh.meter_walk import Progress
from infra.errors import OperatorError

SECONDS = 1.0  # between two looks
RANGES = click.IntRange(2, 1_000)
RESUME = "python -m infra fan-out resume"
fan_out_option = click.option(
    "--fan-out",
    "ranges",
    type=RANGES,
    help="let the deployment's workers do it, in about this many ranges; Ctrl-C ends looking on, they go on",
)


def refuse_one_user(ranges: int | None, user: str | None) -> None:
    """Raise UsageError where one user's meters are to be divided."""
    if ranges is not None and user is not None:
        raise click.UsageError("--fan-out divides all meters: leave out --user")


def walked(
    service: FanOutService,
    walk: Walk,
    ranges: int,
    show: Progress,
    *,
    restart: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Verification:
    """Begin a walk or go on with it, and wait for its end; returns what all ranges have found.

    Raises:
        OperatorError: it cannot end by itself any more, with why and what to do.
    """
    begun = service.begin(walk, ranges, restart=restart)
    while True:
        progress = _goes_on(service.progress(walk), begun.id, walk)
        show(progress.seen)
        if progress.fan_out.finished:
            return progress.seen
        sleep(SECONDS)


def _goes_on(progress: FanOutProgress | None, key: str, walk: Walk) -> FanOutProgress:
    if progress is None or progress.fan_out.id != key:
        raise OperatorError(
            f"the {walk} was given up or begun again by somebody else, or what it has found is over: begin it again"
        )
    if progress.problem:
        raise OperatorError(f"the {walk} is over before its end: {progress.problem}; begin it again")
    if progress.fan_out.paused and not progress.fan_out.finished:
        raise OperatorError(f"somebody has paused the {walk}; it goes on with: {RESUME} {walk}")
    return progress
