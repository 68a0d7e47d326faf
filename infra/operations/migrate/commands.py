"""The command line: ``python -m migrations status | up | down | create | resolve | verify-roundtrip``."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from chalicelib.repositories.control import sync_state
from infra.errors import expected_errors
from infra.operations.confirmation import confirm, yes_option
from infra.operations.fan_out.watching import RANGES
from infra.operations.migrate.printing import ConsoleRun, plan_table, status_table
from infra.operations.printing import console, print_json, progress_console
from infra.operations.spans import Span
from infra.targets.database import database_of
from infra.targets.naming import addressed
from infra.targets.options import json_option, with_target
from infra.targets.target import Target
from migrations import (
    new_script,
    roundtrip,
    runner,
)
from migrations.errors import EditedError, MigrationError, RefusedError
from migrations.ledger import COLLECTION, State
from migrations.lock import LOCK_SECONDS, holder
from migrations.scripts import FOLDER, QUIET, Direction

LONGEST_LOCK_SECONDS = 24 * 3_600
Command = TypeVar("Command", bound=Callable[..., Any])

folder_option = click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=FOLDER, help="with the scripts"
)
execute_option = click.option("--execute", is_flag=True, help="do it; without, say what would be done")
retry_option = click.option("--retry", is_flag=True, help="go on with a script that failed")
lock_option = click.option(
    "--lock-seconds",
    type=Span(1, LONGEST_LOCK_SECONDS, example="30"),
    default=LOCK_SECONDS,
    show_default=True,
    help="after which a runner that died loses its lock",
)

workers_option = click.option(
    "--fan-out",
    "ranges",
    type=RANGES,
    help="let the deployment's workers do the backfill (002), in about this many ranges",
)


def options(*chosen: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order in which the help shows them."""
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(chosen), command)


