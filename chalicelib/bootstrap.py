"""The composition root: the only place that names concrete adapters. Nothing is opened before it is used."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from random import Random
from secrets import token_bytes
from time import sleep, time, time_ns
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities import parameters
from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

from chalicelib.auth import KeyStore, TokenVerifier, fetch_key_set
from chalicelib.domain.lagging_meters import LaggingMeters
from chalicelib.domain.ports import (
    Clock,
    DisplayDataRepository,
    EventPublisher,
    ReadingQueries,
    SettingsRepository,
    Transactions,
)
from chalicelib.domain.rollout.comparison_log import ComparisonLog
from chalicelib.domain.rollout.decision import Backend, RolloutDecisions
from chalicelib.domain.rollout.flag_history import FlagHistory, KnownUsers
from chalicelib.domain.rollout.pseudonyms import Pseudonyms
from chalicelib.domain.rollout.usage import UsageLog
from chalicelib.domain.sync.reconciliation import ChangeFeed, ReconciliationRepository, SyncControl
from chalicelib.domain.sync.repairs import RepairedReadings
from chalicelib.events.client import eventbridge
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.flags.appconfig.clients import AppConfigIds, FlagClients
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import FlagDeployment, Waiting
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.flags.changes.publishing import FlagPublishing
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import LoggedReports, SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore, FlagStore, Reports
from chalicelib.monitoring.logger import logger
from chalicelib.repositories.change_feed import MongoChangeFeed
from chalicelib.repositories.comparisons import MongoComparisonLog
from chalicelib.repositories.database import MongoDatabase, open_database, ping, time_limit
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.flag_changes import MongoFlagHistory
from chalicelib.repositories.known_users import MongoKnownUsers
from chalicelib.repositories.lagging import MongoLaggingMeters
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.repositories.reconciliation import MongoReconciliationRepository
from chalicelib.repositories.register import MongoMeterRegister
from chalicelib.repositories.repaired import MongoRepairedReadings
from chalicelib.repositories.settings import MongoSettingsRepository
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.repositories.transactions import MongoTransactions
from chalicelib.repositories.usage import MongoUsageLog
from chalicelib.services.backends.backend_router import BackendRouter, NobodyDecides
from chalicelib.services.backends.backend_usage import BackendUsageTracker
from chalicelib.services.backends.decisions import RolloutService
from chalicelib.services.backends.new_backend import NewBackend
from chalicelib.services.backends.old_backend import OldBackend
from chalicelib.services.comparison.compare_backends import BackendComparison
from chalicelib.services.comparison.runs import BackendComparer
from chalicelib.services.display.display import DisplayService
from chalicelib.services.recording.configuration import ConfigurationService
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService
from chalicelib.services.refresh.calculation import DisplayDataCalculationService
from chalicelib.services.refresh.display_check import DisplayCheck
from chalicelib.services.refresh.meter_walk import MeterWalk
from chalicelib.services.refresh.rebuild import RebuildService
from chalicelib.services.refresh.recalculation import RecalculationService
from chalicelib.services.refresh.refreshing_publisher import RefreshingPublisher
from chalicelib.services.refresh.replay import ReplayService
from chalicelib.services.refresh.sweeper import SweeperService
from chalicelib.services.sync.consistency import ConsistencyService
from chalicelib.services.sync.sync_job import SyncJobService
from chalicelib.services.sync.sync_modes import SyncModeService
from chalicelib.services.sync.undo import UndoService
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from types_boto3_events.client import EventBridgeClient

# For transactions and snapshots: API Gateway gives up after 29 s, and an import of 50,000 rows takes a while.
REQUEST_SECONDS = 20.0
NO_PLACE = AppConfigIds("", "", "", "")  # nobody answers there: everybody gets the old backend


class Secrets(BaseModel):
    """What a deployment keeps in Secrets Manager, as one JSON document."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)

    mongodb_uri: SecretStr
    pseudonym_key: SecretStr


@dataclass(frozen=True, slots=True)
class Ports:
    """The adapters that the use cases run on: concrete ones in Lambda, fakes in tests."""

    transactions: Transactions
    settings: SettingsRepository
    queries: ReadingQueries
    display: DisplayDataRepository
    lagging: LaggingMeters
    publisher: EventPublisher
    sync_control: SyncControl
    twins: ReconciliationRepository
    changes: ChangeFeed
    repaired: RepairedReadings
    usage: UsageLog
    comparisons: ComparisonLog
    flag_history: FlagHistory
    known_users: KnownUsers
    ping: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Operations:
    """What keeps both sides equal, and the display with them: for schedules and the operator's command line."""

    modes: SyncModeService
    sync: SyncJobService
    consistency: ConsistencyService
    undo: UndoService
    rebuild: RebuildService
    sweeper: SweeperService


