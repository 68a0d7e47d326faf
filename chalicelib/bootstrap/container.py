"""The composition root of functions and routes. Nothing is opened before it is used.

What a shell uses as well is put together in the modules beside this one, without any client of AWS.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial

from aws_lambda_powertools.utilities import parameters
from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

from chalicelib.auth import KeyStore, TokenVerifier, fetch_key_set
from chalicelib.bootstrap.backends import backends
from chalicelib.bootstrap.comparer import asking, census, comparer
from chalicelib.bootstrap.flags import (
    NO_PLACE,
    FlagAdapters,
    FlagOperations,
    appconfig_adapters,
    flag_operations,
    flag_records,
)
from chalicelib.bootstrap.operations import REQUEST_SECONDS, Operations, Ports, mongo_ports, now, operations
from chalicelib.bootstrap.operators import Operators, Outside, deployed_outside, operators
from chalicelib.bootstrap.places import (
    dead_letter_count,
    dead_letters,
    places,
)
from chalicelib.bootstrap.pseudonyms import random_pseudonyms
from chalicelib.bootstrap.status import status_sources
from chalicelib.domain.migration.gate.verdict import Gate
from chalicelib.domain.migration.records.decision import RolloutDecisions
from chalicelib.domain.migration.records.figures import RolloutFigures
from chalicelib.domain.people.account import KeepsLate, KeepsPeople
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import ReadingQueries
from chalicelib.events.client import eventbridge
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.flags.appconfig.clients import AppConfigIds, FlagClients
from chalicelib.flags.changes.inspect import flags_naming, percentages
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import LoggedReports
from chalicelib.monitoring.errors import hush
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.memory import memory
from chalicelib.monitoring.people import named_by
from chalicelib.repositories.command_times import CommandTimes
from chalicelib.repositories.database import open_database
from chalicelib.repositories.retirement import MongoOptOuts
from chalicelib.repositories.status_records import MongoStatusRecords
from chalicelib.services.account.erasure import AccountErasureService
from chalicelib.services.account.export import (
    AccountExportService,
    Beside,
)
from chalicelib.services.components.new_backend import NewBackend
from chalicelib.services.display.display import DisplayService
from chalicelib.services.migration.backends.backend_router import BackendRouter, NobodyDecides
from chalicelib.services.migration.backends.backend_usage import BackendUsageTracker
from chalicelib.services.migration.backends.decisions import RolloutService
from chalicelib.services.migration.backends.old_backend import OldBackend
from chalicelib.services.migration.backends.page_measurements import PageMeasurementTracker
from chalicelib.services.migration.comparison.feedback import FeedbackService
from chalicelib.services.migration.comparison.runs import BackendComparer
from chalicelib.services.migration.figures.component_reports import ComponentReports
from chalicelib.services.migration.figures.folding import FoldingService
from chalicelib.services.migration.figures.gauges import GaugeService
from chalicelib.services.migration.gate.census import CensusService
from chalicelib.services.migration.gate.service import GateService
from chalicelib.services.migration.retirement.watch import RetirementWatch
from chalicelib.services.migration.status.status import StatusService
from chalicelib.services.recording.configuration import ConfigurationService
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService
from chalicelib.services.recording.export import ExportService
from chalicelib.services.recording.import_undo import ImportHistoryService
from chalicelib.services.refresh.next_step import NextStep
from chalicelib.services.refresh.recalculation import RecalculationService
from chalicelib.services.refresh.refresh import STEPS_SECONDS, DisplayDataCalculationService, Steps
from chalicelib.settings import Settings
from chalicelib.work_queue.client import work_queue
from chalicelib.work_queue.queue import SqsRangeQueue

__all__ = [  # what routes, functions and tests take from here
    "REQUEST_SECONDS",
    "Container",
    "FlagAdapters",
    "FlagOperations",
    "Operations",
    "Ports",
    "Secrets",
    "Surroundings",
    "appconfig_adapters",
    "compose",
    "container",
    "flag_operations",
    "mongo_ports",
    "now",
    "operations",
    "using",
]


class Secrets(BaseModel):
    """What a deployment keeps in Secrets Manager, as one JSON document."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)

    mongodb_uri: SecretStr
    pseudonym_key: SecretStr


