"""Printing the calendar of version 1's end, who calls it, and what blocks it."""

from collections.abc import Sequence

from rich.markup import escape

from chalicelib.bootstrap.operations import now
from chalicelib.domain.migration.retirement.blockers import Blocker
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import SECOND_MS, BrownOut
from chalicelib.domain.migration.retirement.callers import V1Caller
from chalicelib.domain.readings import moment
from chalicelib.services.migration.retirement.as_json import calendar_document
from infra.operations.printing import console, counted, folding_table, minute, pairs, print_json, printable


def print_calendar(calendar: Calendar, withheld: str | None, as_json: bool) -> None:
    """The calendar; ``withheld``: why no brown-out would begin now, where that was asked."""
    instant = now()
    if as_json:
        print_json(calendar_document(calendar, instant, withheld))
        return
    rows = pairs()
    rows.add_row("version 1", f"[bold]{calendar.phase(instant).value.replace('_', ' ')}[/]")
    rows.add_row("announced", _exact(calendar.announced_at) + (", as a rehearsal" if calendar.rehearsal else ""))
    rows.add_row("deprecated", _exact(calendar.deprecated_at))
    rows.add_row("sunset", _exact(calendar.sunset_at))
    for each in calendar.opt_outs:
        rows.add_row("opt-out", f"{each.caller} until {_exact(each.until)}")
    if withheld is not None:
        rows.add_row("withheld", f"[red]no brown-out would begin now: {escape(printable(withheld))}[/]")
    console.print(rows)
    print_brown_outs(calendar.brown_outs, instant)
    log = folding_table("when (UTC)", "what", "who and why")
    for entry in reversed(calendar.log):
        log.add_row(minute(entry.at), entry.what, escape(printable(f"{entry.by}: {entry.reason}")))
    console.print(log)


def _exact(instant: int) -> str:
    """An instant for people, with seconds where it has some."""
    seconds = instant // SECOND_MS % 60
    return minute(instant) + (f":{seconds:02}" if seconds else "")


def print_brown_outs(found: Sequence[BrownOut], instant: int) -> None:
    """All brown-outs, and what became of each until an instant."""
    if not found:
        console.print("no brown-out is planned")
        return
    table = folding_table("brown-out from", "until", "")
    for each in found:
        table.add_row(moment(each.start), moment(each.end), _state(each, instant))
    console.print(table)


def _state(each: BrownOut, instant: int) -> str:
    if each.withheld is not None:
        since = "" if each.withheld_at is None else f" from {moment(each.withheld_at)} on"
        return f"[red]withheld{since}: {escape(printable(each.withheld))}[/]"
    if each.covers(instant):
        return "[yellow]now[/]"
    return "held" if each.end <= instant else "planned"


def print_callers(found: Sequence[V1Caller], days: int, more: int) -> None:
    """Who has called in the last days; ``more``: how many are not listed."""
    if not found:
        console.print(f"nobody has called version 1 in the last {counted(days, 'day')}")
        return
    table = folding_table("caller", "client", "route", "first (UTC)", "last (UTC)", "calls")
    for each in found:
        call = each.call
        who = (call.caller, escape(printable(call.client)), escape(call.route))
        table.add_row(*who, minute(each.first), minute(each.last), str(each.calls))
    console.print(table)
    if more:
        console.print(f"[yellow]and {more:,} more, called before these[/]")


def print_blockers(found: Sequence[Blocker]) -> None:
    """The blockers, each with the command that helps."""
    for each in found:
        mark = "[yellow]not known[/]" if each.unknown else "[red]blocks[/]"
        console.print(f"{each.part:<12} {mark}: {escape(printable(each.text))}  [dim]{escape(each.command)}[/]")
    if not found:
        console.print("nothing blocks it: python -m infra retire apply --reason WHY")
