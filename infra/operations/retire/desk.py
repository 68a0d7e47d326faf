"""The desk on which a target's calendar lies, and the target's flags."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.bootstrap.operations import now, shell_ports
from chalicelib.domain.migration.status.flags import FlagsSeen
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.migration.retirement.desk import RetirementDesk
from infra.targets.database import database_of
from infra.targets.flags import overview_of
from infra.targets.target import Target


def flags_of(target: Target, database: MongoDatabase) -> FlagsSeen:
    """The flags of a target, as they were looked at."""
    return flags_seen(overview_of(target, database)().listing())


def desk_on(database: MongoDatabase) -> RetirementDesk:
    """The desk of a database."""
    return RetirementDesk(shell_ports(database).retirement, now)


@contextmanager
def desk_of(target: Target) -> Iterator[RetirementDesk]:
    """Open the database of a target, and its desk."""
    with database_of(target) as database:
        yield desk_on(database)