@dataclass(frozen=True, slots=True)
class Container:
    """What routes and event functions use."""

    verifier: TokenVerifier
    energy: EnergyCrudService
    imports: CsvImportService
    import_history: ImportHistoryService
    exports: ExportService
    configuration: ConfigurationService
    queries: ReadingQueries
    old: OldBackend
    new: NewBackend
    router: BackendRouter
    usage: BackendUsageTracker
    measurements: PageMeasurementTracker
    feedback: FeedbackService
    comparer: BackendComparer
    census: CensusService
    figures: RolloutFigures
    folding: FoldingService
    gauges: GaugeService
    component_reports: ComponentReports
    display: DisplayService
    calculation: DisplayDataCalculationService
    recalculation: RecalculationService
    operations: Operations
    flags: FlagOperations
    operators: Operators
    erasure: AccountErasureService
    account_export: AccountExportService
    status: StatusService
    gate: Gate
    retirement: RetirementWatch
    ping: Callable[[], None]
    in_time: Callable[[], AbstractContextManager[None]]  # what a request asks of the database, all of it
    clock: Clock
    sign_in_origins: tuple[str, ...] = ()  # where the issuer's endpoints are beside its own origin


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Adapters beside the database: pseudonyms, which hide people, and the other places that keep people's ids.

    ``places``: what may hold people beside the database; ``late``: where something of them may still arrive.
    ``release``: the digest of the code.
    """

    flags: RolloutDecisions = field(default_factory=NobodyDecides)
    pseudonyms: Pseudonyms = field(default_factory=random_pseudonyms)
    appconfig: FlagAdapters = field(default_factory=lambda: appconfig_adapters(FlagClients(), NO_PLACE))
    beside: Beside = lambda _: {"flags": ()}  # what is kept of a person beside the database: the flags that name them
    places: Sequence[KeepsPeople] = ()
    late: Sequence[KeepsLate] = ()
    gate: Gate | None = None  # another one than that of all evidence
    letters: Callable[[], int] = lambda: 0  # how many dead letters there are
    release: str = ""


def compose(
    ports: Ports,
    verifier: TokenVerifier,
    clock: Clock,
    around: Surroundings | None = None,
    outside: Outside | None = None,
) -> Container:
    """Put the use cases together on given adapters."""
    around = around or Surroundings()
    decisions = RolloutService(around.flags, ports.queries.sync, clock)
    both = backends(ports, clock)
    next_step = NextStep(ports.display, ports.publisher, clock)
    steps = Steps(ports.packing, seconds=STEPS_SECONDS, go_on=next_step)
    calculation = DisplayDataCalculationService(ports.display, ports.queries, clock, steps=steps)
    own = operations(ports, clock, lambda: around.release, steps)
    asked = asking(both, ports, around.pseudonyms, clock, lambda: around.release)
    for_operators = operators(
        outside or Outside(),
        ports,
        own,
        clock,
    )
    sources = status_sources(  # the gate looks at the flags, whose rises ask the gate
        ports, lambda: flags.overview, around.letters, lambda: around.release, for_operators.alarms.alarms
    )
    gate = around.gate or GateService(sources, clock)
    flags = flag_operations(around.appconfig, decisions, flag_records(ports), gate, clock)
    return Container(
        verifier=verifier,
        energy=both.energy,
        imports=both.imports,
        import_history=ImportHistoryService(ports.transactions, ports.imports, ports.settings, ports.publisher, clock),
        exports=ExportService(ports.settings, ports.queries, clock),
        configuration=ConfigurationService(ports.transactions, ports.settings, ports.queries, ports.publisher, clock),
        queries=ports.queries,
        old=both.old,
        new=both.new,
        router=BackendRouter(both.old, both.new, decisions),
        usage=BackendUsageTracker(ports.usage, around.pseudonyms, clock),
        measurements=PageMeasurementTracker(ports.measurements, around.pseudonyms, clock),
        feedback=FeedbackService(ports.feedback, around.pseudonyms, clock),
        comparer=comparer(asked, ports, around.pseudonyms, clock),
        census=census(asked, ports, around.pseudonyms, clock),
        figures=ports.figures,
        folding=FoldingService(ports.figures, clock),
        gauges=GaugeService(
            ports.figures,
            ports.feedback,
            ports.comparisons,
            ports.sync_control,
            partial(percentages, flags.overview),
            around.letters,
            ports.records.open_migrations,
            ports.flag_history,
            clock,
        ),
        component_reports=ComponentReports(ports.figures, ports.comparisons, ports.feedback),
        display=both.new,
        calculation=calculation,
        recalculation=RecalculationService(ports.transactions, calculation, clock),
        operations=own,
        operators=for_operators,
        flags=flags,
        erasure=AccountErasureService(ports.erasures, around.places, around.pseudonyms, clock, around.late),
        account_export=AccountExportService(
            ports.account_export,
            around.pseudonyms,
            clock,
            around.beside,
        ),
        status=StatusService(sources, clock),
        gate=gate,
        retirement=RetirementWatch(ports.retirement, around.pseudonyms, clock),
        ping=ports.ping,
        in_time=ports.in_time,
        clock=clock,
    )


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
    memory.limit_mb, memory.api_function = settings.memory_mb, settings.api_function
    hush(logging.getLogger().handlers)
    secrets = Secrets.model_validate(parameters.get_secret(settings.secret_id, transform="json"))
    database = open_database(secrets.mongodb_uri.get_secret_value(), settings.mongodb_database, CommandTimes())
    lost = MongoStatusRecords(database).add_not_published
    publisher = EventBridgePublisher(
        eventbridge,
        settings.event_bus_name,
        lost=lost,
    )
    ports = mongo_ports(database, publisher, SqsRangeQueue(work_queue, settings.work_queue_url))
    keys = KeyStore(partial(fetch_key_set, settings.auth_jwks_url))
    verifier = TokenVerifier(keys, settings.auth_issuer, settings.auth_audience)
    pseudonyms = Pseudonyms(secrets.pseudonym_key.get_secret_value().encode())
    named_by(partial(pseudonyms.of, "user"))
    adapters = appconfig_adapters(FlagClients(), _flag_place(settings), LoggedReports())
    letters = dead_letters(settings.dead_letter_queue_url)
    around = Surroundings(
        flags=FlagDecisions(adapters.store),
        pseudonyms=pseudonyms,
        appconfig=adapters,
        beside=lambda user_id: {"flags": flags_naming(adapters.home, user_id)},
        places=(
            *places(
                database,
                adapters,
                now,
            ),
            MongoOptOuts(database, pseudonyms),
            letters,
        ),
        late=(letters,),
        letters=dead_letter_count(settings.dead_letter_queue_url),
        release=settings.release,
    )
    outside = deployed_outside(settings.dead_letter_queue_url, settings.stack)
    made = compose(ports, verifier, now, around, outside)
    return replace(made, sign_in_origins=tuple(settings.auth_origins.split()))


def _flag_place(settings: Settings) -> AppConfigIds:
    return AppConfigIds(
        settings.flags_application_id,
        settings.flags_environment_id,
        settings.flags_profile_id,
        settings.flags_strategy_id,
    )
