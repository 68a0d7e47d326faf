"""The flags of a stage and the ports beside them, on fakes: what the status and the gate look at."""

from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.alarm_states.board import AlarmBoard
from chalicelib.bootstrap.status import status_sources
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.gate.evidence import Limits
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.differences import differences
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.services.migration.evidence.sources import StatusSources
from chalicelib.services.migration.gate.service import GateService
from chalicelib.services.migration.status.status import StatusService
from infra.simulation.memory.migration.sides import FakeSides
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from tests.fakes.alarms import FakeCloudWatch
from tests.fakes.gate_evidence import all_is_well
from tests.fakes.status import FakeFigures
from tests.unit.flags.rollout import Rollout

PSEUDONYMS = Pseudonyms(b"key")
AWAY = UnavailableError("it did not answer")


@dataclass
class System:
    """The flags of a stage and the ports beside them, on one store; everything is well."""

    rollout: Rollout = field(default_factory=Rollout)
    figures: FakeFigures = field(default_factory=FakeFigures)
    letters: int | Exception = 0
    release: str = "code"
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        store = self.rollout.store
        ports = fake_ports(store, FakePublisher(), FakeSides(store, self.rollout.now))
        self.ports = replace(
            ports, sync_control=self.rollout.control, flag_history=self.rollout.history, figures=self.figures
        )
        self.rollout.mode(SyncMode.DUAL_WRITE)
        self.rollout.open()
        self.all_is_well()

    def all_is_well(self) -> None:
        all_is_well(self.ports, self.release, self.rollout.now())

    @property
    def board(self) -> AlarmBoard:
        return AlarmBoard(lambda: self.cloudwatch, "stack")

    def count(self) -> int:
        if isinstance(self.letters, Exception):
            raise self.letters
        return self.letters

    def service(self) -> StatusService:
        return StatusService(self.sources, self.rollout.now)

    def gate(self) -> GateService:
        return GateService(self.sources, self.rollout.now)

    @property
    def sources(self) -> StatusSources:
        overview = self.rollout.flags.overview
        looks = (lambda: overview, self.count, lambda: self.release, self.board.alarms)
        return status_sources(self.ports, *looks, self.limits)

    def status(self, hours: int = 24) -> dict[str, Any]:
        return self.service().status(hours).as_document()

    def component(self, component: Component = Component.ENERGY_TABLE) -> dict[str, Any]:
        return next(each for each in self.status()["components"] if each["component"] == component)


def compared(system: System, component: Component, outcome: Outcome, new: int = 1) -> None:
    found = tuple(differences({"amount": 1}, {"amount": new}))
    result = ComparisonResult(Request(component, "alice", {}), outcome, found)
    system.ports.comparisons.add(result, PSEUDONYMS, system.rollout.now())


TABLE, FORMS = Component.ENERGY_TABLE, Component.ENERGY_FORMS
