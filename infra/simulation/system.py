"""The real application as one deployment runs it: every service on the outside of a simulation, nothing kept before.

What depends on nothing that has changed is not calculated twice. A comparison of both backends and a check of a meter
are remembered for as long as the stored data are the same, and so are all views of a person that the census found
equal on this code. Of cards, which change with the day, a seventh of the people is compared again each day.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any
from zlib import crc32

from typing_extensions import override

from chalicelib.bootstrap.backends import Backends, backends
from chalicelib.bootstrap.flags import FlagAdapters, FlagOperations, flag_operations, flag_records
from chalicelib.bootstrap.operations import LIMITS
from chalicelib.bootstrap.status import status_sources
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.meters.walks import Finding
from chalicelib.domain.migration.gate.census_records import Tallies
from chalicelib.domain.migration.gate.verdict import Gate
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Request
from chalicelib.domain.migration.records.decision import RolloutDecisions
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.reading import DisplayDataRepository
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import Waiting
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore, FlagStore
from chalicelib.repositories.database import time_limit
from chalicelib.services.migration.backends.backend_router import BackendRouter
from chalicelib.services.migration.backends.decisions import RolloutService
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.comparison.compare_backends import BackendComparison
from chalicelib.services.migration.comparison.runs import BackendComparer
from chalicelib.services.migration.gate.census import CensusService
from chalicelib.services.migration.gate.service import GateService
from chalicelib.services.migration.sync.consistency import ConsistencyService
from chalicelib.services.migration.sync.sync_job import SyncJobService
from chalicelib.services.migration.sync.sync_modes import SyncModeService
from chalicelib.services.refresh.display_check import DisplayCheck
from chalicelib.services.refresh.meter_walk import MeterWalk
from chalicelib.services.refresh.recalculation import RecalculationService
from chalicelib.services.refresh.refresh import DisplayDataCalculationService, Documents, documents_of
from chalicelib.services.refresh.sweeper import SweeperService
from infra.simulation.clock import local_day
from infra.simulation.memory.migration.appconfig import PLACE
from infra.simulation.outside import Outside

PSEUDONYMS = Pseudonyms(b"of simulations")


@dataclass(frozen=True, slots=True)
class Release:
    """Code that is deployed: its digest, and how it calculates the documents of the display."""

    code: str
    documents: Documents = documents_of


@dataclass(frozen=True, slots=True)
class Policy:
    """How a migration is carried: who decides which backend answers, and whether a component may go on.

    ``compares``: the data are compared all the time, by schedules that act on what they find. ``writes``: where a
    write goes that a backend takes.
    """

    name: str
    decisions: Callable[[FlagStore], RolloutDecisions] = FlagDecisions
    gate: Callable[[Gate], Gate] = lambda gate: gate
    compares: bool = True
    writes: Callable[[SyncState, Backend], Sequence[Side]] = lambda sync, _: sync.writes


@dataclass(frozen=True, slots=True)
class System:
    """What functions, routes and operators use of one deployment."""

    release: Release
    both: Backends
    router: BackendRouter
    decisions: RolloutDecisions
    calculation: DisplayDataCalculationService
    sweeper: SweeperService
    sync: SyncJobService
    modes: SyncModeService
    consistency: ConsistencyService
    comparer: BackendComparer
    census: CensusService
    flags: FlagOperations
    gate: Gate

    def refreshing_by(self, outside: Outside, display: DisplayDataRepository) -> DisplayDataCalculationService:
        """The refresh of an event function that publishes by another way."""
        return DisplayDataCalculationService(
            display, outside.ports.queries, outside.clock, documents=self.release.documents
        )


def system(outside: Outside, release: Release, policy: Policy) -> System:
    """Put a deployment together."""
    ports, clock = outside.ports, outside.clock
    both = backends(ports, clock)
    calculation = DisplayDataCalculationService(ports.display, ports.queries, clock, documents=release.documents)
    sync, modes, consistency = _keeping_equal(outside, release, calculation)
    asked = _asking(outside, both, release)
    adapters = _adapters(outside)
    decisions = RolloutService(policy.decisions(adapters.store), ports.queries.sync, clock)
    sources = status_sources(ports, lambda: flags.overview, lambda: 0, lambda: release.code, lambda: ())
    gate = policy.gate(GateService(sources, clock))
    flags = flag_operations(adapters, decisions, flag_records(ports), gate, clock)
    return System(
        release=release,
        both=both,
        router=BackendRouter(both.old, both.new, decisions),
        decisions=decisions,
        calculation=calculation,
        sweeper=SweeperService(ports.lagging, ports.queries, calculation, clock),
        sync=sync,
        modes=modes,
        consistency=consistency,
        comparer=_comparer(outside, asked),
        census=_census(outside, asked),
        flags=flags,
        gate=gate,
    )


def _keeping_equal(
    outside: Outside, release: Release, calculation: DisplayDataCalculationService
) -> tuple[SyncJobService, SyncModeService, ConsistencyService]:
    ports, clock = outside.ports, outside.clock
    control, twins = ports.sync_control, ports.twins

    def code() -> str:
        return release.code

    check = _RememberedCheck(outside, release.documents)
    recalculation = RecalculationService(ports.transactions, calculation, clock)
    walk = MeterWalk(control, twins, code)
    consistency = ConsistencyService(
        control, twins, walk, check, recalculation, ports.changes, ports.fan_outs, clock, code
    )
    modes = SyncModeService(control, consistency.count_differences, consistency.sides_are_equal, twins.count_readings)
    return SyncJobService(control, twins, ports.changes, ports.publisher, clock, ports.fan_outs), modes, consistency


def _asking(outside: Outside, both: Backends, release: Release) -> RecordedComparison:
    ports = outside.ports
    comparison = _RememberedComparison(outside, both)
    return RecordedComparison(
        comparison, ports.comparisons, ports.counted, PSEUDONYMS, outside.clock, lambda: release.code
    )


def _comparer(outside: Outside, asked: RecordedComparison) -> BackendComparer:
    ports, chance = outside.ports, Random(outside.chance.getrandbits(64))  # noqa: S311 - nothing secret
    return BackendComparer(
        asked,
        ports.comparisons,
        ports.counted,
        ports.feedback,
        ports.queries,
        ports.known_users,
        PSEUDONYMS,
        outside.clock,
        chance,
    )


def _census(outside: Outside, asked: RecordedComparison) -> CensusService:
    ports = outside.ports
    places = (ports.census, ports.queries, ports.known_users)
    return _RememberedCensus(outside, asked, *places, PSEUDONYMS, outside.clock, LIMITS)


def _adapters(outside: Outside) -> FlagAdapters:
    clock, clients = outside.clock, outside.appconfig.clients

    def store() -> FlagStore:
        session = ConfigurationSession(clients.reading, PLACE, clock.seconds)
        return AppConfigFlagStore(session, SilentReports(), clock.seconds)

    home, look = (AppConfigControlPlane(client, PLACE) for client in (clients.changing, clients.looking))
    return FlagAdapters(store(), store, home, look, Waiting(clock.seconds, clock.pause))


class _RememberedComparison(BackendComparison):
    def __init__(self, outside: Outside, both: Backends) -> None:
        sides = {Backend.OLD: both.old, Backend.NEW: both.new}
        chance = Random(outside.chance.getrandbits(64))  # noqa: S311 - nothing secret
        super().__init__(sides, outside.ports.display, time_limit, chance, outside.clock.pause, timer=outside.stopwatch)
        self._outside = outside

    @override
    def compare_backends(self, request: Request) -> ComparisonResult:
        key = (request.user_id, request.component, *request.parameters.items())
        compare = partial(super().compare_backends, request)
        return replace(self._outside.once_for(key, lambda: self._stamp(request), compare), request=request)

    def _stamp(self, request: Request) -> Hashable:
        kinds = [EnergyType(request.parameters["type"])] if request.parameters.get("type") else [*EnergyType]
        return _stamp(self._outside, request.user_id, kinds, with_cards=request.component is Component.DASHBOARD)


class _RememberedCensus(CensusService):
    """Asks nobody again whose views were equal and can be nothing else now."""

    def __init__(self, outside: Outside, asked: RecordedComparison, *others: Any) -> None:
        super().__init__(asked, *others)
        self._outside = outside
        self._equal: dict[str, tuple[Hashable, Tallies]] = {}

    @override
    def _views_of(self, user_id: str, components: Set[Component], ends: int) -> Tallies | None:
        stamp = components, _stamp(self._outside, user_id, EnergyType, with_cards=True)
        before, equal = self._equal.get(user_id, (None, None))
        if before == stamp:
            return equal
        found = super()._views_of(user_id, components, ends)
        if found is not None and not any(tally.different or tally.failed for tally in found.values()):
            self._equal[user_id] = stamp, found
        return found


def _stamp(outside: Outside, user_id: str, kinds: Iterable[EnergyType], *, with_cards: bool) -> Hashable:
    """What changes whenever a comparison of these meters' views may find something else."""
    stamps = tuple(outside.stamp((user_id, kind)) for kind in kinds)
    return stamps, with_cards and _week(user_id, outside.clock()), outside.stopwatch.slow


def _week(user_id: str, now: int) -> int:
    """A number that changes every seven days, another day for each seventh of the people."""
    return (local_day(now).toordinal() + crc32(user_id.encode())) // 7


class _RememberedCheck(DisplayCheck):
    def __init__(self, outside: Outside, documents: Documents) -> None:
        ports = outside.ports
        super().__init__(ports.twins, ports.queries, ports.display, outside.clock, documents=documents)
        self._outside = outside

    @override
    def findings(self, meter: MeterKey) -> list[Finding] | None:
        key = (meter, self._documents)
        return self._outside.once_for(key, lambda: self._outside.stamp(meter), partial(super().findings, meter))
