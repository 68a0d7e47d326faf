"""Looking at flags and changing them, on AppConfig and MongoDB."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import sleep, time

from chalicelib.bootstrap.operations import REQUEST_SECONDS, now
from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.decision import RolloutDecisions
from chalicelib.domain.rollout.flag_history import FlagHistory, KnownUsers
from chalicelib.domain.rollout.usage import UsageLog
from chalicelib.domain.sync.reconciliation import SyncControl
from chalicelib.flags.appconfig.clients import AppConfigIds, FlagClients
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import FlagDeployment, Waiting
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.flags.changes.past import FlagPast
from chalicelib.flags.changes.publishing import FlagPublishing
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore, FlagStore, Reports
from chalicelib.repositories.database import MongoDatabase
from chalicelib.repositories.flag_changes import MongoFlagHistory
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.repositories.register import MongoKnownUsers
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.repositories.usage import MongoUsageLog
from chalicelib.services.backends.decisions import RolloutService

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
    """Looking at flags, now and in the past, and changing them."""

    overview: FlagOverview
    changes: FlagChanges
    past: FlagPast


def shell_flags(database: MongoDatabase, clients: FlagClients, place: AppConfigIds) -> FlagOperations:
    """The operators' flags for a shell, which says by itself what is wrong with them."""
    adapters = appconfig_adapters(clients, place)
    decisions = RolloutService(FlagDecisions(adapters.store), MongoReadingQueries(database, REQUEST_SECONDS).sync, now)
    history, users, usage = MongoFlagHistory(database), MongoKnownUsers(database), MongoUsageLog(database)
    return flag_operations(adapters, decisions, history, users, MongoSyncControl(database), usage, now)


def flag_operations(
    adapters: FlagAdapters,
    decisions: RolloutDecisions,
    history: FlagHistory,
    users: KnownUsers,
    control: SyncControl,
    usage: UsageLog,
    clock: Clock,
) -> FlagOperations:
    """Put the use cases together."""
    return FlagOperations(
        FlagOverview(adapters.look, adapters.store, decisions, history, users, control, clock),
        FlagChanges(flag_publishing(adapters, history, clock), users, control),
        FlagPast(adapters.look, history, control, usage, clock),
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
