"""``python -m infra retire``: the end of the old backend, from its announcement to the mode ``new_only``."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import click
from rich.markup import escape
from rich.table import Table

from chalicelib.bootstrap.operations import now, shell_operations, shell_ports
from chalicelib.bootstrap.status import status_sources
from chalicelib.domain.backends.sides import SyncMode
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    BrownOut,
    OptOut,
    Phase,
)
from chalicelib.domain.migration.retirement.callers import KEPT_DAYS, QUIET_DAYS, V1Caller
from chalicelib.domain.migration.retirement.hindrances import Hindrance, Part
from chalicelib.domain.migration.status.flags import FlagsSeen
from chalicelib.domain.people.pseudonyms import LENGTH
from chalicelib.domain.readings import moment, parse_instant
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.migration.retirement.as_json import (
    brown_out_document,
    calendar_document,
    callers_document,
    hindrance_document,
)
from chalicelib.services.migration.retirement.check import RetirementCheck
from chalicelib.services.migration.retirement.desk import RetirementDesk
from infra.deployment.packaging import ROOT
from infra.errors import OperatorError
from infra.operations.printing import console, counted, folding_table, minute, print_json, printable
from infra.operations.reason import reason_option
from infra.operations.sync.printing import print_mode
from infra.retirement.commands import plan_removal, rehearse_removal
from infra.retirement.references import references_of
from infra.targets.database import database_of, own_code
from infra.targets.flags import overview_of
from infra.targets.looks import TargetLooks
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person

DAYS = 14
SHOWN_REFERENCES = 5
UTC = ZoneInfo("UTC")
SPAN = re.compile(r"([0-9]{1,6})([smhd])")
UNITS_MS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
CALLER = re.compile(f"[0-9a-f]{{{LENGTH}}}")
TIME = "ISO, such as 2027-03-01 or 2027-03-01T18:30; UTC without a zone"
because = reason_option("why; kept with the calendar")
days_option = click.option(
    "--days",
    type=click.IntRange(0, KEPT_DAYS),
    default=DAYS,
    show_default=True,
    help="how long all have had the new one",
)
quiet_option = click.option(
    "--quiet-days",
    type=click.IntRange(0, KEPT_DAYS),
    default=QUIET_DAYS,
    show_default=True,
    help="how long nobody must have called",
)


@click.group()
def retire() -> None:
    """The end of the old backend: announce it, hold brown-outs, see what blocks it."""


@retire.command()
@click.option("--sunset", required=True, metavar="TIME", help=f"when version 1 ends: {TIME}")
@click.option("--deprecated", metavar="TIME", help="since when it is deprecated; default: now, or as announced")
@click.option("--rehearsal", is_flag=True, help="without any notice, because nobody calls; on a laptop stack alone")
@because
@click.option("--yes", is_flag=True, help="the end may come earlier than was announced")
@with_target(changes=True)
@json_option
def announce(
    target: Target, sunset: str, deprecated: str | None, rehearsal: bool, reason: str, yes: bool, as_json: bool
) -> None:
    """Announce the end of version 1, or move it; an earlier end than was announced needs --yes.

    Without --rehearsal a rehearsal ends: its brown-outs go, and the notice begins.
    """
    end, since = _instant(sunset), None if deprecated is None else _instant(deprecated)
    if rehearsal and target.layout is None:
        raise OperatorError(
            f"--rehearsal gives no notice, and people may call {target}: leave it out, or name a laptop stack (--name)"
        )
    with _desk(target) as desk:
        found = desk.announce(end, since, person(), reason, earlier=yes, rehearsal=rehearsal)
    _show(found, None, as_json)


@retire.command()
@with_target(changes=False)
@json_option
def show(target: Target, as_json: bool) -> None:
    """Print the calendar, and why a brown-out would not begin now. Exit code 1 where nothing is announced."""
    with _desk(target) as desk:
        if not as_json:
            _show(desk.calendar(), desk.withheld(), as_json)
            return
        document = desk.document()
    print_json(document)
    sys.exit(1 if document["phase"] == Phase.SILENT else 0)


@retire.group()
def brownout() -> None:
    """Times in which version 1 is away, so that those who still call notice."""


@brownout.command("add")
@click.option("--from", "start", required=True, metavar="TIME", help=f"now, or {TIME}")
@click.option("--for", "span", required=True, help="how long, such as 15m or 2h (units s, m, h, d); 15m to 1d")
@because
@with_target(changes=True)
@json_option
def add_brown_out(target: Target, start: str, span: str, reason: str, as_json: bool) -> None:
    """Plan a brown-out. Refused while our own page or components still need the old backend."""
    begin, length = None if start == "now" else _instant(start), _span(span)
    with database_of(target) as database:
        desk, flags = _desk_on(database), _flags(target, database)
        found = desk.add_brown_out(begin, length, flags, person(), reason)
    _show(found, None, as_json)


@brownout.command("remove")
@click.argument("start", metavar="TIME")
@because
@with_target(changes=True)
@json_option
def remove_brown_out(target: Target, start: str, reason: str, as_json: bool) -> None:
    """Take back the brown-out that begins at TIME; one that has begun ends by that."""
    begin = _instant(start)
    with _desk(target) as desk:
        found = desk.remove_brown_out(begin, person(), reason)
    _show(found, None, as_json)


@brownout.command("list")
@with_target(changes=False)
@json_option
def list_brown_outs(target: Target, as_json: bool) -> None:
    """List all, and which of them were withheld, from when on and why."""
    with _desk(target) as desk:
        found = desk.calendar()
    if as_json:
        print_json([brown_out_document(each) for each in found.brown_outs])
    else:
        _print_brown_outs(found.brown_outs, now())


@retire.group()
def optout() -> None:
    """Callers whom no brown-out concerns for a while."""


@optout.command("add")
@click.argument("caller")
@click.option("--until", required=True, metavar="TIME", help=f"{TIME}; the sunset at the latest")
@because
@with_target(changes=True)
@json_option
def add_opt_out(target: Target, caller: str, until: str, reason: str, as_json: bool) -> None:
    """Spare CALLER, by the name that 'callers' prints, until a time."""
    added = OptOut(_caller(caller), _instant(until))
    with _desk(target) as desk:
        found = desk.add_opt_out(added, person(), reason)
    _show(found, None, as_json)


@optout.command("remove")
@click.argument("caller")
@because
@with_target(changes=True)
@json_option
def remove_opt_out(target: Target, caller: str, reason: str, as_json: bool) -> None:
    """Spare CALLER no longer."""
    wanted = _caller(caller)
    with _desk(target) as desk:
        found = desk.remove_opt_out(wanted, person(), reason)
    _show(found, None, as_json)


@retire.command()
@click.option("--days", type=click.IntRange(1, KEPT_DAYS), default=QUIET_DAYS, show_default=True, help="how far back")
@with_target(changes=False)
@json_option
def callers(target: Target, days: int, as_json: bool) -> None:
    """List who calls version 1, by pseudonym, client and route. Exit code 1 when somebody has."""
    with _desk(target) as desk:
        found, more = desk.callers(days), desk.more_callers(days)
    if as_json:
        print_json(callers_document(found, days, more))
    else:
        _print_callers(found, days, more)
    sys.exit(1 if found else 0)


@retire.command()
@days_option
@quiet_option
@with_target(changes=False)
@json_option
def check(target: Target, days: int, quiet_days: int, as_json: bool) -> None:
    """List what is in the way of the old backend's end, each with the command that helps. Exit code 1: something."""
    with database_of(target) as database:
        found = hindrances(target, database, days, quiet_days)
    if as_json:
        print_json([hindrance_document(each) for each in found])
    else:
        _print_hindrances(found)
    sys.exit(1 if found else 0)


