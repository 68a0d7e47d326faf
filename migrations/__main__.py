"""``python -m migrations status|up --uri mongodb://... --database energy_monitor``."""

from typing import Any

import click
from pymongo import MongoClient
from pymongo.database import Database

from migrations import runner


@click.group()
@click.option("--uri", envvar="MONGODB_URI", required=True, help="Connection string; or MONGODB_URI.")
@click.option("--database", default="energy_monitor", show_default=True)
@click.pass_context
def cli(context: click.Context, uri: str, database: str) -> None:
    """Bring a database to the shape that the application expects."""
    client: MongoClient[dict[str, Any]] = context.with_resource(MongoClient(uri))
    context.obj = client[database]


@cli.command()
@click.pass_obj
def status(database: Database[Any]) -> None:
    """Show which scripts are applied."""
    waiting = runner.pending(database)
    for name in runner.scripts():
        click.echo(f"{'pending' if name in waiting else 'applied'}  {name}")


@cli.command()
@click.pass_obj
def up(database: Database[Any]) -> None:
    """Apply what is pending."""
    for name in runner.up(database) or ["nothing to do"]:
        click.echo(name)


if __name__ == "__main__":
    cli()
