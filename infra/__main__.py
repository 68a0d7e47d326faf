"""The operator's command line: ``python -m infra --help`` says what there is."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from importlib import import_module

import click
from rich.console import Console
from rich.table import Column, Table

from infra.deployment.application import Target, application_stack, deploy_application, deploy_flags, flags_parameters
from infra.deployment.cloudformation import Stack
from infra.deployment.packaging import package
from infra.errors import expected_errors
from infra.local import laptop
from infra.local.demo_household import USER
from infra.local.layout import DEFAULT_NAME, STAGE, Layout
from infra.local.processes import PieceStatus, Processes

console = Console(highlight=False, soft_wrap=True)
LONGEST_HOURS = 24.0 * 365
OPERATIONS = {  # and the modules of infra.operations that hold them
    "compare": "compare",
    "dlq": "dlq",
    "drill": "drill",
    "flags": "flags",
    "mode": "sync",
    "rebuild": "rebuild",
    "repair": "repair",
    "replay": "replay",
    "sweep": "rebuild",
    "sync": "sync",
    "verify": "sync",
}

setting = partial(click.option, show_envvar=True)
name_option = click.option(
    "--name", envvar="STACK_NAME", default=DEFAULT_NAME, show_default=True, help="which laptop stack"
)


def _user(_context: click.Context, _option: click.Parameter, user: str) -> str:
    if not user.strip():
        raise click.BadParameter("say whom the token is for: make token USER=alice")
    return user


def _hours(_context: click.Context, _option: click.Parameter, hours: float) -> float:
    if not 0 < hours <= LONGEST_HOURS:  # a range of click's lets nan pass
        raise click.BadParameter(f"{hours:g} is not more than 0 and at most {LONGEST_HOURS:g} (HOURS=12)")
    return hours


def _cloud_stage(_context: click.Context, _option: click.Parameter, stage: str) -> str:
    if stage == STAGE:
        raise click.BadParameter(f"{STAGE!r} is the laptop stack's: run 'make up', or choose another (STAGE=dev)")
    return stage


class _WithOperations(click.Group):
    """Loads the operator's commands when they are asked for: a broken application keeps nobody from ``down``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *OPERATIONS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in OPERATIONS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"infra.operations.{OPERATIONS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_WithOperations, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run Energy Monitor on this machine, or deploy it to AWS."""


@main.command()
@name_option
@click.option("--port", help="where the API listens (API_PORT)")
@click.option("--localstack-port", help="LOCALSTACK_PORT")
@click.option("--appconfig-port", help="APPCONFIG_PORT")
@click.option("--mongodb-port", help="MONGODB_PORT")
@click.option("--demo/--no-demo", default=True, show_default=True, help="import the demo household")
def up(name: str, port: str | None, demo: bool, **ports: str | None) -> None:
    """Start the laptop stack, deploy the application, import the demo household."""
    options = {"api": port, **{option.removesuffix("_port"): number for option, number in ports.items()}}
    layout = Layout.chosen(name, options)
    with _ended_in_order():
        laptop.up(layout, console, demo=demo)
    _print_what_to_try(layout)


@main.command()
@name_option
@click.option("--all", "every", is_flag=True, help="every stack of this folder")
def down(name: str, every: bool) -> None:
    """End everything that 'up' started; the data stays."""
    for stack in Layout.known() if every else [name]:
        ended = laptop.down(Layout.of(stack))
        console.print(f"{stack}: {_ended(ended)}")


@main.command()
@name_option
@click.option("--json", "as_json", is_flag=True, help="print JSON instead of a table")
def status(name: str, as_json: bool) -> None:
    """Say what runs. Exit code 0 when everything does, 1 otherwise."""
    rows = Processes(Layout.of(name)).status()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
    else:
        console.print(_status_table(rows))
    sys.exit(0 if all(row.healthy for row in rows) else 1)


@main.command()
@name_option
@click.option("--user", required=True, callback=_user, help="whom the token names")
@click.option("--role", "roles", multiple=True, help="a role of that person; may be repeated")
@click.option(
    "--hours", type=float, default=12.0, show_default=True, callback=_hours, help="how long the token is valid"
)
def token(name: str, user: str, roles: tuple[str, ...], hours: float) -> None:
    """Print a token for the laptop stack's API."""
    click.echo(laptop.token(Layout.of(name), user, roles, hours))


