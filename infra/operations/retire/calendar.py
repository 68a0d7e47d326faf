"""``retire announce | show | brownout | optout``: when version 1 ends, when it is away before, and for whom not."""

import sys

import click

from chalicelib.bootstrap.operations import now
from chalicelib.domain.migration.retirement.calendar_parts import OptOut, Phase
from chalicelib.services.migration.retirement.as_json import brown_out_document
from infra.errors import OperatorError
from infra.operations.printing import print_json
from infra.operations.reason import reason_option
from infra.operations.retire.arguments import TIME, caller_of, instant_of, span_of
from infra.operations.retire.of_target import commands_of, commands_on, flags_of
from infra.operations.retire.printing import print_brown_outs, print_calendar
from infra.targets.database import database_of
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person

because = reason_option("why; kept with the calendar")


@click.command()
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
    end, since = instant_of(sunset), None if deprecated is None else instant_of(deprecated)
    if rehearsal and target.layout is None:
        raise OperatorError(
            f"--rehearsal gives no notice, and people may call {target}: leave it out, or name a laptop stack (--name)"
        )
    with commands_of(target) as commands:
        found = commands.announce(end, since, person(), reason, earlier=yes, rehearsal=rehearsal)
    print_calendar(found, None, as_json)


@click.command()
@with_target(changes=False)
@json_option
def show(target: Target, as_json: bool) -> None:
    """Print the calendar, and why a brown-out would not begin now. Exit code 1 where nothing is announced."""
    with commands_of(target) as commands:
        if not as_json:
            print_calendar(commands.calendar(), commands.withheld(), as_json)
            return
        document = commands.document()
    print_json(document)
    sys.exit(1 if document["phase"] == Phase.SILENT else 0)


@click.group()
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
    begin, length = None if start == "now" else instant_of(start), span_of(span)
    with database_of(target) as database:
        commands, flags = commands_on(database), flags_of(target, database)
        found = commands.add_brown_out(begin, length, flags, person(), reason)
    print_calendar(found, None, as_json)


@brownout.command("remove")
@click.argument("start", metavar="TIME")
@because
@with_target(changes=True)
@json_option
def remove_brown_out(target: Target, start: str, reason: str, as_json: bool) -> None:
    """Take back the brown-out that begins at TIME; one that has begun ends by that."""
    begin = instant_of(start)
    with commands_of(target) as commands:
        found = commands.remove_brown_out(begin, person(), reason)
    print_calendar(found, None, as_json)


@brownout.command("list")
@with_target(changes=False)
@json_option
def list_brown_outs(target: Target, as_json: bool) -> None:
    """List all, and which of them were withheld, from when on and why."""
    with commands_of(target) as commands:
        found = commands.calendar()
    if as_json:
        print_json([brown_out_document(each) for each in found.brown_outs])
    else:
        print_brown_outs(found.brown_outs, now())


@click.group()
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
    added = OptOut(caller_of(caller), instant_of(until))
    with commands_of(target) as commands:
        found = commands.add_opt_out(added, person(), reason)
    print_calendar(found, None, as_json)


@optout.command("remove")
@click.argument("caller")
@because
@with_target(changes=True)
@json_option
def remove_opt_out(target: Target, caller: str, reason: str, as_json: bool) -> None:
    """Spare CALLER no longer."""
    wanted = caller_of(caller)
    with commands_of(target) as commands:
        found = commands.remove_opt_out(wanted, person(), reason)
    print_calendar(found, None, as_json)
