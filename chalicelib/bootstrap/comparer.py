"""Both backends, and the comparer that asks them the same question."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from secrets import token_bytes

from chalicelib.bootstrap.operations import LIMITS, Ports, now, shell_ports
from chalicelib.domain.gate.evidence import Limits
from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.decision import Backend
from chalicelib.domain.rollout.pseudonyms import Pseudonyms
from chalicelib.repositories.database import MongoDatabase, time_limit
from chalicelib.repositories.measurements import MongoPageMeasurements
from chalicelib.services.backends.new_backend import NewBackend
from chalicelib.services.backends.old_backend import OldBackend
from chalicelib.services.comparison.asking import RecordedComparison
from chalicelib.services.comparison.compare_backends import BackendComparison
from chalicelib.services.comparison.page_times import PageTimesService
from chalicelib.services.comparison.runs import BackendComparer
from chalicelib.services.gate.census import CensusService
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService

CHANCE = Random()  # noqa: S311 for samples and order, not for secrets


@dataclass(frozen=True, slots=True)
class Backends:
    """Both backends, and what they record with."""

    energy: EnergyCrudService
    imports: CsvImportService
    old: OldBackend
    new: NewBackend


def backends(ports: Ports, clock: Clock) -> Backends:
    """Put both backends together."""
    energy = EnergyCrudService(ports.transactions, ports.settings, ports.publisher, clock)
    imports = CsvImportService(ports.transactions, ports.settings, ports.queries, ports.publisher, clock)
    old = OldBackend(ports.queries, clock, energy, imports)
    return Backends(energy, imports, old, NewBackend(ports.display, ports.queries, clock, energy, imports))


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
    """The same for a shell. Without ``pseudonyms`` users have names that nobody else knows."""
    ports, hidden = shell_ports(database), pseudonyms or random_pseudonyms()
    return comparer(asking(backends(ports, now), ports, hidden, now, code), ports, hidden, now)


def shell_page_times(database: MongoDatabase) -> PageTimesService:
    """What pages and the server have measured, for a shell."""
    return PageTimesService(MongoPageMeasurements(database))


def random_pseudonyms() -> Pseudonyms:
    """Pseudonyms by a key of this process alone."""
    return Pseudonyms(token_bytes(32))
