"""Output of a long walk over all meters: a bar with its rate and the time left, and every finding."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from chalicelib.domain.meters.walks import Finding, Verification
from infra.operations.printing import counted, print_json, progress_console

UNTIL_DONE = timedelta.max.total_seconds()  # a person ends a run with Ctrl-C; the next one goes on
IN_MEMORY = 1_000_000  # bytes of findings; more of them wait in a file


class Rate(ProgressColumn):
    """How many per second since the beginning; a short walk has a rate too."""

    def render(self, task: Task) -> Text:
        """``38.2/s``."""
        return Text(f"{task.completed / task.elapsed:,.1f}/s" if task.elapsed else "")


@contextmanager
def walk_progress(what: str, meters: int) -> Iterator[Callable[[Verification], None]]:
    """Show a bar on standard error; call what it yields with what has been seen so far."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("meters"),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[found]}"),
    )
    with Progress(*columns, console=progress_console) as progress:
        task = progress.add_task(what, total=meters, found="")

        def show(seen: Verification) -> None:
            total = max(meters, seen.meters)
            found = counted(seen.differences, "difference")
            progress.update(task, completed=seen.meters, total=total, found=found)

        yield show


@contextmanager
def all_findings() -> Iterator["Findings"]:
    """A place for the findings of a walk, as long as the block runs."""
    with SpooledTemporaryFile(max_size=IN_MEMORY, mode="w+") as file:
        yield Findings(file)


class Findings:
    """All findings of a walk as JSON, however many there are: printed only when the walk has ended."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._first = True

    def add(self, findings: Sequence[Finding]) -> None:
        """Keep what one page of meters has shown."""
        for finding in findings:
            self._file.write(("" if self._first else ", ") + json.dumps(finding.as_document()))
            self._first = False

    def print_with(self, document: dict[str, Any]) -> None:
        """One JSON document with the findings as its last field."""
        if self._first:
            print_json(document | {"findings": []})
            return
        head = json.dumps({name: value for name, value in document.items() if name != "findings"})
        click.echo(f'{head[:-1]}, "findings": [', nl=False)
        self._file.seek(0)
        while part := self._file.read(IN_MEMORY):
            click.echo(part, nl=False)
        click.echo("]}")
