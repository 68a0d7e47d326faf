"""Printing migrations: tables, and a bar with its rate and the time left."""

from collections.abc import (
    Callable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from typing_extensions import override

from infra.operations.printing import progress_console
from infra.operations.walking import Rate
from migrations.runner import Planned, Status
from migrations.scripts import Advance, Run

COLORS = {"applied": "green", "pending": "yellow"}


class ConsoleRun(Run):
    """Implements ``Run`` on the error stream: the other one carries results."""

    @override
    def check(self) -> None:
        """The runner knows of the lock."""

    @override
    def say(self, text: str) -> None:
        """One line."""
        progress_console.print(text, markup=False)

    @override
    @contextmanager
    def progress(self, unit: str, total: int) -> Iterator[Advance]:
        """A bar on a terminal; elsewhere its last state alone."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
        with Progress(*columns, console=progress_console) as progress:
            task = progress.add_task(unit, total=total)
            yield lambda done: progress.advance(task, done)

    @override
    def by_workers(self, meters: Callable[[], int], check: Callable[[], None]) -> bool:
        """Only where the operator says so: ``ByWorkers``."""
        return False


def plan_table(planned: Sequence[Planned]) -> Table:
    """What a command would do."""
    table = Table("script", "would", "documents")
    for script in planned:
        if script.refused:
            table.add_row(script.name, Text(f"wait: {script.refused}", style="yellow"), "")
        for number, step in enumerate(script.steps):
            table.add_row("" if number else script.name, step.what, f"{step.documents:,}")
        if not script.refused and not script.steps:
            table.add_row(script.name, "nothing", "0")
    return table


def status_table(rows: Sequence[Status]) -> Table:
    """The state of every script."""
    table = Table("script", "state", "")
    for row in rows:
        table.add_row(row.name, Text(row.state, style=COLORS.get(row.state, "red")), Text(row.detail))
    return table
