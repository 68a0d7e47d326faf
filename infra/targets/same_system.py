"""Refuses a database that is not the one of the stack or stage: one change must not act on two systems.

Known by asking: the primary of a replica set gives its process an id, and both addresses must lead to that process.
Addresses differ (names, members, tunnels) where the system is the same, so they are compared only to save the question.
"""

import json
from dataclasses import dataclass

import click

from chalicelib.domain.errors import UnavailableError
from chalicelib.repositories.database import open_database, time_limit
from infra.errors import OperatorError
from infra.local.layout import hosts_of
from infra.targets.target import Target

READ_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """The address of a database: connection string and name."""

    uri: str
    database: str

    def __str__(self) -> str:
        return f"{hosts_of(self.uri)}/{self.database}"


def require_one_system(target: Target) -> None:
    """Raise OperatorError where the database that was named is not the stack's or the stage's own.

    Where that cannot be found out, a line on standard error says so: a way back must stay open.
    """
    try:
        own, said = own_place(target), Place(target.uri, target.database_name)
        is_same = own == said or (own.database == said.database and _process(own.uri) == _process(said.uri))
    except UnknownPlaceError as error:
        click.echo(f"not checked whether {target.address} is the database of {target.place}: {error}", err=True)
        return
    if not is_same:
        raise OperatorError(
            f"{said} is not the database of {target.place}, which uses {own}. "
            "Leave out MONGODB_URI and MONGODB_DATABASE, or name the stack or stage that they belong to"
        )


class UnknownPlaceError(Exception):
    """Raised when it cannot be found out which database a deployment uses, or which server an address leads to."""


def own_place(target: Target) -> Place:
    """The database that a stack's or stage's functions use. Raises UnknownPlaceError."""
    if target.layout:
        return Place(target.layout.mongodb_uri, target.layout.database)
    return _from_secret(target)


def _from_secret(target: Target) -> Place:
    from botocore.exceptions import BotoCoreError, ClientError

    from infra.targets.deployment import Deployment

    deployment = Deployment.of(target)
    try:
        parameters = deployment.parameters()
        secret = deployment.client("secretsmanager").get_secret_value(SecretId=parameters["SecretId"])
        return Place(json.loads(secret["SecretString"])["mongodbUri"], parameters["MongoDatabase"])
    except KeyError as error:
        raise UnknownPlaceError(f"its application was not deployed, or has no {error.args[0]}") from error
    except (BotoCoreError, ClientError) as error:
        raise UnknownPlaceError(str(error)) from error
    except ValueError as error:
        raise UnknownPlaceError("its secret is no JSON document") from error


def _process(uri: str) -> object:
    """The id of the server process that is primary behind an address."""
    client = open_database(uri, "admin").client
    try:
        with time_limit(READ_SECONDS):
            hello = client.admin.command("hello")
    except UnavailableError as error:
        raise UnknownPlaceError(f"{hosts_of(uri)} did not answer") from error
    finally:
        client.close()
    return hello.get("topologyVersion", {}).get("processId") or (hello.get("setName"), *hello.get("hosts", ()))
