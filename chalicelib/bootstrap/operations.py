"""Composes the jobs that keep both sides and the display equal, on MongoDB. Imports no client of AWS."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from time import time_ns

from typing_extensions import override

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.fan_out import FanOutRecords, RangeQueue, RangeTask
from chalicelib.domain.meters.lagging import LaggingMeters
from chalicelib.domain.meters.packing import SeriesPacking
from chalicelib.domain.meters.walks import DisplayedMeters, WalkControl
from chalicelib.domain.migration.gate.census_records import CensusRecords
from chalicelib.domain.migration.gate.counted import CountedEvidence
from chalicelib.domain.migration.gate.evidence import Limits
from chalicelib.domain.migration.records.comparison_log import ComparisonLog
from chalicelib.domain.migration.records.feedback import FeedbackLog
from chalicelib.domain.migration.records.figures import RolloutFigures
from chalicelib.domain.migration.records.flag_history import FlagHistory, KnownUsers
from chalicelib.domain.migration.records.measurements import PageMeasurements
from chalicelib.domain.migration.records.usage import UsageLog
from chalicelib.domain.migration.retirement.ports import RetirementRecords
from chalicelib.domain.migration.rollouts.ports import Rollouts
from chalicelib.domain.migration.status.records import StatusRecords
from chalicelib.domain.migration.sync.change_feed import ChangeFeed
from chalicelib.domain.migration.sync.reconciliation import ReconciliationRepository, SyncControl
from chalicelib.domain.migration.sync.repairs import RepairedReadings
from chalicelib.domain.operating import OperatorActions
from chalicelib.domain.people.account import AccountExport, Erasures
from chalicelib.domain.ports.outside import Clock, EventPublisher
from chalicelib.domain.ports.reading import DisplayDataRepository, ImportList, ReadingQueries, SettingsRepository
from chalicelib.domain.ports.writing import Transactions
from chalicelib.repositories.account_export import MongoAccountExport
from chalicelib.repositories.census import MongoCensusRecords
from chalicelib.repositories.change_feed import MongoChangeFeed
from chalicelib.repositories.comparisons import MongoComparisonLog
from chalicelib.repositories.counted_evidence import MongoCountedEvidence
from chalicelib.repositories.database import MongoDatabase, ping, together
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.displayed_meters import MongoDisplayedMeters
from chalicelib.repositories.erasure import MongoErasures
from chalicelib.repositories.fan_out import MongoFanOutRecords
from chalicelib.repositories.feedback import MongoFeedbackLog
from chalicelib.repositories.figures import MongoRolloutFigures
from chalicelib.repositories.flag_changes import MongoFlagHistory
from chalicelib.repositories.imports import MongoImportList
from chalicelib.repositories.lagging import MongoLaggingMeters
from chalicelib.repositories.measurements import MongoPageMeasurements
from chalicelib.repositories.operator_actions import MongoOperatorActions
from chalicelib.repositories.packing import MongoSeriesPacking
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.repositories.reconciliation import MongoReconciliationRepository
from chalicelib.repositories.register import MongoKnownUsers
from chalicelib.repositories.repaired import MongoRepairedReadings
from chalicelib.repositories.retirement import MongoRetirementRecords
from chalicelib.repositories.rollouts import MongoRollouts
from chalicelib.repositories.settings import MongoSettingsRepository
from chalicelib.repositories.status_records import MongoStatusRecords
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.repositories.transactions import MongoTransactions
from chalicelib.repositories.usage import MongoUsageLog
from chalicelib.repositories.walk_control import MongoWalkControl
from chalicelib.services.migration.sync.consistency import ConsistencyService
from chalicelib.services.migration.sync.sync_job import SyncJobService
from chalicelib.services.migration.sync.sync_modes import SyncModeService
from chalicelib.services.migration.sync.undo import UndoService
from chalicelib.services.refresh.display_check import DisplayCheck
from chalicelib.services.refresh.fan_out import FanOutService
from chalicelib.services.refresh.meter_walk import MeterWalk
from chalicelib.services.refresh.rebuild import RebuildService
from chalicelib.services.refresh.recalculation import RecalculationService
from chalicelib.services.refresh.refresh import DisplayDataCalculationService, Steps
from chalicelib.services.refresh.refreshing_publisher import RefreshingPublisher
from chalicelib.services.refresh.sweeper import SweeperService

# For transactions and snapshots: API Gateway gives up after 29 s, and an import of 50,000 rows takes a while.
REQUEST_SECONDS = 20.0
# API Gateway waits for 29 s. What ends a transaction that is out of time (1 s), and the event of one that has just been
# committed (5 s), come on top.
ANSWER_SECONDS = 22.0
LIMITS = Limits()  # what the gate asks for, and how many people a census asks


@dataclass(frozen=True, slots=True)
class Ports:
    """The adapters that the use cases run on: concrete ones in Lambda, fakes in tests."""

    transactions: Transactions
    settings: SettingsRepository
    queries: ReadingQueries
    imports: ImportList
    display: DisplayDataRepository
    packing: SeriesPacking
    lagging: LaggingMeters
    publisher: EventPublisher
    walks: WalkControl
    fan_outs: FanOutRecords
    range_queue: RangeQueue
    meters: DisplayedMeters
    sync_control: SyncControl
    twins: ReconciliationRepository
    changes: ChangeFeed
    repaired: RepairedReadings
    usage: UsageLog
    figures: RolloutFigures
    comparisons: ComparisonLog
    counted: CountedEvidence
    census: CensusRecords
    feedback: FeedbackLog
    measurements: PageMeasurements
    flag_history: FlagHistory
    rollouts: Rollouts
    retirement: RetirementRecords
    known_users: KnownUsers
    erasures: Erasures
    account_export: AccountExport
    operator_actions: OperatorActions
    records: StatusRecords
    ping: Callable[[], None]
    in_time: Callable[[], AbstractContextManager[None]] = nullcontext  # for all that one request asks together


@dataclass(frozen=True, slots=True)
class Operations:
    """What keeps both sides equal, and the display with them: for schedules and the operator's command line."""

    modes: SyncModeService
    sync: SyncJobService
    consistency: ConsistencyService
    undo: UndoService
    rebuild: RebuildService
    sweeper: SweeperService
    fan_out: FanOutService


