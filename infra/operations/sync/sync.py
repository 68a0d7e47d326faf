"""``python -m infra mode | sync | verify``."""

import sys
import time
from collections.abc import Callable
from math import ceil
from typing import NoReturn

import click

from chalicelib.bootstrap.operations import Operations
from chalicelib.domain.backends.sides import SyncMode
from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.migration.status.blocks import VerifyBlock
from chalicelib.services.migration.sync.sync_job import SyncReport
from infra.operations.fan_out.watching import fan_out_option, refuse_one_user, walked
from infra.operations.printing import (
    console,
    limit_option,
    print_json,
    progress_console,
    verification_document,
    verification_summary,
)
from infra.operations.reason import reason_option
from infra.operations.status.printing import print_recorded, verify_line
from infra.operations.sync.printing import print_mode, print_stop, print_verification, sync_line
from infra.operations.walking import UNTIL_DONE, all_findings, walk_progress
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person


@click.group()
def mode() -> None:
    """Where writes go: old_only <-> dual_write <-> new_only."""


@mode.command()
@with_target(changes=False)
@json_option
def show(target: Target, as_json: bool) -> None:
    """Say the mode, since when, and how long its drain still takes."""
    with connected(target) as operations:
        _show(operations, as_json)


MODES = click.Choice([mode.value for mode in SyncMode])


@mode.command(name="set")
@click.argument("wanted", metavar="MODE", type=MODES)
@reason_option("why; kept with the change and with who made it")
@click.option("--wait", is_flag=True, help="wait out the drain, and bring both sides together where that is needed")
@with_target(changes=True)
@json_option
def set_mode(target: Target, wanted: str, reason: str, wait: bool, as_json: bool) -> None:
    """Change the mode to a neighbour. Refused, with what to do first, where a write could get lost."""
    with connected(target) as operations:
        state = operations.modes.set(SyncMode(wanted), reason, person())
        if wait:
            _drain(operations)
        if wait and state.catching_up:
            _sync(operations, full=False)
        _show(operations, as_json)


@mode.command()
@click.argument("wanted", metavar="[MODE]", type=MODES, required=False)
@reason_option("why; kept with the change and with who made it")
@with_target(changes=True)
@json_option
def recover(target: Target, wanted: str | None, reason: str, as_json: bool) -> None:
    """Write the mode again where it is lost: as its history and the data say, or as MODE says. Its drain begins then.

    Refused where the mode can be read, and where history and data contradict each other: then name the mode.
    """
    with connected(target) as operations:
        operations.modes.recover(SyncMode(wanted) if wanted else None, reason, person())
        _show(operations, as_json)


@click.command()
@click.option("--full", is_flag=True, help="compare all meters, also those seen before")
@fan_out_option
@with_target(changes=True)
@json_option
def sync(target: Target, full: bool, ranges: int | None, as_json: bool) -> None:
    """Carry over what another application wrote to energies; what the scheduled function does, until it is done."""
    if ranges is not None:
        if not full:
            raise click.UsageError("--fan-out divides all meters: say --full")
        _compare_by_workers(target, ranges)
    with connected(target) as operations:
        _drain_before_catching_up(operations)
        report = _sync(operations, full=full and ranges is None)
        if as_json:
            print_json(report.as_document())
        else:
            console.print(sync_line(report))


@click.command()
@click.option("--user", help="one user's meters only")
@click.option("--restart", is_flag=True, help="begin from the start instead of going on with an interrupted comparison")
@fan_out_option
@click.option("--last", is_flag=True, help="compare nothing: print what the last comparison of all meters found")
@limit_option
@with_target(changes=False)
@json_option
def verify(
    target: Target, user: str | None, restart: bool, ranges: int | None, last: bool, limit: int, as_json: bool
) -> None:
    """Compare both sides, and the display with a fresh calculation. Exit code 1 when anything differs.

    With --json every finding is listed, so an interrupted comparison begins from the start; workers list the first
    thousand.
    """
    refuse_one_user(ranges, user)
    if last and ranges is not None:
        raise click.UsageError("--last compares nothing: leave out --fan-out")
    if ranges is not None:
        _verify_by_workers(target, ranges, limit, restart=restart, as_json=as_json)
    if last:
        with connected(target) as operations:
            print_recorded(VerifyBlock.of(operations.consistency.last_verified()), verify_line, as_json)
        return
    with all_findings() as findings:
        with connected(target) as operations:
            stop = operations.modes.show().stop
            with walk_progress("verify", operations.consistency.count_meters()) as progress:
                seen = operations.consistency.verify(user, progress, restart=restart or as_json, found=findings.add)
        if as_json:
            findings.print_with(verification_summary(seen) | {"stopped": stop and stop.reason})
        else:
            print_verification(seen, limit)
            print_stop(stop)
    sys.exit(1 if seen.differences or stop else 0)


def _compare_by_workers(target: Target, ranges: int) -> None:
    """The full difference; what has changed meanwhile, the caller follows."""
    from infra.targets.workers import with_workers  # only these need the clients of AWS

    with with_workers(target) as operations:
        _drain_before_catching_up(operations)
        operations.sync.answer()
        with walk_progress("sync", operations.consistency.count_meters()) as progress:
            walked(operations.fan_out, Walk.SYNC, ranges, progress)


def _verify_by_workers(target: Target, ranges: int, limit: int, *, restart: bool, as_json: bool) -> NoReturn:
    from infra.targets.workers import with_workers  # only these need the clients of AWS

    with with_workers(target) as operations:
        consistency, stop = operations.consistency, operations.modes.show().stop
        with walk_progress("verify", consistency.count_meters()) as progress:
            seen = walked(operations.fan_out, Walk.VERIFY, ranges, progress, restart=restart)
        seen = consistency.with_unreadable(seen)
    if as_json:
        print_json(verification_document(seen) | {"stopped": stop and stop.reason})
    else:
        print_verification(seen, limit)
        print_stop(stop)
    sys.exit(1 if seen.differences or stop else 0)


def _show(operations: Operations, as_json: bool) -> None:
    report = operations.modes.show()
    if as_json:
        print_json(report.as_document())
    else:
        print_mode(report)


def _drain_before_catching_up(operations: Operations) -> None:
    if operations.modes.show().state.catching_up:
        _drain(operations)


def _drain(operations: Operations) -> None:
    """Wait until no write of the mode before can arrive any more."""
    count_down(lambda: operations.modes.show().drain_seconds, time.sleep)


def count_down(remaining: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """Show the seconds of a drain until none remain: each of them on a terminal, every tenth elsewhere."""
    step = 1.0 if progress_console.is_terminal else 10.0
    with progress_console.status("") as status:
        while seconds := remaining():
            text = f"waiting {ceil(seconds)} s for writes of the mode before"
            if progress_console.is_terminal:
                status.update(text)
            else:
                progress_console.print(text)
            sleep(min(seconds, step))


def _sync(operations: Operations, *, full: bool) -> SyncReport:
    return operations.sync.run(UNTIL_DONE, lambda report: progress_console.print(sync_line(report)), full=full)
