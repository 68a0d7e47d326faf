"""A stage's flags on fakes: AppConfig, the sync control, the record, the known users."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from chalicelib.bootstrap.flags import FlagAdapters, FlagOperations, FlagRecords, flag_operations
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.readings import EnergyType
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import Waiting
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.request import ChangeRequest, ChangeResult
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.services.migration.backends.decisions import RolloutService
from infra.simulation.memory.migration.appconfig import PLACE, FakeAppConfig, all_off
from infra.simulation.memory.migration.control import FakeSyncControl
from infra.simulation.memory.migration.flags import FakeFlagHistory, FakeKnownUsers
from infra.simulation.memory.migration.rollouts import FakeRollouts
from infra.simulation.memory.migration.usage import FakeUsageLog
from infra.simulation.memory.state import Meter
from infra.simulation.memory.store import FakeStore
from tests.fakes.gate import FakeGate

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
REQUEST = ChangeRequest("olga", "as planned")
IN_HALF = "alice"  # is in at 50 percent of the table


@dataclass
class Rollout:
    """Everything behind the operators' commands; the data and the gate allow rising unless a test says otherwise."""

    appconfig: FakeAppConfig = field(default_factory=all_off)
    store: FakeStore = field(default_factory=FakeStore)

    def __post_init__(self) -> None:
        self.store.stored.clock = self.now
        self.control = FakeSyncControl(self.store)
        self.history = FakeFlagHistory(self.store)
        self.usage = FakeUsageLog(self.store)
        self.gate = FakeGate()
        self.rollouts = FakeRollouts(self.store)
        self.home = AppConfigControlPlane(self.appconfig.clients.changing, PLACE)
        self.control.save_verified(Verified(self.now(), None, 0, 0, 0))
        self.adapters = self.process()
        self.flags = self.operator()

    def now(self) -> int:
        return int(self.appconfig.now * 1000)

    def operator(self) -> FlagOperations:
        """One more operator, with a process of their own."""
        adapters = self.process()
        decisions = RolloutService(FlagDecisions(adapters.store), self.control.state, self.now)
        return flag_operations(adapters, decisions, self.records, self.gate, self.now)

    @property
    def records(self) -> FlagRecords:
        """What the database knows."""
        return FlagRecords(self.history, FakeKnownUsers(self.store), self.control, self.usage, self.rollouts)

    def process(self) -> FlagAdapters:
        """AppConfig as one more process reaches it."""

        def clock() -> float:
            return self.appconfig.now

        clients = self.appconfig.clients

        def new_store() -> AppConfigFlagStore:
            return AppConfigFlagStore(ConfigurationSession(clients.reading, PLACE, clock), SilentReports(), clock)

        home, look = (AppConfigControlPlane(client, PLACE) for client in (clients.changing, clients.looking))
        return FlagAdapters(new_store(), new_store, home, look, Waiting(clock, self.appconfig.pass_time))

    def known(self, *users: str) -> None:
        for user_id in users:
            self.store.stored.meters[user_id, EnergyType.POWER] = Meter()

    def mode(self, mode: SyncMode, since: int | None = None) -> None:
        self.store.stored.sync = SyncState(mode, since)

    def set(self, percent: int | None = None, **patch: Any) -> ChangeResult:
        """Change the table's flag."""
        asked = FlagPatch(percent=None if percent is None else Decimal(percent), **patch)
        return self.flags.changes.set(TABLE, asked, REQUEST)

    def open(self) -> None:
        """Open the global gate."""
        self.flags.changes.set(GLOBAL, FlagPatch(enabled=True), REQUEST)

    def table(self) -> Flag:
        """The table's deployed flag."""
        return self.flags.overview.listing().document.flags[TABLE]

    def decision(self, user_id: str) -> Any:
        return self.flags.overview.explain(user_id, Component.ENERGY_TABLE).decision


def back(rollout: Rollout, percent: int | None = None) -> ChangeResult:
    """Roll the table back."""
    return rollout.flags.changes.rollback(TABLE, None if percent is None else Decimal(percent), REQUEST)
