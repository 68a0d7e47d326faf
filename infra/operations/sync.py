"""``python -m infra mode | sync | verify | repair``."""

import sys
import time
from math import ceil

import click

from chalicelib.compositions.operations import Operations
from chalicelib.domain.sync.modes import SyncMode
from chalicelib.domain.sync.reconciliation import Verification
from chalicelib.services.sync.sync_job import SyncReport
from infra.operations.printing import (
    console,
    counted,
    mode_document,
    print_json,
    print_mode,
    print_progress,
    print_verification,
    progress_console,
    sync_line,
    verification_document,
)
from infra.operations.reason import reason_option
from infra.targets.target import Target, json_option, person, with_target

UNTIL_DONE = float(7 * 24 * 3600)  # a person ends a run with Ctrl-C; the next one goes on


@click.group()
def mode() -> None:
    """Where writes go: old_only <-> dual_write <-> new_only."""


@mode.command()
@with_target(changes=False)
@json_option
def show(target: Target, as_json: bool) -> None:
    """Say the mode, since when, and how long its drain still takes."""
    with target.operations() as operations:
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
    with target.operations() as operations:
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
    with target.operations() as operations:
        operations.modes.recover(SyncMode(wanted) if wanted else None, reason, person())
        _show(operations, as_json)


@click.command()
@click.option("--full", is_flag=True, help="compare all meters, whatever was seen before")
@with_target(changes=True)
@json_option
def sync(target: Target, full: bool, as_json: bool) -> None:
    """Carry over what another application wrote to energies; what the scheduled function does, until it is done."""
    with target.operations() as operations:
        _drain_before_catching_up(operations)
        report = _sync(operations, full=full)
        if as_json:
            print_json(report.as_document())
        else:
            console.print(sync_line(report))


@click.command()
@click.option("--user", help="one user's meters only")
@click.option("--restart", is_flag=True, help="begin anew instead of going on with an interrupted comparison")
@with_target(changes=False)
@json_option
def verify(target: Target, user: str | None, restart: bool, as_json: bool) -> None:
    """Compare both sides, and the display with a fresh calculation. Exit code 1 when anything differs."""
    with target.operations() as operations:
        seen = operations.consistency.verify(user, print_progress, restart=restart)
    _print_verification(seen, as_json)
    sys.exit(1 if seen.differences else 0)


@click.command()
@click.option("--apply", is_flag=True, help="mend what differs; without it, it is only listed")
@click.option("--user", help="one user's meters only")
@with_target(changes=True)
@json_option
def repair(target: Target, apply: bool, user: str | None, as_json: bool) -> None:
    """Mend what differs from the authoritative side. Exit code 1 when something differs in the end."""
    with target.operations() as operations:
        if apply:
            found, left = operations.consistency.repair(user, print_progress)
        else:
            found = left = operations.consistency.verify(user, print_progress, restart=True)
    if as_json:
        print_json({"applied": apply, "found": verification_document(found), "left": verification_document(left)})
    else:
        print_verification(found)
        console.print(_outcome(apply, found, left))
    sys.exit(1 if left.differences else 0)


def _outcome(apply: bool, found: Verification, left: Verification) -> str:
    if not found.differences:
        return "nothing to mend"
    if not apply:
        return "nothing was changed; mend it with: python -m infra repair --apply"
    return f"mended; {counted(left.differences, 'difference')} all the same" if left.differences else "mended"


def _show(operations: Operations, as_json: bool) -> None:
    report = operations.modes.show()
    if as_json:
        print_json(mode_document(report))
    else:
        print_mode(report)


def _print_verification(seen: Verification, as_json: bool) -> None:
    if as_json:
        print_json(verification_document(seen))
    else:
        print_verification(seen)


def _drain_before_catching_up(operations: Operations) -> None:
    if operations.modes.show().state.catching_up:
        _drain(operations)


def _drain(operations: Operations) -> None:
    """Wait until no write of the mode before can arrive any more."""
    while remaining := operations.modes.show().drain_seconds:
        progress_console.print(f"waiting {ceil(remaining)} s for writes of the mode before")
        time.sleep(remaining)


def _sync(operations: Operations, *, full: bool) -> SyncReport:
    return operations.sync.run(UNTIL_DONE, lambda report: progress_console.print(sync_line(report)), full=full)
