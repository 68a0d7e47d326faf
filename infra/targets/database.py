"""Opens the database of a target, and says in words what is wrong with it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.domain.errors import EnergyMonitorError, UnavailableError
from chalicelib.monitoring.logger import logged_to
from chalicelib.monitoring.people import people_named
from chalicelib.monitoring.trace import begin_trace
from chalicelib.repositories.database import MongoDatabase, open_database, ping
from infra.errors import OperatorError
from infra.local.layout import hosts_of
from infra.targets.same_system import require_one_system
from infra.targets.target import Target

if TYPE_CHECKING:
    from chalicelib.bootstrap.operations import Operations


@contextmanager
def connected(target: Target) -> "Iterator[Operations]":
    """The operations on a target's database, which answers."""
    from chalicelib.bootstrap.operations import shell_operations

    with database_of(target) as database:
        yield shell_operations(database, own_code)


@cache
def own_code() -> str:
    """The digest of the code that a shell runs, which stays the same while it runs."""
    from infra.deployment.packaging import ROOT, digest_of_sources

    return digest_of_sources(ROOT)


@contextmanager
def database_of(target: Target) -> Iterator[MongoDatabase]:
    """Open the database of a target, and check that it answers."""
    with opened(target) as database:
        _require_answer(target, database)
        yield database


@contextmanager
def opened(target: Target) -> Iterator[MongoDatabase]:
    """A database that was not asked yet whether it answers: a way back must not wait for it.

    What the application refuses is an OperatorError, which the command line shows; what it logs goes to standard error.
    What the command does is a trace of its own.

    Raises:
        OperatorError: the stage's database was not named, or it is not the one that the stack or stage uses.
    """
    if not target.uri:
        raise OperatorError(
            f"MONGODB_URI names the database of stage {target.stage}: set it, and MONGODB_DATABASE where it is another"
        )
    if target.must_agree:
        require_one_system(target)
    database = open_database(target.uri, target.database_name)
    begin_trace()
    try:
        with logged_to(sys.stderr), people_named():
            yield database
    except UnavailableError as error:
        raise target.explained(error) from error
    except EnergyMonitorError as error:
        raise OperatorError(str(error)) from error
    finally:
        database.client.close()


def _require_answer(target: Target, database: MongoDatabase) -> None:
    try:
        ping(database)
    except UnavailableError as error:
        raise target.no_answer(f"the database at {hosts_of(target.uri)}") from error
