"""``python -m infra drill rollback | last | history``: proof that no flip loses or denies anything."""

import json
import sys
from dataclasses import asdict
from secrets import randbelow
from typing import IO

import click
from rich.markup import escape
from rich.table import Table

from chalicelib.bootstrap.operations import now
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.repositories.status_records import MongoStatusRecords
from infra.deployment.packaging import ROOT, digest_of_sources
from infra.drills.ground import laptop_ground
from infra.drills.history.deployed import own_deployed_ground
from infra.drills.history.drive import Exercise as HistoryExercise
from infra.drills.history.drive import History, drive
from infra.drills.history.in_process.ground import in_process_ground
from infra.drills.rollback import Drilled, Exercise
from infra.drills.rollback import drill as make
from infra.drills.writing import WRITES
from infra.errors import OperatorError
from infra.local.ending import ended_in_order
from infra.local.throwaway import stack
from infra.operations.printing import console, print_json, progress_console
from infra.operations.spans import Span
from infra.operations.status.commands import seen
from infra.operations.status.printing import drill_line, print_recorded
from infra.targets.database import database_of
from infra.targets.flags import flags_of
from infra.targets.options import json_option, with_target
from infra.targets.target import Target

NO_FLAGS = FlagDocument({})
SEEDS = 1_000_000
VIOLATIONS_SHOWN = 20


@click.group()
def drill() -> None:
    """Do on purpose what must never go wrong."""


@drill.command()
@click.option("--component", type=click.Choice(sorted(WRITES)), default="energy_forms", show_default=True)
@click.option(
    "--writes", type=click.IntRange(min=20), default=500, show_default=True, help="acknowledged writes, at least"
)
@click.option("--moves", type=click.IntRange(1, 20), default=3, show_default=True, help="ways to the new backend")
@with_target(changes=False, needed=False)
@json_option
def rollback(target: Target | OperatorError, component: str, writes: int, moves: int, as_json: bool) -> None:
    """Write through a component while it is flipped, roll it back, and look for every write in the old backend.

    Brings up a laptop stack of its own (a minute), with flags of the target's shape, and ends it. What came of it is
    recorded in the target's database, for the status and the gate. Exit code 1 when a write is lost, or when the same
    with dual write off loses none.
    """
    document = document_of(target)
    progress_console.print("bringing up a stack for the drill")
    with ended_in_order(), stack() as layout, laptop_ground(layout, component) as ground:
        ground.take_shape(document)
        drilled = make(ground, Exercise(component, writes, moves=moves), progress_console.print)
        on = ground.surrounding(digest_of_sources(ROOT))
    problem = not_recorded(target, drilled.record(now(), component, on))
    if as_json:
        print_json(drilled.as_document() | {"component": component, **asdict(on), "notRecorded": problem})
    else:
        print_drilled(drilled)
        console.print(f"recorded in: {target}" if problem is None else f"[red]not recorded[/]: {escape(problem)}")
    sys.exit(0 if drilled.passed else 1)


@drill.command()
@click.option("--flips", type=click.IntRange(min=1), default=200, show_default=True, help="at least")
@click.option("--people", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option("--operations", type=click.IntRange(min=0), default=0, help="at least; flips are spread over them")
@click.option("--seconds", type=Span(1, example="60"), help="end after so long, whatever was reached")
@click.option("--in-process", is_flag=True, help="without gateway, bus and AppConfig; changes of mode drain in 4 s")
@click.option("--seed", type=click.IntRange(min=0), help="of a history whose operations and flips to repeat")
@click.option("--record", type=click.File("w"), help="write every operation there, one line of JSON each")
@json_option
def history(
    flips: int,
    people: int,
    operations: int,
    seconds: float | None,
    in_process: bool,
    seed: int | None,
    record: IO[str] | None,
    as_json: bool,
) -> None:
    """Let people read and write while everything under them flips, and judge every answer.

    Flags, percentages, kill switch, sync mode and functions' processes flip, on a laptop stack of its own, or with
    --in-process on this machine's processes and a MongoDB of their own. Exit code 1 when a write is lost or not read, a
    deleted reading is back, a shown version fell, an ETag fits that has passed, one version has two bodies, or the
    backends are unequal in the end; and when nothing could have been wrong: no write was acknowledged, nothing flipped,
    or one backend answered alone.
    """
    seed = randbelow(SEEDS) if seed is None else seed
    progress_console.print(f"seed {seed}: --seed {seed} repeats the operations and flips")
    exercise = HistoryExercise(seed, people, flips, operations, seconds)
    with in_process_ground(seed) if in_process else own_deployed_ground() as ground:
        made = drive(ground, exercise, progress_console.print)
    if record is not None:
        record.writelines(json.dumps(operation.as_document()) + "\n" for operation in made.operations)
    if as_json:
        print_json(made.as_document())
    else:
        print_history(made)
    sys.exit(0 if made.is_right else 1)


@drill.command()
@with_target(changes=False)
@json_option
def last(target: Target, as_json: bool) -> None:
    """Print what the last drill has shown, and whether it was made on the deployed code."""
    print_recorded(seen(target).drill, drill_line, as_json)


def document_of(target: Target | OperatorError) -> FlagDocument:
    """The target's flags; the gate counts no drill that was made on others, so where they cannot be seen, none."""
    if isinstance(target, OperatorError):
        return NO_FLAGS
    try:
        with flags_of(target) as flags:
            return flags.operations.overview.listing().document
    except OperatorError as error:
        said = f"the target's flags cannot be seen, the drill is made on flags without shape: {error}"
        progress_console.print(said, markup=False)
        return NO_FLAGS


def not_recorded(target: Target | OperatorError, record: RollbackDrill) -> str | None:
    """Keep what came of a drill where the status looks; returns why that was not possible."""
    if isinstance(target, OperatorError):
        return str(target)
    try:
        with database_of(target) as database:
            MongoStatusRecords(database).save_drill(record)
    except OperatorError as error:
        return str(error)
    return None


def print_history(made: History) -> None:
    """What a history has shown, for people: each violation with the operations that prove it."""
    said = made.as_document()
    table = Table("operations", "acknowledged writes", "flips", "flips refused", "violations", "seconds")
    figures = (len(made.operations), made.acknowledged, len(made.flips), made.refused_flips, len(made.violations))
    table.add_row(*map(str, figures), f"{made.seconds:.0f}")
    console.print(table)
    for name in ("outcomes", "backends", "flips"):
        console.print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in said[name].items()))
    if made.missing:
        console.print(f"[red]it proves nothing without {', '.join(made.missing)}: let more happen, and more flip[/]")
    for violation in made.violations[:VIOLATIONS_SHOWN]:
        console.print(f"[red]{violation.kind}[/]: {escape(violation.says)}")
        for operation in violation.operations:
            console.print(f"  {escape(json.dumps(operation.as_document()))}")
    if (unseen := len(made.violations) - VIOLATIONS_SHOWN) > 0:
        console.print(f"and {unseen} more: --json has them all")


def print_drilled(drilled: Drilled) -> None:
    """What a drill has shown, for people."""
    table = Table("run", "acknowledged writes", "by old", "by new", "flips", "lost writes")
    for name, run in (("control: dual write off", drilled.control), ("drill", drilled.drill)):
        table.add_row(name, *map(str, (run.writes, run.by_old, run.by_new, run.flips, run.lost)))
    console.print(table)
    if not drilled.proves:
        console.print("[red]this drill would not have noticed a loss: it proves nothing[/]")
    console.print(f"last answer from the new backend {drilled.last_new_answer_seconds:.1f} s after the rollback began")
    console.print(f"lost writes: {drilled.drill.lost}")