@retire.command()
@days_option
@quiet_option
@click.option("--force", is_flag=True, help="although callers, dates or references are in the way; nothing else")
@reason_option("why; kept with the change of the mode")
@with_target(changes=True)
@json_option
def apply(target: Target, days: int, quiet_days: int, force: bool, reason: str, as_json: bool) -> None:
    """Take the mode to new_only, once nothing blocks it. The way back: mode set dual_write --wait.

    With --force past what callers and dates say, never past what people would see wrong or data could be lost by.
    Fewer days than usual need --force too, but in a rehearsal, and are noted.
    """
    with database_of(target) as database:
        operations = shell_operations(database, own_code)
        if operations.modes.show().state.mode is not SyncMode.NEW_ONLY:
            if less := days < DAYS or quiet_days < QUIET_DAYS:
                _check_rehearsed(database, force=force)
            _check_clean(hindrances(target, database, days, quiet_days), force=force)
            asked = f" (asked for {days} days at 100 % and {quiet_days} days without calls)" if less else ""
            operations.modes.set(SyncMode.NEW_ONLY, reason + asked, person())
        report = operations.modes.show()
    if as_json:
        print_json(report.as_document())
    else:
        print_mode(report)


def hindrances(target: Target, database: MongoDatabase, days: int, quiet_days: int) -> Sequence[Hindrance]:
    """What blocks the end, in the target and in this tree."""
    looks, overview = TargetLooks(target), overview_of(target, database)
    sources = status_sources(shell_ports(database), overview, looks.letters, looks.release, looks.alarms)
    return [*RetirementCheck(sources, now).hindrances(days, quiet_days), *_references()]


