"""``python -m infra up | down | running | token``: the stack on this machine.

Imports nothing of the application: one that is broken keeps nobody from ``down``.
"""

import json
import os
import sys
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

import click
from rich.console import Console
from rich.table import Column, Table

from infra.local import laptop
from infra.local.demo.household import USER, DailyReading, yesterday
from infra.local.ending import ended_in_order
from infra.local.layout import Layout
from infra.local.processes.pieces import PieceStatus, Processes
from infra.operations.confirmation import confirm, yes_option
from infra.operations.spans import Span
from infra.targets.options import is_given, json_option, name_option
from infra.targets.target import Target, known_stack, stack_with_a_folder

console = Console(highlight=False, soft_wrap=True, emoji=False)
LONGEST_HOURS = 24.0 * 365
USUAL_KWH_PER_DAY = Decimal(25)  # of the demo household


def _user(_context: click.Context, _option: click.Parameter, user: str) -> str:
    if not user.strip():
        raise click.BadParameter("say whom the token is for: make token USER=alice")
    return user


@click.command()
@name_option
@click.option("--port", help="where the API listens (API_PORT)")
@click.option("--localstack-port", help="LOCALSTACK_PORT")
@click.option("--appconfig-port", help="APPCONFIG_PORT")
@click.option("--mongodb-port", help="MONGODB_PORT")
@click.option("--issuer-port", help="ISSUER_PORT")
@click.option("--demo/--no-demo", default=True, show_default=True, help="import the demo households")
def up(name: str, port: str | None, demo: bool, **ports: str | None) -> None:
    """Start the laptop stack, deploy the application, import the demo households."""
    options = {"api": port, **{option.removesuffix("_port"): number for option, number in ports.items()}}
    layout = Layout.chosen(name, options)
    Target.of_stack(layout).announce()
    with ended_in_order():
        laptop.up(layout, console, demo=demo)
    _print_what_to_try(layout)


@click.command()
@name_option
@click.option("--all", "every", is_flag=True, help="every stack of this folder")
@yes_option
def down(name: str, every: bool, yes: bool) -> None:
    """End everything that 'up' started; the data stays. Shows what runs, and asks first."""
    stacks = [Layout.of(each) for each in Layout.known()] if every else [_chosen(name)]
    if running := "; ".join(filter(None, map(_running, stacks))):
        confirm(f"This ends {running}. The data stays", yes=yes)
    for stack in stacks:
        console.print(f"{stack.name}: {_ended(laptop.down(stack))}")


@click.command()
@name_option
@json_option
def running(name: str, as_json: bool) -> None:
    """Say what runs on this machine. Exit code 0 when everything does, 1 otherwise."""
    rows = Processes(_chosen(name)).status()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
    else:
        console.print(_pieces(rows))
    sys.exit(0 if all(row.healthy for row in rows) else 1)


@click.command()
@name_option
@click.option("--user", required=True, callback=_user, help="whom the token names")
@click.option("--role", "roles", multiple=True, help="a role of that person; may be repeated")
@click.option(
    "--hours",
    type=Span(0, LONGEST_HOURS, above=True, example="HOURS=12"),
    default=12.0,
    show_default=True,
    help="how long the token is valid",
)
def token(name: str, user: str, roles: tuple[str, ...], hours: float) -> None:
    """Print a token for the laptop stack's API."""
    click.echo(laptop.token(known_stack(name), user, roles, hours))


def _chosen(name: str) -> Layout:
    return stack_with_a_folder(name, is_named=is_given("name"))


def _running(layout: Layout) -> str:
    """``stack local (mongod, process 17)``, or nothing when nothing of it runs."""
    pieces = Processes(layout).running()
    listed = ", ".join(f"{piece}, process {pid}" for piece, pid in pieces.items())
    return f"stack {layout.name} ({listed})" if pieces else ""


def _ended(pieces: list[str]) -> str:
    return f"ended {', '.join(pieces)}" if pieces else "nothing was running"


def _pieces(rows: list[PieceStatus]) -> Table:
    table = Table("piece", "process", "port", "state", Column("log", overflow="fold"))
    for row in rows:
        state = "[green]runs[/]" if row.healthy else "[red]does not answer[/]"
        log = os.path.relpath(row.log) if row.log else "-"
        table.add_row(row.name, str(row.pid or "-"), str(row.port or "-"), state, log)
    return table


def _print_what_to_try(layout: Layout) -> None:
    reading = _next_reading(layout)
    body = f'{{"type": "power", "date": "{reading.day}", "amount": {reading.amount}}}'
    view = f"{layout.base_url}/v2/display?type=power"
    bearer = laptop.token(layout, USER)
    lines = [
        f"\nThe page: http://localhost:{layout.ports.api}/ (sign in as '{USER}' to see a household up to yesterday)",
        f"The operators' page: http://localhost:{layout.ports.api}/ops-console (sign in as 'olga'; 'vera' looks only)",
        f"Base URL: {layout.base_url}",
        f"Token for the user '{USER}', valid for 12 hours (another: make token{layout.argument} USER=alice):\n",
        f"TOKEN={bearer}\n",
        f'curl -H "Authorization: Bearer $TOKEN" "{view}&year={reading.day.year}&dataType=monthly"',
        f"curl -X POST -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' "
        f"-d '{body}' {layout.base_url}/v2/energy",
        f'curl -H "Authorization: Bearer $TOKEN" "{view}&dataType=summary"',
        '("stale": true says that the handler function is still at it, the first time a second or two: ask again)',
    ]
    click.echo("\n".join(lines))


def _next_reading(layout: Layout) -> DailyReading:
    """What somebody of the demo household would type in next: today's register, or tomorrow's where that is stored."""
    today = yesterday() + timedelta(days=1)
    last = laptop.household(layout, USER).last() or DailyReading(yesterday(), Decimal(0))
    return DailyReading(max(today, last.day + timedelta(days=1)), last.amount + USUAL_KWH_PER_DAY)
