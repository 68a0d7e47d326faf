"""``python -m infra simulate``: weeks of a migration on a virtual clock, over the real services."""

import json
import sys
from collections.abc import Sequence

import click
from rich.table import Table

from chalicelib.domain.errors import InvalidInputError
from infra.operations.printing import console, progress_console
from infra.simulation.faults import Fault, faults_of
from infra.simulation.figures import Figures, summary
from infra.simulation.policies import AS_WRITTEN, GUARDED, POLICIES
from infra.simulation.run import Exercise, simulate_all

COLUMNS = ("seed", "writes", "reads", "lost", "wrong", "exposed", "not found", "back", "false", "100 % (d)", "holds")


def _faults(_context: click.Context, _parameter: click.Parameter, text: str) -> frozenset[Fault]:
    try:
        return faults_of(text)
    except InvalidInputError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--weeks", type=click.IntRange(1, 52), default=8, show_default=True, help="how long, on its clock")
@click.option("--users", type=click.IntRange(5, 1_000), default=200, show_default=True, help="how many people")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="the first one")
@click.option("--seeds", type=click.IntRange(1, 1_000), default=1, show_default=True, help="how many")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="side by side")
@click.option("--faults", callback=_faults, default="all", show_default=True, help=f"all, none or: {','.join(Fault)}")
@click.option(
    "--policy",
    type=click.Choice(sorted(POLICIES)),
    default=GUARDED,
    show_default=True,
    help=f"{AS_WRITTEN}: new writes to the new store alone, nothing that acts on a difference",
)
@click.option("--json", "as_json", is_flag=True, help="for programs; byte for byte the same for the same seed")
def simulate(
    weeks: int,
    users: int,
    seed: int,
    seeds: int,
    processes: int,
    faults: frozenset[Fault],
    policy: str,
    as_json: bool,
) -> None:
    """Simulate whole migrations on a virtual clock, with faults.

    Each goes from an inherited collection to everybody on the new backend. People, faults and an operator are made up
    by the seed; services, flags, gate and rollouts are the real ones; what lies outside is in memory. Exit code 0 when
    no write is lost, nothing wrong is shown but by the planted bug before it is taken back, whatever is planted is
    found, and at most one rollback a seed has no cause; else 1.
    """
    exercise = Exercise(weeks, users, faults, policy)
    seen: list[Figures] = []
    for figures in simulate_all(range(seed, seed + seeds), exercise, processes):
        seen.append(figures)
        progress_console.print(f"seed {figures.seed}: {'holds' if figures.holds else 'does not hold'}")
    if as_json:
        document = {"seeds": [each.as_document() for each in seen], "summary": summary(seen)}
        click.echo(json.dumps(document, sort_keys=True))
    else:
        _print(seen)
    sys.exit(0 if all(each.holds for each in seen) else 1)


def _print(seen: Sequence[Figures]) -> None:
    table = Table(*COLUMNS, box=None)  # fits into 80 columns
    for each in seen:
        table.add_row(*map(str, _row(each)))
    console.print(table)
    total = summary(seen)
    console.print(
        f"{total['seeds']} seeds, {total['virtualYears']} virtual years, {total['writes']:,} writes, "
        f"{total['reads']:,} reads: {total['lostWrites']:,} lost writes (in {total['seedsThatLose']} seeds), "
        f"{total['wrongShown']:,} wrong figures shown, {total['bugsNotFound']} bugs not found, "
        f"{total['falseRollbacks']} false rollbacks"
    )


def _row(each: Figures) -> Sequence[object]:
    return (
        each.seed,
        each.writes,
        each.reads,
        each.lost,
        each.wrong,
        each.exposed,
        each.not_found,
        each.rollbacks,
        each.false_rollbacks,
        "never" if each.days_to_everybody is None else each.days_to_everybody,
        "yes" if each.holds else "no",
    )
