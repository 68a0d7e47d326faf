"""``python -m infra rehearsal``: the whole migration on a stack of its own, with every guard or without one."""

import sys

import click
from rich.markup import escape
from rich.table import Column, Table

from infra.operations.printing import console, print_json, progress_console
from infra.rehearsal.plan import GUARDS, guard_named
from infra.rehearsal.rehearse import Rehearsed, rehearse
from infra.rehearsal.timeline import Entry, markdown, minutes
from infra.targets.options import json_option

LISTED = "\n\n".join(f"{guard.name}: {guard.says}." for guard in GUARDS)


@click.command(
    help=f"""Carry out the whole migration on a stack of its own.

    People read and write all the time. At the end nothing that was acknowledged may be lost, and no answer was wrong;
    the stack is ended and its data are gone, whatever happens. Exit code 1 when a step fails. With a guard taken out
    (--without) one must: 1 when a step has noticed it, or another one failed, 0 when nobody has noticed it.

    Guards:

    {LISTED}
    """
)
@click.option("--without", metavar="GUARD", help="take this guard out, and see that a step notices it")
@click.option("--markdown", "as_markdown", is_flag=True, help="print the timeline as a table in Markdown")
@json_option
def rehearsal(without: str | None, as_markdown: bool, as_json: bool) -> None:
    """See ``help``."""
    guard = None if without is None else guard_named(without)
    made = rehearse(guard, lambda line: progress_console.print(line, markup=False))
    if as_json:
        print_json(made.as_document())
    elif as_markdown:
        click.echo(markdown(made.timeline))
    else:
        print_rehearsed(made)
    sys.exit(0 if made.passed else 1)


def print_rehearsed(made: Rehearsed) -> None:
    """The timeline, for people."""
    table = Table("at", "took", "step", Column("what was seen", overflow="fold"))
    for entry in made.timeline.entries:
        table.add_row(*_row(entry))
    console.print(table)
    console.print(f"{minutes(made.timeline.seconds)} in all")
    if made.timeline.left:
        console.print(f"not come to: {', '.join(made.timeline.left)}")
    if made.without is not None:
        console.print(_of_guard(made, made.without.name, made.without.noticed_by))


def _row(entry: Entry) -> tuple[str, ...]:
    minutes, seconds = divmod(int(entry.at), 60)
    shows = escape(entry.shows)
    return (
        f"{minutes:02}:{seconds:02}",
        f"{entry.seconds:.0f} s",
        entry.name,
        shows if entry.holds else f"[red]{shows}[/]",
    )


def _of_guard(made: Rehearsed, guard: str, noticed_by: str) -> str:
    if made.noticed:
        return f"without {guard}: '{noticed_by}' has noticed it"
    if made.passed:
        return f"without {guard}: nobody has noticed it, though '{noticed_by}' must"
    return f"without {guard}: the rehearsal failed before or beside '{noticed_by}', which must notice it"
