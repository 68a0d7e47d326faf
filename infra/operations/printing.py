"""How the operator's commands print: tables for people, JSON for programs, progress beside both."""

import json
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from chalicelib.domain.readings import moment as moment
from chalicelib.domain.readings import to_datetime
from chalicelib.domain.sync.modes import Side, SyncMode, SyncState
from chalicelib.domain.sync.reconciliation import Finding, SyncStop, UnreadableDocument, Verification
from chalicelib.domain.sync.repairs import UNDO
from chalicelib.services.sync.sync_job import SyncReport
from chalicelib.services.sync.sync_modes import ModeReport
from infra.targets.naming import addressed

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class _Console(Console):
    """A console whose commands name the stack that the person has named."""

    def render_str(self, text: str, **options: Any) -> Text:
        """A text as it is printed."""
        return super().render_str(addressed(text), **options)


console = _Console(highlight=False, soft_wrap=True)
progress_console = _Console(stderr=True, highlight=False, soft_wrap=True)
FINDINGS_SHOWN = 20
limit_option = click.option(
    "--limit", type=click.IntRange(min=0), default=FINDINGS_SHOWN, show_default=True, help="how many findings to print"
)
MEANINGS = {
    SyncMode.OLD_ONLY: "reads and writes go to energies alone",
    SyncMode.DUAL_WRITE: "writes go to both, whichever backend takes them",
    SyncMode.NEW_ONLY: "reads and writes go to source_energy_readings alone",
}


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


def print_mode(report: ModeReport) -> None:
    """The mode, for people."""
    state = report.state
    rows = Table.grid(padding=(0, 2))
    rows.add_row("mode", f"[bold]{state.mode}[/]: {MEANINGS[state.mode]}")
    rows.add_row("since", "ever" if state.changed_at is None else moment(state.changed_at))
    rows.add_row("drain", f"{report.drain_seconds:.0f} s to go" if report.drain_seconds else "done")
    rows.add_row("sides", sides(state))
    if report.stop:
        rows.add_row("sync job", f"[red]stopped[/] at {moment(report.stop.at)}: {escape(report.stop.reason)}")
    console.print(rows)
    if report.changes:
        console.print(_changes(report))


def print_stop(stop: SyncStop | None) -> None:
    """Why the sync job stopped, for people."""
    if stop:
        console.print(f"the sync job is stopped since {moment(stop.at)}: {stop.reason}", markup=False)


def sides(state: SyncState) -> str:
    """Which collection is right, in words."""
    names = {Side.OLD: "energies", Side.NEW: "source_energy_readings"}
    right = names[state.authoritative]
    if state.catching_up is None:
        return f"{right} is authoritative"
    return f"{right} is authoritative until the other one has caught up: python -m infra sync"


def sync_line(report: SyncReport) -> str:
    """One line about a run of the sync job."""
    seen = f"{counted(report.meters, 'meter')} compared, " if report.full_difference else ""
    written = f"{report.inserted} inserted, {report.replaced} replaced, {report.deleted} deleted{_way_back(report)}"
    notice = f"; {report.notice}" if report.notice else ""
    line = f"{report.state}: {seen}{counted(report.changes, 'change')} seen; {written}; lag {report.lag_seconds:.1f} s"
    return line + notice


def _way_back(report: SyncReport) -> str:
    return f" (back with: {UNDO} {report.run})" if report.replaced or report.deleted else ""


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


def print_verification(seen: Verification, limit: int = FINDINGS_SHOWN) -> None:
    """A comparison of both sides and the display, for people."""
    print_comparison(seen, limit)
    _print_unreadable(seen)
    if seen.mode is not SyncMode.DUAL_WRITE:
        console.print(f"the mode is {seen.mode}: one side rests, so the sides were not compared")


def _print_unreadable(seen: Verification) -> None:
    """What no reader can use, on both sides: it stays where it is until somebody corrects it."""
    unreadable = seen.unreadable
    if not unreadable.count:
        return
    for document in unreadable.documents:
        console.print(printable(_unreadable_line(document)), markup=False)
    console.print(
        f"{counted(unreadable.count, 'unreadable document')}, the first {len(unreadable.documents)} are named; "
        f"correct them where they are, then: python -m infra sync{_or_from_copies(seen)}"
    )


def _or_from_copies(seen: Verification) -> str:
    """The other way, where the old side is damaged and the new one has good copies."""
    copies = any(each.twin and each.collection == "energies" for each in seen.unreadable.documents)
    if seen.mode is not SyncMode.DUAL_WRITE or not copies:
        return ""
    return "; or look at what the good copies would mend: python -m infra repair --from new"


def _unreadable_line(document: UnreadableDocument) -> str:
    owner = f"user {document.user}" if document.user else "no user"
    copy = f"good copy: {document.twin}" if document.twin else "there is no good copy"
    return f"{document.collection} {document.document} ({owner}): {document.problem}; {copy}"


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


def _changes(report: ModeReport) -> Table:
    table = Table("when", "mode", Column("by", overflow="fold"), Column("why", overflow="fold"))
    for change in report.changes[-5:]:
        by, reason = printable(change.by or "-"), printable(change.reason)
        table.add_row(moment(change.at), change.mode.value, escape(by), escape(reason))
    return table