@dataclass(frozen=True, slots=True)
class FlagAdapters:
    """AppConfig as one process reaches it: the store it decides by, new ones to watch with, the home it changes."""

    store: FlagStore
    new_store: Callable[[], FlagStore]
    home: AppConfigControlPlane
    waiting: Waiting = field(default_factory=lambda: Waiting(time, sleep))


@dataclass(frozen=True, slots=True)
class FlagOperations:
    """Looking at flags and changing them."""

    overview: FlagOverview
    changes: FlagChanges


@dataclass(frozen=True, slots=True)
class Container:
    """What routes and event functions use."""

    verifier: TokenVerifier
    energy: EnergyCrudService
    imports: CsvImportService
    configuration: ConfigurationService
    queries: ReadingQueries
    old: OldBackend
    new: NewBackend
    router: BackendRouter
    usage: BackendUsageTracker
    comparer: BackendComparer
    display: DisplayService
    calculation: DisplayDataCalculationService
    recalculation: RecalculationService
    operations: Operations
    flags: FlagOperations
    ping: Callable[[], None]
    clock: Clock


@dataclass(frozen=True, slots=True)
class Rollout:
    """The flags that decide which backend answers whom, and what hides them from those who look on."""

    flags: RolloutDecisions = field(default_factory=NobodyDecides)
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(token_bytes(32)))
    appconfig: FlagAdapters = field(default_factory=lambda: appconfig_adapters(FlagClients(), NO_PLACE))


def compose(ports: Ports, verifier: TokenVerifier, clock: Clock, rollout: Rollout | None = None) -> Container:
    """Put the use cases together on given adapters."""
    rollout = rollout or Rollout()
    decisions = RolloutService(rollout.flags, ports.queries.sync, clock)
    energy = EnergyCrudService(ports.transactions, ports.settings, ports.publisher, clock)
    imports = CsvImportService(ports.transactions, ports.settings, ports.publisher, clock)
    display = DisplayService(ports.display, ports.queries, clock)
    old = OldBackend(ports.queries, clock, energy, imports)
    new = NewBackend(display, ports.queries, energy, imports)
    chance = Random()  # noqa: S311 for samples and order, not for secrets
    comparison = BackendComparison({Backend.OLD: old, Backend.NEW: new}, ports.display, time_limit, chance)
    calculation = DisplayDataCalculationService(ports.display, ports.queries, clock)
    return Container(
        verifier=verifier,
        energy=energy,
        imports=imports,
        configuration=ConfigurationService(ports.transactions, ports.settings, ports.queries, ports.publisher, clock),
        queries=ports.queries,
        old=old,
        new=new,
        router=BackendRouter(old, new, decisions),
        usage=BackendUsageTracker(ports.usage, rollout.pseudonyms, clock),
        comparer=BackendComparer(
            comparison, ports.comparisons, ports.queries, ports.known_users, rollout.pseudonyms, clock, chance
        ),
        display=display,
        calculation=calculation,
        recalculation=RecalculationService(ports.transactions, calculation, clock),
        operations=operations(ports, clock),
        flags=flag_operations(
            rollout.appconfig, decisions, ports.flag_history, ports.known_users, ports.sync_control, clock
        ),
        ping=ports.ping,
        clock=clock,
    )


def operations(ports: Ports, clock: Clock) -> Operations:
    """Put together what keeps both sides equal, and the display with them."""
    control, twins = ports.sync_control, ports.twins
    calculation = DisplayDataCalculationService(ports.display, ports.queries, clock)
    recalculation = RecalculationService(ports.transactions, calculation, clock)
    walk = MeterWalk(control, twins, clock)
    check = DisplayCheck(twins, ports.queries, ports.display, clock)
    consistency = ConsistencyService(control, twins, walk, check, recalculation, ports.changes, clock)
    return Operations(
        modes=SyncModeService(control, consistency.count_differences, twins.count_readings, clock),
        sync=SyncJobService(control, twins, ports.changes, ports.publisher, clock),
        consistency=consistency,
        undo=UndoService(ports.repaired, calculation, clock),
        rebuild=RebuildService(control, walk, check, recalculation),
        sweeper=SweeperService(ports.lagging, ports.queries, calculation, clock),
    )


def shell_operations(database: MongoDatabase) -> Operations:
    """The same for a shell, which reaches no event bus: what an event would bring about is done on the spot."""
    return operations(mongo_ports(database, RefreshingPublisher(_shell_calculation(database))), now)


def shell_replay(database: MongoDatabase, bus: "EventBridgeClient", bus_name: str) -> ReplayService:
    """The replay, for a shell that reaches the event bus."""
    transactions = MongoTransactions(database, REQUEST_SECONDS)
    recalculation = RecalculationService(transactions, _shell_calculation(database), now)
    publisher = EventBridgePublisher(lambda: bus, bus_name, counted=lambda _metric, _value: None)
    return ReplayService(MongoMeterRegister(database, REQUEST_SECONDS), recalculation, publisher.send, now)