@main.command()
@setting(
    "--stage",
    envvar="STAGE",
    required=True,
    callback=_cloud_stage,
    help="for example dev; names the CloudFormation stack",
)
@setting("--bucket", envvar="ARTIFACTS_BUCKET", required=True, help="S3 bucket for the package; made if missing")
@setting("--region", envvar="AWS_REGION", help="default: what your AWS configuration says")
@setting("--issuer", envvar="AUTH_ISSUER", required=True, help="who signs the tokens")
@setting("--audience", envvar="AUTH_AUDIENCE", default="energy-monitor", show_default=True)
@setting("--jwks-url", envvar="AUTH_JWKS_URL", required=True, help="where the issuer publishes its keys")
@setting("--secret-id", envvar="SECRET_ID", required=True, help="secret with mongodbUri and pseudonymKey")
@setting(
    "--secret-digest", envvar="SECRET_DIGEST", default="", help="another one makes functions read the secret again"
)
@setting("--database", envvar="MONGODB_DATABASE", default="energy_monitor", show_default=True)
def deploy(stage: str, bucket: str, region: str | None, **settings: str) -> None:
    """Deploy to AWS with your own credentials, by the template that the laptop stack uses."""
    target = Target(region)
    parameters = {
        "AuthIssuer": settings["issuer"],
        "AuthAudience": settings["audience"],
        "AuthJwksUrl": settings["jwks_url"],
        "SecretId": settings["secret_id"],
        "SecretDigest": settings["secret_digest"],
        "MongoDatabase": settings["database"],
    }
    flags_changed = deploy_flags(target, stage)
    parameters |= flags_parameters(target, stage)
    application_changed = deploy_application(target, package(), stage, bucket, parameters)
    console.print(f"flags {_changed(flags_changed)}, application {_changed(application_changed)}")
    stack = Stack(target.client("cloudformation"), application_stack(stage))
    console.print(f"base URL: {stack.outputs().get('EndpointURL', '(see the API in the console)')}")


def _ended(pieces: list[str]) -> str:
    return f"ended {', '.join(pieces)}" if pieces else "nothing was running"


def _changed(changed: bool) -> str:
    return "deployed" if changed else "unchanged"


def _status_table(rows: list[PieceStatus]) -> Table:
    table = Table("piece", "process", "port", "state", Column("log", overflow="fold"))
    for row in rows:
        state = "[green]runs[/]" if row.healthy else "[red]does not answer[/]"
        log = os.path.relpath(row.log) if row.log else "-"
        table.add_row(row.name, str(row.pid or "-"), str(row.port or "-"), state, log)
    return table


def _print_what_to_try(layout: Layout) -> None:
    reading = '{"type": "power", "date": "2010-12-01", "amount": 49800}'
    bearer = laptop.token(layout, USER)
    lines = [
        f"\nBase URL: {layout.base_url}",
        f"Token for the user '{USER}', valid for 12 hours (another: make token{layout.argument} USER=alice):\n",
        f"TOKEN={bearer}\n",
        f'curl -H "Authorization: Bearer $TOKEN" "{layout.base_url}/v2/display?type=power&year=2009&dataType=monthly"',
        f"curl -X POST -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' "
        f"-d '{reading}' {layout.base_url}/v2/energy",
        f'curl -H "Authorization: Bearer $TOKEN" "{layout.base_url}/v2/display?type=power&year=2010&dataType=monthly"',
    ]
    lines.append(
        '("stale": true says that the handler function is still at it, the first time a second or two: ask again)'
    )
    click.echo("\n".join(lines))


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM unwind the program, as Ctrl-C does, so that what was started is ended; a second changes nothing."""

    def leave(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run(arguments: list[str] | None = None) -> None:
    """Run a command; an expected failure becomes a message and exit code 1, a defect keeps its traceback."""
    try:
        main(arguments)
    except expected_errors() as error:
        message = "\n".join([str(error), *getattr(error, "__notes__", [])])
        Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
