"""Printing the sync mode and the sync job."""

from rich.markup import escape
from rich.table import Column, Table

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.migration.sync.reconciliation import SyncStop
from chalicelib.domain.migration.sync.repairs import UNDO
from chalicelib.domain.readings import moment
from chalicelib.services.migration.sync.sync_job import SyncReport
from chalicelib.services.migration.sync.sync_modes import ModeReport
from infra.operations.printing import console, counted, pairs, printable

MEANINGS = {
    SyncMode.OLD_ONLY: "reads and writes go to energies alone",
    SyncMode.DUAL_WRITE: "writes go to both, whichever backend takes them",
    SyncMode.NEW_ONLY: "reads and writes go to source_energy_readings alone",
}


def print_mode(report: ModeReport) -> None:
    """Print it for people."""
    state = report.state
    rows = pairs()
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


def _changes(report: ModeReport) -> Table:
    table = Table("when", "mode", Column("by", overflow="fold"), Column("why", overflow="fold"))
    for change in report.changes[-5:]:
        by, reason = printable(change.by or "-"), printable(change.reason)
        table.add_row(moment(change.at), change.mode.value, escape(by), escape(reason))
    return table
