"""Printing for the operator's commands: tables for people, JSON for programs, progress beside both."""

import json
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from chalicelib.domain.meters.walks import Finding, Verification
from chalicelib.domain.readings import moment as moment
from chalicelib.domain.readings import to_datetime
from infra.targets.naming import addressed

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class _Console(Console):
    """A console whose commands name the stack that the person has named."""

    def render_str(self, text: str, **options: Any) -> Text:
        """A text with the commands in it addressed to the target."""
        return super().render_str(addressed(text), **options)


console = _Console(highlight=False, soft_wrap=True, emoji=False)
progress_console = _Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
FINDINGS_SHOWN = 20
limit_option = click.option(
    "--limit", type=click.IntRange(min=0), default=FINDINGS_SHOWN, show_default=True, help="how many findings to print"
)


def print_json(value: Any) -> None:
    """One document on standard output."""
    click.echo(json.dumps(value))


def printable(text: str) -> str:
    """Any text from outside in the characters that a terminal can show."""
    return text.encode("utf-8", "backslashreplace").decode()


def counted(number: int, thing: str) -> str:
    """A number and its noun: ``1 meter``, ``2 meters``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def minute(instant: int) -> str:
    """An instant for people, to the minute of UTC: the JSON has whole ones, which are wider."""
    return f"{to_datetime(instant):%Y-%m-%d %H:%M}"


def duration(seconds: int) -> str:
    """A time in its two largest units: ``1 d 4 h``."""
    parts: list[str] = []
    for size, unit in UNITS:
        if seconds >= size:
            parts.append(f"{seconds // size} {unit}")
            seconds %= size
    return " ".join(parts[:2]) or "0 s"


def folding_table(*names: str) -> Table:
    """A table that is never cut off: what is too wide goes on in the next line."""
    return Table(*(Column(name, overflow="fold") for name in names))


def pairs() -> Table:
    """A table without lines of names and what is known of each, which goes on in the next line where it is wide."""
    return Table.grid("", Column(overflow="fold"), padding=(0, 2))


def verification_document(seen: Verification) -> dict[str, Any]:
    """A comparison, for programs: its first findings."""
    return verification_summary(seen) | {"findings": [finding.as_document() for finding in seen.findings]}


def verification_summary(seen: Verification) -> dict[str, Any]:
    """A comparison without its findings, for programs."""
    members = asdict(seen)
    up_to = members.pop("up_to")
    return members | {
        "mode": seen.mode.value,
        "upTo": up_to and moment(up_to),
        "findings": [],
        "kinds": [
            {"collection": collection, "type": of.value, "kind": kind, "count": count}
            for (collection, of, kind), count in seen.kinds
        ],
    }


def print_comparison(seen: Verification, limit: int = FINDINGS_SHOWN) -> None:
    """What was compared and found, for people."""
    print_findings(seen, limit)
    console.print(
        _compared(seen) + (f"; display not compared, because it lags: {seen.lagging}" if seen.lagging else "")
    )


def print_progress(seen: Verification) -> None:
    """How far a comparison has come."""
    progress_console.print(_compared(seen))


def print_findings(seen: Verification, limit: int = FINDINGS_SHOWN) -> None:
    """How many documents of each kind are not as they should be, and the first of them, a line each: ids stay whole."""
    for finding in seen.findings[:limit]:
        console.print(finding_line(finding), markup=False)
    shown = min(limit, len(seen.findings))
    if seen.differences > shown:
        console.print(f"... and {seen.differences - shown} more; all of them: --json")
    if seen.kinds:
        console.print(_kinds(seen))


def finding_line(finding: Finding) -> str:
    """One document: where it is, whose it is, what is wrong with it."""
    place = f"{finding.collection} {finding.document}"
    return printable(f"{place} (user {finding.user_id}, {finding.type}): {finding.problem}")


def _kinds(seen: Verification) -> Table:
    table = Table("collection", "type", "kind", Column("documents", justify="right"))
    for (collection, energy_type, kind), count in seen.kinds:
        table.add_row(collection, energy_type.value, kind, f"{count:,}")
    return table


def _compared(seen: Verification) -> str:
    return f"{counted(seen.meters, 'meter')}, {counted(seen.differences, 'difference')}"
