"""Composes reading and changing of flags, on AppConfig and MongoDB."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import sleep, time

from chalicelib.bootstrap.operations import REQUEST_SECONDS, Ports, now, shell_ports
from chalicelib.domain.migration.gate.verdict import Gate
from chalicelib.domain.migration.records.decision import RolloutDecisions
from chalicelib.domain.migration.records.flag_history import FlagHistory, KnownUsers
from chalicelib.domain.migration.records.usage import UsageLog
from chalicelib.domain.migration.rollouts.ports import Rollouts
from chalicelib.domain.migration.sync.reconciliation import SyncControl
from chalicelib.domain.ports.outside import Clock
from chalicelib.flags.appconfig.clients import AppConfigIds, FlagClients
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import FlagDeployment, Waiting
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.carried import CarriedFlags
from chalicelib.flags.changes.gated import ManualRises
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.flags.changes.past import FlagPast
from chalicelib.flags.changes.publishing import FlagPublishing
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore, FlagStore, Reports
from chalicelib.repositories.database import MongoDatabase
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.services.migration.backends.decisions import RolloutService
from chalicelib.services.migration.rollouts.carrier import RolloutCarrier
from chalicelib.services.migration.rollouts.commands import RolloutCommands
from chalicelib.services.migration.rollouts.taking import Taking

NO_PLACE = AppConfigIds("", "", "", "")  # nobody answers there: everybody gets the old backend


@dataclass(frozen=True, slots=True)
class FlagAdapters:
    """AppConfig as one process reaches it: the store it decides by, new ones to watch with, the home it changes.

    ``look``: the same home for who only looks, and gives up sooner.
    """

    store: FlagStore
    new_store: Callable[[], FlagStore]
    home: AppConfigControlPlane
    look: AppConfigControlPlane
    waiting: Waiting = field(default_factory=lambda: Waiting(time, sleep))


@dataclass(frozen=True, slots=True)
class FlagOperations:
    """Looking at flags, now and in the past, and changing them, by hand and by rollouts."""

    overview: FlagOverview
    changes: FlagChanges
    past: FlagPast
    rollouts: RolloutCommands
    carrier: RolloutCarrier


@dataclass(frozen=True, slots=True)
class FlagRecords:
    """What the database knows of flags, of the people behind them, and of the data that they wait for."""

    history: FlagHistory
    users: KnownUsers
    control: SyncControl
    usage: UsageLog
    rollouts: Rollouts


def flag_records(ports: Ports) -> FlagRecords:
    """Compose the adapters that keep records of flags."""
    return FlagRecords(ports.flag_history, ports.known_users, ports.sync_control, ports.usage, ports.rollouts)


def shell_flags(
    database: MongoDatabase, clients: FlagClients, place: AppConfigIds, gate: Callable[[FlagOverview], Gate]
) -> FlagOperations:
    """The operators' flags for a shell, which says by itself what is wrong with them."""
    adapters = appconfig_adapters(clients, place)
    decisions = RolloutService(FlagDecisions(adapters.store), MongoReadingQueries(database, REQUEST_SECONDS).sync, now)
    records = flag_records(shell_ports(database))
    judge = gate(_overview(adapters, decisions, records, now))
    return flag_operations(adapters, decisions, records, judge, now)


def flag_operations(
    adapters: FlagAdapters, decisions: RolloutDecisions, records: FlagRecords, gate: Gate, clock: Clock
) -> FlagOperations:
    """Put the use cases together."""
    rollouts, control = records.rollouts, records.control
    publishing = flag_publishing(adapters, records.history, clock)
    changes = FlagChanges(publishing, records.users, control, ManualRises(gate, rollouts))
    flags = CarriedFlags(adapters.look, changes)
    taking = Taking(rollouts, flags, clock)
    return FlagOperations(
        _overview(adapters, decisions, records, clock),
        changes,
        FlagPast(adapters.look, records.history, control, records.usage, clock),
        RolloutCommands(rollouts, flags, gate, taking, clock),
        RolloutCarrier(rollouts, flags, gate, taking, clock),
    )


def _overview(adapters: FlagAdapters, decisions: RolloutDecisions, records: FlagRecords, clock: Clock) -> FlagOverview:
    return FlagOverview(
        adapters.look, adapters.store, decisions, records.history, records.users, records.control, clock
    )


def flag_publishing(adapters: FlagAdapters, history: FlagHistory, clock: Clock) -> FlagPublishing:
    """How a changed document is deployed and recorded."""
    deployment = FlagDeployment(adapters.home, adapters.waiting)
    return FlagPublishing(deployment, adapters.new_store, history, adapters.waiting, clock)


def appconfig_adapters(clients: FlagClients, place: AppConfigIds, reports: Reports | None = None) -> FlagAdapters:
    """The adapters on AppConfig; nothing is asked before somebody wants to know."""

    def store(reports: Reports) -> FlagStore:
        return AppConfigFlagStore(ConfigurationSession(clients.reading, place, time), reports, time)

    silent = SilentReports()
    home, look = (AppConfigControlPlane(client, place) for client in (clients.changing, clients.looking))
    return FlagAdapters(store(reports or silent), partial(store, silent), home, look)
