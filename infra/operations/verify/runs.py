"""``python -m infra repair runs``: which runs have deleted or overwritten something."""

import click
from rich.table import Column, Table

from infra.operations.printing import console, moment, print_json
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target


@click.command()
@with_target(changes=False)
@json_option
def runs(target: Target, as_json: bool) -> None:
    """List the runs of the last 30 days that deleted or overwrote something, and what of it has come back."""
    with connected(target) as operations:
        found = operations.undo.runs()
    if as_json:
        print_json(
            [{"run": run.id, "at": moment(run.at), "documents": run.documents, "undone": run.undone} for run in found]
        )
        return
    table = Table(Column("run", no_wrap=True), "at", "documents", "brought back")
    for run in found:
        table.add_row(run.id, moment(run.at), f"{run.documents:,}", f"{run.undone:,}")
    console.print(table)
