"""The operator's command line: ``python -m infra --help`` says what there is."""

import json
import os
import sys
from dataclasses import asdict
from functools import partial

import click
from botocore.exceptions import BotoCoreError, ClientError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.table import Column, Table
from urllib3.exceptions import HTTPError

from chalicelib.domain.errors import EnergyMonitorError
from infra.deployment.application import Target, application_stack, deploy_application, deploy_flags
from infra.deployment.cloudformation import Stack
from infra.deployment.errors import DeployError
from infra.deployment.packaging import package
from infra.local import laptop
from infra.local.demo_household import USER
from infra.local.errors import StackError
from infra.local.layout import Layout
from infra.local.processes import PieceStatus, Processes
from infra.operations import commands

console = Console(highlight=False, soft_wrap=True)
setting = partial(click.option, show_envvar=True)
name_option = click.option("--name", envvar="STACK_NAME", default="local", show_default=True, help="which laptop stack")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run Energy Monitor on this machine, or deploy it to AWS."""


@main.command()
@name_option
@click.option("--port", type=int, help="where the API listens (API_PORT)")
@click.option("--localstack-port", type=int, help="LOCALSTACK_PORT")
@click.option("--appconfig-port", type=int, help="APPCONFIG_PORT")
@click.option("--mongodb-port", type=int, help="MONGODB_PORT")
@click.option("--demo/--no-demo", default=True, show_default=True, help="import the demo household")
def up(name: str, port: int | None, demo: bool, **ports: int | None) -> None:
    """Start the laptop stack, deploy the application, import the demo household."""
    options = {"api": port, **{option.removesuffix("_port"): number for option, number in ports.items()}}
    layout = Layout.of(name, options)
    laptop.up(layout, console, demo=demo)
    _print_what_to_try(layout)


@main.command()
@name_option
def down(name: str) -> None:
    """End everything that 'up' started; the data stays."""
    ended = laptop.down(Layout.of(name))
    console.print(f"ended: {', '.join(ended)}" if ended else "nothing was running")


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
@click.option("--user", envvar="USER_ID", required=True, help="whom the token names")
@click.option("--role", "roles", multiple=True, help="a role of that person; may be repeated")
@click.option("--hours", type=float, default=12.0, show_default=True, help="how long the token is valid")
def token(name: str, user: str, roles: tuple[str, ...], hours: float) -> None:
    """Print a token for the laptop stack's API."""
    click.echo(laptop.token(Layout.of(name), user, roles, hours))


@main.command()
@setting("--stage", envvar="STAGE", required=True, help="for example dev; names the CloudFormation stack")
@setting("--bucket", envvar="ARTIFACTS_BUCKET", required=True, help="S3 bucket for the package; made if missing")
@setting("--region", envvar="AWS_REGION", help="default: what your AWS configuration says")
@setting("--issuer", envvar="AUTH_ISSUER", required=True, help="who signs the tokens")
@setting("--audience", envvar="AUTH_AUDIENCE", default="energy-monitor", show_default=True)
@setting("--jwks-url", envvar="AUTH_JWKS_URL", required=True, help="where the issuer publishes its keys")
@setting("--secret-id", envvar="SECRET_ID", required=True, help="secret with mongodbUri and pseudonymKey")
@setting("--database", envvar="MONGODB_DATABASE", default="energy_monitor", show_default=True)
def deploy(stage: str, bucket: str, region: str | None, **settings: str) -> None:
    """Deploy to AWS with your own credentials, by the template that the laptop stack uses."""
    target = Target(region)
    parameters = {
        "AuthIssuer": settings["issuer"],
        "AuthAudience": settings["audience"],
        "AuthJwksUrl": settings["jwks_url"],
        "SecretId": settings["secret_id"],
        "MongoDatabase": settings["database"],
    }
    flags_changed = deploy_flags(target, stage)
    application_changed = deploy_application(target, package(), stage, bucket, parameters)
    console.print(f"flags {_changed(flags_changed)}, application {_changed(application_changed)}")
    stack = Stack(target.client("cloudformation"), application_stack(stage))
    console.print(f"base URL: {stack.outputs().get('EndpointURL', '(see the API in the console)')}")


for command in (commands.mode, commands.sync, commands.verify, commands.repair):
    main.add_command(command)


def _changed(changed: bool) -> str:
    return "deployed" if changed else "unchanged"


def _status_table(rows: list[PieceStatus]) -> Table:
    table = Table("piece", "process", "port", "state", Column("log", overflow="fold"))
    for row in rows:
        state = "[green]runs[/]" if row.healthy else "[red]does not answer[/]"
        table.add_row(row.name, str(row.pid or "-"), str(row.port), state, os.path.relpath(row.log))
    return table


def _print_what_to_try(layout: Layout) -> None:
    reading = '{"type": "power", "date": "2010-12-01", "amount": 49800}'
    bearer = laptop.token(layout, USER)
    lines = [
        f"\nBase URL: {layout.base_url}",
        f"Token for the user '{USER}', valid for 12 hours (another: make token USER=alice):\n",
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


def run(arguments: list[str] | None = None) -> None:
    """Run a command; an expected failure becomes a message and exit code 1."""
    try:
        main(arguments)
    except (StackError, DeployError, EnergyMonitorError, BotoCoreError, ClientError, PyMongoError, HTTPError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