looking = options(with_target(changes=False), json_option, folder_option)
changing = options(with_target(changes=True), json_option, folder_option)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Bring a database to the shape that the application expects, and back.

    Exit codes: 0 done, 1 failed or different, 2 wrong usage, 3 refused in the present sync mode, 4 an applied script
    was edited, 5 another runner holds the lock, 6 a script failed before and waits for --retry or resolve.
    """


@cli.command()
@looking
def status(target: Target, as_json: bool, folder: Path) -> None:
    """Say which scripts are applied, in which mode the data is, and who holds the lock."""
    with database_of(target) as database:
        rows, mode, lock = runner.status(database, folder), sync_state(database).mode, holder(database[COLLECTION])
    if as_json:
        print_json({"scripts": [asdict(row) for row in rows], "mode": mode, "lock": lock and lock["owner"]})
    else:
        console.print(status_table(rows))
        console.print(f"sync mode: {mode}, lock: {lock['owner'] if lock else 'free'}", markup=False)
    if any(row.state == "edited" for row in rows):
        sys.exit(EditedError.exit_code)


@cli.command()
@options(changing, execute_option, retry_option, lock_option)
@click.option("--to", "last", help="up to and including this script: 001")
@workers_option
def up(target: Target, as_json: bool, folder: Path, execute: bool, last: str | None, **rest: Any) -> None:
    """Apply what is pending. A script that the sync mode does not allow yet waits, and those after it."""
    ranges = rest.pop("ranges")
    chosen = _chosen(folder, as_json, **rest)
    chosen = _with_workers(chosen, target, ranges)
    with database_of(target) as database:
        if not execute:
            _show_plan(runner.plan(database, "up", chosen, last=last), as_json)
            return
        done = runner.up(database, last, chosen)
        waiting = runner.refusal(database, "up", folder, last)
    if waiting and not done:
        raise RefusedError(waiting)
    _show_done("up", done, as_json, waiting)


@cli.command()
@options(changing, execute_option, retry_option, lock_option)
@click.option(
    "--steps", type=click.IntRange(min=1), default=1, show_default=True, help="how many scripts, the latest first"
)
@click.option(
    "--to", "last", help=f"instead: revert all after this script, which remains applied: 002, or {runner.BASE}"
)
@yes_option
def down(
    target: Target,
    as_json: bool,
    folder: Path,
    execute: bool,
    steps: int,
    last: str | None,
    yes: bool,
    **rest: Any,
) -> None:
    """Revert the script applied last. Never drops old readings, meters or settings.

    With --execute it shows what it touches, and asks.
    """
    chosen = _chosen(folder, as_json, **rest)
    with database_of(target) as database:
        planned = runner.plan(database, "down", chosen, last=last, steps=steps)
        if not execute:
            _show_plan(planned, as_json)
            return
        if planned and not planned[0].refused:
            confirm(f"This reverts {_touched(planned)} in {target}", yes=yes)
        agreed = [script.name for script in planned]
        _show_done("down", runner.down(database, steps, chosen, last=last, agreed=agreed), as_json, None)


@cli.command()
@options(changing, lock_option)
@click.argument("script")
@click.option("--as", "state", required=True, type=click.Choice([State.APPLIED.value, State.PENDING.value]))
def resolve(target: Target, script: str, state: str, as_json: bool, folder: Path, lock_seconds: float) -> None:
    """Decide by hand what a script that failed, or was edited, counts as. Runs nothing."""
    with database_of(target) as database:
        runner.resolve(database, script, State(state), runner.Options(folder=folder, lock_seconds=lock_seconds))
    _show_done("resolve", [script], as_json, None)


@cli.command()
@click.argument("title")
@options(json_option, folder_option)
def create(title: str, as_json: bool, folder: Path) -> None:
    """Make the file of a new script; TITLE says what it does: 'add meter location'."""
    path = new_script.create(title, folder)
    if as_json:
        print_json({"created": str(path)})
    else:
        console.print(str(path), markup=False)


@cli.command("verify-roundtrip")
@changing
def verify_roundtrip(target: Target, as_json: bool, folder: Path) -> None:
    """Prove on a copy that up, down and up again give equal documents and indexes."""
    with database_of(target) as database:
        outcome = roundtrip.verify(database, folder)
    if as_json:
        print_json({"documents": outcome.documents, "differences": outcome.differences})
    else:
        for difference in outcome.differences:
            console.print(f"differs: {difference}", markup=False)
        verdict = "not equal" if outcome.differences else "equal documents and indexes"
        console.print(f"up, down, up on a copy, {outcome.documents:,} documents compared: {verdict}")
    sys.exit(1 if outcome.differences else 0)


def _chosen(folder: Path, as_json: bool, retry: bool, lock_seconds: float) -> runner.Options:
    run = QUIET if as_json else ConsoleRun()
    return runner.Options(folder=folder, retry=retry, lock_seconds=lock_seconds, run=run)


def _with_workers(chosen: runner.Options, target: Target, ranges: int | None) -> runner.Options:
    if ranges is None:
        return chosen
    from infra.operations.migrate.by_workers import ByWorkers  # only these need the clients of AWS
    from infra.targets.deployment import Deployment

    Deployment.of(target)  # refuses a database alone, before a script has begun that would then have failed
    run = ByWorkers(chosen.run, target, ranges)
    return runner.Options(folder=chosen.folder, retry=chosen.retry, lock_seconds=chosen.lock_seconds, run=run)


def _touched(planned: list[runner.Planned]) -> str:
    """``002_backfill (delete display documents: 1,200; ...), 001_create (...)``."""
    steps = {script.name: "; ".join(f"{step.what}: {step.documents:,}" for step in script.steps) for script in planned}
    return ", ".join(f"{name} ({touched or 'nothing'})" for name, touched in steps.items())


def _show_plan(planned: list[runner.Planned], as_json: bool) -> None:
    if as_json:
        print_json({"executed": False, "plan": [asdict(script) for script in planned]})
        return
    console.print(plan_table(planned) if planned else "nothing to do")
    console.print("Nothing was changed; --execute does it." if planned else "")


def _show_done(command: Direction | str, names: list[str], as_json: bool, waiting: str | None) -> None:
    if as_json:
        print_json({"executed": True, "command": command, "scripts": names, "waiting": waiting})
        return
    for name in names or ["nothing to do"]:
        console.print(f"{command}: {name}" if names else name, markup=False)
    if waiting:
        console.print(f"waits: {waiting}", markup=False)


def run(arguments: list[str] | None = None) -> None:
    """Run a command; an expected failure becomes a message and its exit code."""
    try:
        cli(arguments)
    except MigrationError as error:
        _fail(error, error.exit_code)
    except expected_errors() as error:
        _fail(error, MigrationError.exit_code)


def _fail(error: Exception, code: int) -> None:
    reason = addressed(str(error).split(", full error")[0])
    if "--json" in sys.argv:
        print_json({"error": reason, "exitCode": code})
    progress_console.print(reason, style="red", markup=False)
    sys.exit(code)


if __name__ == "__main__":
    run()
