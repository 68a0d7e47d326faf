"""Commands on the calendar of a target, and its flags."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.bootstrap.operations import now, shell_ports
from chalicelib.domain.migration.status.flags import FlagsSeen
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.migration.retirement.commands import RetirementCommands
from infra.targets.database import database_of
from infra.targets.flags import overview_of
from infra.targets.target import Target


def flags_of(target: Target, database: MongoDatabase) -> FlagsSeen:
    """The flags of a target, as they were looked at."""
    return flags_seen(overview_of(target, database)().listing())


def commands_on(database: MongoDatabase) -> RetirementCommands:
    """The commands of a database."""
    return RetirementCommands(shell_ports(database).retirement, now)


@contextmanager
def commands_of(target: Target) -> Iterator[RetirementCommands]:
    """Open the database of a target, and its commands."""
    with database_of(target) as database:
        yield commands_on(database)