class NoWorkers(RangeQueue):
    """The queue of a process that knows no deployment."""

    @override
    def send(self, tasks: Sequence[RangeTask]) -> None:
        raise UnavailableError("this process knows no workers: say --name of a laptop stack, or --stage")


def operations(
    ports: Ports, clock: Clock, code: Callable[[], str] = lambda: "", steps: Steps | None = None
) -> Operations:
    """Put together what keeps both sides equal, and the display with them; ``code``: the digest of what runs here.

    ``steps``: how a refresh of very many readings is divided; without it a refresh goes on until its end.
    """
    control, twins = ports.sync_control, ports.twins
    divided = steps or Steps(ports.packing)
    calculation = DisplayDataCalculationService(ports.display, ports.queries, clock, steps=divided)
    recalculation = RecalculationService(ports.transactions, calculation, clock)
    walk = MeterWalk(ports.walks, ports.meters, code)
    check = DisplayCheck(ports.meters, ports.queries, ports.display, clock)
    consistency = ConsistencyService(
        control, twins, walk, check, recalculation, ports.changes, ports.fan_outs, clock, code
    )
    sync = SyncJobService(control, twins, ports.changes, ports.publisher, clock, ports.fan_outs)
    rebuild = RebuildService(ports.walks, walk, check, recalculation)
    jobs = {
        **rebuild.in_ranges(),
        **consistency.in_ranges(),
        **sync.in_ranges(),
    }
    return Operations(
        modes=SyncModeService(
            control, consistency.count_differences, consistency.sides_are_equal, twins.count_readings
        ),
        sync=sync,
        consistency=consistency,
        undo=UndoService(ports.repaired, calculation, clock),
        rebuild=rebuild,
        sweeper=SweeperService(ports.lagging, ports.queries, calculation, clock),
        fan_out=FanOutService(ports.walks, ports.fan_outs, ports.meters, walk, ports.range_queue, jobs, clock, code),
    )


def shell_operations(
    database: MongoDatabase, code: Callable[[], str] = lambda: "", workers: RangeQueue | None = None
) -> Operations:
    """Compose the operations for a shell, which reaches no event bus: what an event would cause is done at once."""
    ports = shell_ports(database)
    return operations(replace(ports, range_queue=workers) if workers else ports, now, code)


def shell_ports(database: MongoDatabase) -> Ports:
    """The adapters for a shell."""
    return mongo_ports(database, RefreshingPublisher(shell_calculation(database)))


def shell_calculation(database: MongoDatabase) -> DisplayDataCalculationService:
    """Compose the refresh for a shell."""
    return DisplayDataCalculationService(
        MongoDisplayDataRepository(database, REQUEST_SECONDS),
        MongoReadingQueries(database, REQUEST_SECONDS),
        now,
        steps=Steps(MongoSeriesPacking(database, REQUEST_SECONDS)),
    )


def mongo_ports(database: MongoDatabase, publisher: EventPublisher, workers: RangeQueue | None = None) -> Ports:
    """The adapters on MongoDB."""
    return Ports(
        transactions=MongoTransactions(database, REQUEST_SECONDS),
        settings=MongoSettingsRepository(database),
        queries=MongoReadingQueries(database, REQUEST_SECONDS),
        imports=MongoImportList(database),
        display=MongoDisplayDataRepository(database, REQUEST_SECONDS),
        packing=MongoSeriesPacking(database, REQUEST_SECONDS),
        lagging=MongoLaggingMeters(database, REQUEST_SECONDS),
        publisher=publisher,
        walks=MongoWalkControl(database),
        fan_outs=MongoFanOutRecords(database),
        range_queue=workers or NoWorkers(),
        meters=MongoDisplayedMeters(database, REQUEST_SECONDS),
        sync_control=MongoSyncControl(database),
        twins=MongoReconciliationRepository(database, REQUEST_SECONDS, now),
        changes=MongoChangeFeed(database, REQUEST_SECONDS),
        repaired=MongoRepairedReadings(database, REQUEST_SECONDS, now),
        usage=MongoUsageLog(database),
        figures=MongoRolloutFigures(database, REQUEST_SECONDS),
        comparisons=MongoComparisonLog(database),
        counted=MongoCountedEvidence(database),
        census=MongoCensusRecords(database),
        feedback=MongoFeedbackLog(database),
        measurements=MongoPageMeasurements(database),
        flag_history=MongoFlagHistory(database),
        rollouts=MongoRollouts(database),
        retirement=MongoRetirementRecords(database),
        known_users=MongoKnownUsers(database),
        erasures=MongoErasures(database, REQUEST_SECONDS),
        account_export=MongoAccountExport(database, REQUEST_SECONDS),
        operator_actions=MongoOperatorActions(database),
        records=MongoStatusRecords(database),
        ping=partial(ping, database),
        in_time=partial(together, ANSWER_SECONDS),
    )


def now() -> int:
    """The wall clock as UTC epoch milliseconds."""
    return time_ns() // 1_000_000
