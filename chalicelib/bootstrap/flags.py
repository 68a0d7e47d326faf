"""Looking at flags and changing them, on AppConfig and MongoDB."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import sleep, time

from typing_extensions import override

from chalicelib.bootstrap.operations import REQUEST_SECONDS, now
from chalicelib.domain.gate.verdict import Condition, ConditionName, Gate, GateVerdict
from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.decision import Component, RolloutDecisions
from chalicelib.domain.rollout.flag_history import FlagHistory, KnownUsers
from chalicelib.domain.rollouts.ports import Rollouts
from chalicelib.domain.sync.reconciliation import SyncControl
from chalicelib.flags.appconfig.clients import AppConfigIds, FlagClients
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import FlagDeployment, Waiting
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.carried import CarriedFlags
from chalicelib.flags.changes.gated import ManualRises
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.flags.changes.publishing import FlagPublishing
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore, FlagStore, Reports
from chalicelib.repositories.database import MongoDatabase
from chalicelib.repositories.flag_changes import MongoFlagHistory
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.repositories.register import MongoKnownUsers
from chalicelib.repositories.rollouts import MongoRollouts
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.services.backends.decisions import RolloutService
from chalicelib.services.rollouts.carrier import RolloutCarrier
from chalicelib.services.rollouts.desk import RolloutDesk
from chalicelib.services.rollouts.taking import Taking

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
    """Looking at flags and changing them, by hand and by rollouts."""

    overview: FlagOverview
    changes: FlagChanges
    rollouts: RolloutDesk
    carrier: RolloutCarrier


class NobodyJudges(Gate):
    """A gate without evidence: who does not know does not go on."""

    @override
    def verdict(self, component: Component) -> GateVerdict:
        problem = Condition(ConditionName.DATA, None, "nobody can say: this process gathers no evidence", "")
        return GateVerdict(component, now(), "", [problem])


def shell_flags(
    database: MongoDatabase, clients: FlagClients, place: AppConfigIds, gate: Gate | None = None
) -> FlagOperations:
    """The operators' flags for a shell, which says by itself what is wrong with them."""
    adapters = appconfig_adapters(clients, place)
    decisions = RolloutService(FlagDecisions(adapters.store), MongoReadingQueries(database, REQUEST_SECONDS).sync, now)
    history, users = MongoFlagHistory(database), MongoKnownUsers(database)
    judged, rollouts = gate or NobodyJudges(), MongoRollouts(database)
    return flag_operations(adapters, decisions, history, users, MongoSyncControl(database), judged, rollouts, now)


def flag_operations(
    adapters: FlagAdapters,
    decisions: RolloutDecisions,
    history: FlagHistory,
    users: KnownUsers,
    control: SyncControl,
    gate: Gate,
    rollouts: Rollouts,
    clock: Clock,
) -> FlagOperations:
    """Put the use cases together."""
    changes = FlagChanges(flag_publishing(adapters, history, clock), users, control, ManualRises(gate, rollouts))
    flags = CarriedFlags(adapters.look, changes)
    taking = Taking(rollouts, flags, clock)
    return FlagOperations(
        FlagOverview(adapters.look, adapters.store, decisions, history, users, control, clock),
        changes,
        RolloutDesk(rollouts, flags, gate, taking, clock),
        RolloutCarrier(rollouts, flags, gate, taking, clock),
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
