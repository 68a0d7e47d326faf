"""``python -m infra rebuild | sweep``: check or calculate the display again, and refresh meters that lag."""

import sys
from contextlib import AbstractContextManager
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from chalicelib.bootstrap.operations import Operations
from chalicelib.domain.meters.lagging import FailingMeter
from chalicelib.domain.meters.walks import Verification, Walk
from chalicelib.services.refresh.sweeper import SweepReport
from infra.operations.fan_out.watching import fan_out_option, refuse_one_user, walked
from infra.operations.printing import (
    console,
    counted,
    moment,
    print_comparison,
    print_findings,
    print_json,
    print_progress,
    progress_console,
    verification_document,
)
from infra.operations.walking import UNTIL_DONE
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target


@click.command()
@click.option("--check", is_flag=True, help="change nothing: compare every display document with a fresh calculation")
@click.option("--user", help="one user's meters only")
@click.option("--restart", is_flag=True, help="begin at the start instead of going on with an interrupted run")
@fan_out_option
@with_target(changes=True)
@json_option
def rebuild(target: Target, check: bool, user: str | None, restart: bool, ranges: int | None, as_json: bool) -> None:
    """Calculate all display documents from the readings. Exit code 1 when one differs, or a meter fails.

    With --check also where nothing was compared, because every meter lags or is outdated: an older calculation version
    shows it until the sweeper has brought it up.
    """
    refuse_one_user(ranges, user)
    shown = print_progress if check else _print_rebuilt
    with _operations(target, ranges) as operations:
        if ranges is not None:
            walk = Walk.CHECK if check else Walk.REBUILD
            seen = walked(operations.fan_out, walk, ranges, shown, restart=restart)
        else:
            run = operations.rebuild.check if check else operations.rebuild.rebuild
            seen = run(user, shown, restart=restart)
        outdated = operations.sweeper.outdated()
    if as_json:
        print_json(verification_document(seen) | {"outdated": outdated})
    elif check:
        print_comparison(seen)
        _print_outdated(outdated)
    else:
        print_findings(seen)
        console.print(_rebuilt_line(seen))
    sys.exit(1 if seen.differences or (seen.meters and seen.lagging == seen.meters) else 0)


@click.command()
@click.option("--list", "only_list", is_flag=True, help="only list the meters that cannot be refreshed")
@fan_out_option
@with_target(changes=True)
@json_option
def sweep(target: Target, only_list: bool, ranges: int | None, as_json: bool) -> None:
    """Refresh every meter that lags or is outdated, now; list those that cannot be. Exit code 1 when there are any.

    A meter that something else holds just now is named by a log line only: try again in a minute.
    """
    if only_list and ranges is not None:
        raise click.UsageError("--list refreshes nothing: leave out --fan-out")
    report: SweepReport | None = None
    by_workers: Verification | None = None
    with _operations(target, ranges) as operations:
        if ranges is not None:
            by_workers = walked(operations.fan_out, Walk.SWEEP, ranges, print_progress)
        elif not only_list:
            report = operations.sweeper.run_at_once(UNTIL_DONE)
        count, failing = operations.sweeper.failing()
        outdated = operations.sweeper.outdated()
    if as_json:
        looked_at = {"byWorkers": by_workers and verification_document(by_workers)}
        print_json(_sweep_document(report, count, failing) | looked_at | {"outdated": outdated})
    else:
        if by_workers:
            print_findings(by_workers)
        _print_sweep(report, count, failing)
        _print_outdated(outdated)
    failed = (report and report.failed) or (by_workers and by_workers.differences)
    sys.exit(1 if count or failed else 0)


def _operations(target: Target, ranges: int | None) -> AbstractContextManager[Operations]:
    if ranges is None:
        return connected(target)
    from infra.targets.workers import with_workers  # only these need the clients of AWS

    return with_workers(target)


def _print_rebuilt(seen: Verification) -> None:
    progress_console.print(_rebuilt_line(seen))


def _rebuilt_line(seen: Verification) -> str:
    return f"{counted(seen.meters, 'meter')} calculated again, {seen.differences} cannot be"


def _sweep_document(report: SweepReport | None, count: int, failing: list[FailingMeter]) -> dict[str, Any]:
    meters = [meter.as_document() for meter in failing]
    return {"swept": report and report.as_document(), "failing": count, "meters": meters}


def _print_sweep(report: SweepReport | None, count: int, failing: list[FailingMeter]) -> None:
    if failing:
        console.print(_failing(failing))
    if report and report.state == "resting":
        console.print("the mode is old_only: nothing is shown from display documents, and nothing was refreshed")
    elif report:
        console.print(
            f"{counted(report.lagging, 'meter')} lagged, {report.refreshed} refreshed, "
            f"{report.brought_up} brought up to this calculation version, {report.failed} failed"
        )
    console.print(
        f"{counted(count, 'meter')} cannot be refreshed" + ("; the log says where they fail" if count else "")
    )


def _print_outdated(meters: int) -> None:
    """Of all users, whomever the command was about."""
    if meters:
        console.print(f"{counted(meters, 'meter')} left that an older calculation version shows; the sweeper goes on")


def _failing(meters: list[FailingMeter]) -> Table:
    table = Table(Column("meter", overflow="fold"), "attempts", "error", "lags since", "next attempt")
    for failing in meters:
        meter = failing.meter
        since = "-" if failing.dirty_since is None else moment(failing.dirty_since)
        table.add_row(escape(meter.id), str(meter.attempts), meter.error, since, moment(failing.next_attempt))
    return table
