"""Composes the comparer, which asks both backends the same question, and the census."""

from collections.abc import Callable
from random import Random

from chalicelib.bootstrap.backends import Backends, backends
from chalicelib.bootstrap.operations import LIMITS, Ports, now, shell_ports
from chalicelib.bootstrap.pseudonyms import random_pseudonyms
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.migration.gate.evidence import Limits
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.repositories.database import MongoDatabase, time_limit
from chalicelib.repositories.measurements import MongoPageMeasurements
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.comparison.compare_backends import BackendComparison
from chalicelib.services.migration.comparison.page_times import PageTimesService
from chalicelib.services.migration.comparison.runs import BackendComparer
from chalicelib.services.migration.gate.census import CensusService

CHANCE = Random()  # noqa: S311 for samples and order, not for secrets


def asking(
    both: Backends, ports: Ports, pseudonyms: Pseudonyms, clock: Clock, code: Callable[[], str]
) -> RecordedComparison:
    """Put together what asks both backends and remembers what came of it."""
    comparison = BackendComparison({Backend.OLD: both.old, Backend.NEW: both.new}, ports.display, time_limit, CHANCE)
    return RecordedComparison(comparison, ports.comparisons, ports.counted, pseudonyms, clock, code)


def comparer(asking: RecordedComparison, ports: Ports, pseudonyms: Pseudonyms, clock: Clock) -> BackendComparer:
    """Put the comparer together."""
    log, users = ports.comparisons, ports.known_users
    return BackendComparer(asking, log, ports.counted, ports.feedback, ports.queries, users, pseudonyms, clock, CHANCE)


def census(
    asking: RecordedComparison, ports: Ports, pseudonyms: Pseudonyms, clock: Clock, limits: Limits = LIMITS
) -> CensusService:
    """Put the census together."""
    return CensusService(asking, ports.census, ports.queries, ports.known_users, pseudonyms, clock, limits)


def shell_comparer(
    database: MongoDatabase, code: Callable[[], str], pseudonyms: Pseudonyms | None = None
) -> BackendComparer:
    """Compose the comparer for a shell. Without ``pseudonyms`` users have names that nobody else knows."""
    ports, hidden = shell_ports(database), pseudonyms or random_pseudonyms()
    return comparer(asking(backends(ports, now), ports, hidden, now, code), ports, hidden, now)


def shell_page_times(database: MongoDatabase) -> PageTimesService:
    """What pages and the server have measured, for a shell."""
    return PageTimesService(MongoPageMeasurements(database))
