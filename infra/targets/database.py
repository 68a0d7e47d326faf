"""Which database a command works on: the laptop stack's, or the one that MONGODB_URI names. And who runs it."""

import getpass
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from chalicelib.bootstrap import Operations, shell_operations
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.monitoring.logger import logged_to
from chalicelib.repositories.database import MongoDatabase, open_database, ping
from infra.errors import OperatorError
from infra.local.layout import Layout

Command = Callable[..., Any]
json_option = click.option("--json", "as_json", is_flag=True, help="print JSON instead of a table")


def name_option(command: Command) -> Command:
    """The option that names a laptop stack."""
    text = "which laptop stack; MONGODB_URI names another server, MONGODB_DATABASE another database"
    return click.option("--name", envvar="STACK_NAME", default="local", show_default=True, help=text)(command)


@contextmanager
def connected(name: str) -> Iterator[Operations]:
    """The operations on a database that answers."""
    with database_of(name) as database:
        yield shell_operations(database)


@contextmanager
def database_of(name: str) -> Iterator[MongoDatabase]:
    """A database that answers. What the application refuses is a OperatorError, which the command line shows.

    What the application logs meanwhile goes to standard error.
    """
    layout = Layout.chosen(name, {})
    database = open_database(layout.mongodb_uri, layout.database)
    try:
        with logged_to(sys.stderr):
            ping(database)
            yield database
    except EnergyMonitorError as error:
        raise OperatorError(str(error)) from error
    finally:
        database.client.close()


def person() -> str:
    """Who runs a command, as records name them."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
