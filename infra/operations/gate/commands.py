"""``python -m infra gate show | simulate``: whether a component may go on, and how sure that is."""

import sys

import click
from rich.table import Column, Table

from chalicelib.domain.backends.component import Component
from infra.operations.gate.printing import print_verdict
from infra.operations.gate.simulation import RUNS, SEED, Simulated, simulate
from infra.operations.printing import console, print_json
from infra.targets.flags import gate_of
from infra.targets.options import json_option, with_target
from infra.targets.target import Target


@click.group()
def gate() -> None:
    """Whether a component may go on, and how sure that is."""


@gate.command("show")
@click.argument("component", required=False, type=click.Choice([component.value for component in Component]))
@click.option("--all", "every", is_flag=True, help="every component")
@with_target(changes=False)
@json_option
def show_gate(target: Target, component: str | None, every: bool, as_json: bool) -> None:
    """Print each condition of COMPONENT with its figure, its limit and the command to act. Exit code 1 when it is shut.

    With --json one verdict, with --all a list of them.
    """
    if every == (component is not None):
        raise click.UsageError("name one component, or say --all")
    with gate_of(target) as service:
        found = service.verdicts([Component(component)] if component else Component)
    if as_json:
        print_json([verdict.as_document() for verdict in found] if every else found[0].as_document())
    else:
        for verdict in found:
            print_verdict(verdict)
    sys.exit(0 if all(verdict.is_open for verdict in found) else 1)


@gate.command("simulate")
@click.option("--runs", type=click.IntRange(min=RUNS), default=RUNS, show_default=True, help="of each, at least")
@click.option("--seed", type=int, default=SEED, show_default=True, help="of chance: equal seeds, equal figures")
@json_option
def simulate_gate(runs: int, seed: int, as_json: bool) -> None:
    """Let the gate judge backends whose faults are known. Exit code 1 when it is wrong more often than it may be."""
    found = simulate(runs, seed)
    if as_json:
        print_json({"runs": runs, "seed": seed, "simulated": [each.as_document() for each in found]})
    else:
        table = Table(
            Column("what, in how many runs", overflow="fold"), *map(_right, ("seen", "formula", "accepted", ""))
        )
        for each in found:
            table.add_row(*_row(each))
        console.print(table)
        console.print(f"{runs:,} runs each, seed {seed}")
    sys.exit(0 if all(each.holds for each in found) else 1)


def _right(name: str) -> Column:
    return Column(name, justify="right", no_wrap=True)


def _row(each: Simulated) -> tuple[str, ...]:
    formula = "-" if each.formula is None else _percent(each.formula)
    accepted = f"{_percent(each.least)} to {_percent(each.most)}"
    return each.name, _percent(each.share), formula, accepted, "[green]yes[/]" if each.holds else "[red]no[/]"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