def _shell_calculation(database: MongoDatabase) -> DisplayDataCalculationService:
    return DisplayDataCalculationService(
        MongoDisplayDataRepository(database, REQUEST_SECONDS), MongoReadingQueries(database, REQUEST_SECONDS), now
    )


def shell_flags(database: MongoDatabase, clients: FlagClients, place: AppConfigIds) -> FlagOperations:
    """The operators' flags for a shell, which says by itself what is wrong with them."""
    adapters = appconfig_adapters(clients, place)
    decisions = RolloutService(FlagDecisions(adapters.store), MongoReadingQueries(database, REQUEST_SECONDS).sync, now)
    history, users = MongoFlagHistory(database), MongoKnownUsers(database)
    return flag_operations(adapters, decisions, history, users, MongoSyncControl(database), now)


def flag_operations(
    adapters: FlagAdapters,
    decisions: RolloutDecisions,
    history: FlagHistory,
    users: KnownUsers,
    control: SyncControl,
    clock: Clock,
) -> FlagOperations:
    """Put the use cases together."""
    deployment = FlagDeployment(adapters.home, adapters.waiting)
    publishing = FlagPublishing(deployment, adapters.new_store, history, adapters.waiting, clock)
    return FlagOperations(
        FlagOverview(adapters.home, adapters.store, decisions, history, users, control, clock),
        FlagChanges(publishing, users, control),
    )


def appconfig_adapters(clients: FlagClients, place: AppConfigIds, reports: Reports | None = None) -> FlagAdapters:
    """The adapters on AppConfig; nothing is asked before somebody wants to know."""

    def store(reports: Reports) -> FlagStore:
        return AppConfigFlagStore(ConfigurationSession(clients.reading, place, time), reports, time)

    silent = SilentReports()
    return FlagAdapters(
        store(reports or silent), partial(store, silent), AppConfigControlPlane(clients.changing, place)
    )


def mongo_ports(database: MongoDatabase, publisher: EventPublisher) -> Ports:
    """The adapters on MongoDB."""
    return Ports(
        transactions=MongoTransactions(database, REQUEST_SECONDS),
        settings=MongoSettingsRepository(database),
        queries=MongoReadingQueries(database, REQUEST_SECONDS),
        display=MongoDisplayDataRepository(database, REQUEST_SECONDS),
        lagging=MongoLaggingMeters(database, REQUEST_SECONDS),
        publisher=publisher,
        sync_control=MongoSyncControl(database),
        twins=MongoReconciliationRepository(database, REQUEST_SECONDS, now),
        changes=MongoChangeFeed(database, REQUEST_SECONDS),
        repaired=MongoRepairedReadings(database, REQUEST_SECONDS, now),
        usage=MongoUsageLog(database),
        comparisons=MongoComparisonLog(database),
        flag_history=MongoFlagHistory(database),
        known_users=MongoKnownUsers(database),
        ping=partial(ping, database),
    )


def now() -> int:
    """The wall clock as UTC epoch milliseconds."""
    return time_ns() // 1_000_000


def container() -> Container:
    """The container of this process; tests put another in its place with ``using``."""
    return _overrides[-1] if _overrides else _deployed()


@contextmanager
def using(replacement: Container) -> Iterator[None]:
    """Let routes and event functions use another container, for as long as the block runs."""
    _overrides.append(replacement)
    try:
        yield
    finally:
        _overrides.remove(replacement)


_overrides: list[Container] = []


@cache
def _deployed() -> Container:
    settings = Settings.from_environment()
    logger().setLevel(settings.log_level)
    secrets = Secrets.model_validate(parameters.get_secret(settings.secret_id, transform="json"))
    publisher = EventBridgePublisher(eventbridge, settings.event_bus_name)
    database = open_database(secrets.mongodb_uri.get_secret_value(), settings.mongodb_database)
    ports = mongo_ports(database, publisher)
    keys = KeyStore(partial(fetch_key_set, settings.auth_jwks_url))
    verifier = TokenVerifier(keys, settings.auth_issuer, settings.auth_audience)
    pseudonyms = Pseudonyms(secrets.pseudonym_key.get_secret_value().encode())
    adapters = appconfig_adapters(FlagClients(), _flag_place(settings), LoggedReports())
    return compose(ports, verifier, now, Rollout(FlagDecisions(adapters.store), pseudonyms, adapters))


def _flag_place(settings: Settings) -> AppConfigIds:
    return AppConfigIds(
        settings.flags_application_id,
        settings.flags_environment_id,
        settings.flags_profile_id,
        settings.flags_strategy_id,
    )
