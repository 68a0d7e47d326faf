"""``python -m infra fan-out status | pause | resume | give-up``: walks over all meters that workers do."""

import sys
from collections.abc import Callable
from typing import Any

import click
from rich.table import Column, Table

from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Walk
from chalicelib.services.refresh.fan_out import FanOutProgress, FanOutService
from infra.errors import OperatorError
from infra.operations.printing import console, minute, moment, print_json
from infra.targets.options import json_option, with_target
from infra.targets.target import Target
from infra.targets.workers import with_workers

walk_argument = click.argument(
    "walk", metavar="[WALK]", type=click.Choice([walk.value for walk in Walk]), required=False
)


@click.group()
def fan_out() -> None:
    """Walks over all meters that workers do: begun with --fan-out."""


@fan_out.command()
@walk_argument
@with_target(changes=False, deployed=True)
@json_option
def status(target: Target, walk: str | None, as_json: bool) -> None:
    """Say how far each walk is. Exit code 1 when one is not at its end and does not go on by itself."""
    with with_workers(target) as operations:
        found = [seen for each in _chosen(walk) if (seen := operations.fan_out.progress(each))]
    if as_json:
        print_json([_document(each) for each in found])
    else:
        console.print(_table(found) if found else "no walk was divided among workers")
        for each in (seen.fan_out.walk for seen in found if seen.problem):
            console.print(f"the {each} counts for nothing: begin it again, or: python -m infra fan-out give-up {each}")
    sys.exit(1 if any(each.problem or (each.fan_out.paused and not each.fan_out.finished) for each in found) else 0)


@fan_out.command()
@walk_argument
@with_target(changes=True, deployed=True)
def pause(target: Target, walk: str | None) -> None:
    """Let workers stop behind the meters that they look at just now."""
    _with_each(target, walk, FanOutService.pause, "paused; it goes on with: python -m infra fan-out resume")


@fan_out.command()
@walk_argument
@with_target(changes=True, deployed=True)
def resume(target: Target, walk: str | None) -> None:
    """Go on, and send again what is not done: what was paused, and messages that were lost."""
    _with_each(target, walk, FanOutService.resume, "goes on: python -m infra fan-out status")


@fan_out.command()
@click.argument("walk", metavar="WALK", type=click.Choice([walk.value for walk in Walk]))
@with_target(changes=True, deployed=True)
def give_up(target: Target, walk: str) -> None:
    """Forget a walk that nobody wants to end: no worker goes on with it, and what it has found counts for nothing."""
    with with_workers(target) as operations:
        given_up = operations.fan_out.give_up(Walk(walk))
    if given_up is None:
        raise OperatorError(f"no {walk} is under way; list the walks with: python -m infra fan-out status")
    console.print(f"{walk}: given up; workers stop behind the meters that they look at just now")


def _with_each(
    target: Target, walk: str | None, work: Callable[[FanOutService, Walk], FanOut | None], said: str
) -> None:
    """Raises OperatorError where nothing is under way that could go on."""
    with with_workers(target) as operations:
        done = [each for each in _chosen(walk) if work(operations.fan_out, each)]
    if not done:
        raise OperatorError(
            f"no {walk or 'walk'} is under way, or it is over before its end, see: python -m infra fan-out status; "
            "begin one: python -m infra rebuild --fan-out 16"
        )
    for each in done:
        console.print(f"{each}: {said}")


def _chosen(walk: str | None) -> list[Walk]:
    return [Walk(walk)] if walk else [*Walk]


def _table(found: list[FanOutProgress]) -> Table:
    table = Table(
        "walk", "begun", *(Column(name, justify="right") for name in NUMBERS), Column("state", overflow="fold")
    )
    for each in found:
        numbers = (f"{each.done:,} of {each.ranges:,}", f"{each.claimed:,}", f"{each.seen.meters:,}")
        table.add_row(
            each.fan_out.walk.value, minute(each.fan_out.started), *numbers, f"{each.seen.differences:,}", _state(each)
        )
    return table


NUMBERS = ("ranges done", "worked on", "meters", "differences")


def _state(progress: FanOutProgress) -> str:
    if progress.fan_out.finished:
        return f"finished {minute(progress.fan_out.finished)}"
    if progress.problem:
        return f"over before its end: {progress.problem}"
    return "paused" if progress.fan_out.paused else "goes on"


def _document(progress: FanOutProgress) -> dict[str, Any]:
    fan_out = progress.fan_out
    return {
        "walk": fan_out.walk.value,
        "startedAt": moment(fan_out.started),
        "finishedAt": fan_out.finished and moment(fan_out.finished),
        "paused": fan_out.paused,
        "problem": progress.problem,
        "ranges": progress.ranges,
        "done": progress.done,
        "workedOn": progress.claimed,
        "meters": progress.seen.meters,
        "differences": progress.seen.differences,
    }