def _references() -> Iterator[Hindrance]:
    command = "python -m infra retire plan"
    try:
        found = references_of(ROOT)
    except OperatorError as error:
        why = str(error).partition("\n")[0]
        text = f"nobody can say which references to flags the removal takes away: {why}"
        yield Hindrance(Part.REFERENCES, text, command, unknown=True)
        return
    if found:
        shown = ", ".join(map(str, found[:SHOWN_REFERENCES]))
        text = f"{counted(len(found), 'line')} that the removal leaves name a flag: {shown}"
        yield Hindrance(Part.REFERENCES, text, command)


def _check_rehearsed(database: MongoDatabase, *, force: bool) -> None:
    """Raise OperatorError where people call who are due more time, unless somebody passes by."""
    if not force and not _desk_on(database).calendar().rehearsal:
        raise OperatorError(
            f"{DAYS} days at 100 % and {QUIET_DAYS} days without calls are due to callers: leave --days and "
            "--quiet-days out, or say --force, and why; nothing was changed"
        )


def _check_clean(found: Sequence[Hindrance], *, force: bool) -> None:
    """Raise OperatorError, with each of what is in the way and nobody may pass by."""
    if left := [each for each in found if not (force and each.may_be_forced)]:
        forcible = all(each.may_be_forced for each in left)
        more = "; or say --force, and why" if forcible else ""
        lines = [f"{each.text}; first: {each.command}" for each in left]
        raise OperatorError("\n".join([*lines, f"nothing was changed{more}"]))


def _flags(target: Target, database: MongoDatabase) -> FlagsSeen:
    return flags_seen(overview_of(target, database)().listing())


def _desk_on(database: MongoDatabase) -> RetirementDesk:
    return RetirementDesk(shell_ports(database).retirement, now)


@contextmanager
def _desk(target: Target) -> Iterator[RetirementDesk]:
    with database_of(target) as database:
        yield _desk_on(database)


def _instant(text: str) -> int:
    """Input is checked before anything is reached."""
    try:
        return parse_instant(text.strip(), UTC) // SECOND_MS * SECOND_MS
    except EnergyMonitorError as error:
        raise OperatorError(str(error)) from error


def _span(text: str) -> int:
    found = SPAN.fullmatch(text)
    if found is None:
        raise OperatorError(f"--for {text!r}: write a number and a unit, such as 15m or 2h (units s, m, h, d)")
    return int(found[1]) * UNITS_MS[found[2]]


def _caller(text: str) -> str:
    if CALLER.fullmatch(text) is None:
        raise OperatorError(
            f"{text!r} is no caller: copy the {LENGTH} hex digits that python -m infra retire callers prints"
        )
    return text


def _show(calendar: Calendar, withheld: str | None, as_json: bool) -> None:
    instant = now()
    if as_json:
        print_json(calendar_document(calendar, instant, withheld))
        return
    rows = Table.grid(padding=(0, 2))
    rows.add_row("version 1", f"[bold]{calendar.phase(instant).value.replace('_', ' ')}[/]")
    rows.add_row("announced", _exact(calendar.announced_at) + (", as a rehearsal" if calendar.rehearsal else ""))
    rows.add_row("deprecated", _exact(calendar.deprecated_at))
    rows.add_row("sunset", _exact(calendar.sunset_at))
    for each in calendar.opt_outs:
        rows.add_row("opt-out", f"{each.caller} until {_exact(each.until)}")
    if withheld is not None:
        rows.add_row("withheld", f"[red]no brown-out would begin now: {escape(printable(withheld))}[/]")
    console.print(rows)
    _print_brown_outs(calendar.brown_outs, instant)
    log = folding_table("when (UTC)", "what", "who and why")
    for entry in reversed(calendar.log):
        log.add_row(minute(entry.at), entry.what, escape(printable(f"{entry.by}: {entry.reason}")))
    console.print(log)


def _exact(instant: int) -> str:
    """An instant for people, with seconds where it has some."""
    seconds = instant // SECOND_MS % 60
    return minute(instant) + (f":{seconds:02}" if seconds else "")


def _print_brown_outs(found: Sequence[BrownOut], instant: int) -> None:
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


def _print_callers(found: Sequence[V1Caller], days: int, more: int) -> None:
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


def _print_hindrances(found: Sequence[Hindrance]) -> None:
    for each in found:
        mark = "[yellow]not known[/]" if each.unknown else "[red]in the way[/]"
        console.print(f"{each.part:<12} {mark}: {escape(printable(each.text))}  [dim]{escape(each.command)}[/]")
    if not found:
        console.print("nothing blocks it: python -m infra retire apply --reason WHY")


retire.add_command(plan_removal)
retire.add_command(rehearse_removal)
