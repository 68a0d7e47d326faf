"""One stage's flags in an emulated AppConfig, and the ways to them."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.bootstrap.flags import FlagAdapters, FlagOperations, FlagRecords, flag_operations
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.flags.appconfig.clients import AppConfigIds
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import Waiting
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore
from chalicelib.flags.document.names import COMPONENT_FLAGS
from chalicelib.repositories.flag_changes import MongoFlagHistory
from chalicelib.repositories.register import MongoKnownUsers
from chalicelib.repositories.rollouts import MongoRollouts
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.repositories.usage import MongoUsageLog
from infra import __main__ as command_line
from infra.deployment.application import Target
from infra.deployment.flags import deploy_flags, flags_parameters
from tests.fakes.gate import FakeGate

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
REQUEST = ChangeRequest("olga", "as planned")


@dataclass
class Stage:
    """One stage's flags and the way to them."""

    target: Target
    name: str
    ahead: float = 0.0
    place: AppConfigIds = field(init=False)

    def __post_init__(self) -> None:
        deploy_flags(self.target, self.name)
        ids = flags_parameters(self.target, self.name)
        self.place = AppConfigIds(
            *(ids[f"Flags{name}Id"] for name in ("Application", "Environment", "Profile", "Strategy"))
        )
        self.client = self.target.client("appconfig")
        self.home = AppConfigControlPlane(lambda: self.client, self.place)

    def clock(self) -> float:
        return time.time() + self.ahead

    def pause(self, seconds: float) -> None:
        self.ahead += seconds

    @property
    def waiting(self) -> Waiting:
        return Waiting(self.clock, self.pause)

    def store(self) -> AppConfigFlagStore:
        data = self.target.client("appconfigdata")
        return AppConfigFlagStore(
            ConfigurationSession(lambda: data, self.place, self.clock), SilentReports(), self.clock
        )

    def operator(self, database: Database[Any]) -> FlagOperations:
        store, users = self.store(), MongoKnownUsers(database)
        adapters = FlagAdapters(store, self.store, self.home, self.home, self.waiting)
        control, usage, rollouts = MongoSyncControl(database), MongoUsageLog(database), MongoRollouts(database)
        records = FlagRecords(MongoFlagHistory(database), users, control, usage, rollouts)
        return flag_operations(adapters, FlagDecisions(store), records, FakeGate(), now)


def verify(database: Database[Any]) -> None:
    control = MongoSyncControl(database)
    control.save_verified(Verified(now(), control.state().since, 0, 0, 0))


@dataclass
class Shell:
    """The command line on one stage."""

    capsys: pytest.CaptureFixture[str]
    stage: list[str]

    def run(self, *arguments: str) -> tuple[int | str | None, Any, str]:
        """A command's exit code, its JSON, and what it wrote to standard error."""
        code: int | str | None = 0
        try:
            command_line.run(["flags", *arguments, *self.stage, "--json"])
        except SystemExit as exited:
            code = exited.code
        printed = self.capsys.readouterr()
        return code, json.loads(printed.out) if printed.out else None, printed.err

    def shown(self, *arguments: str) -> str:
        """What a command prints for people."""
        with pytest.raises(SystemExit) as exited:
            command_line.run(["flags", *arguments, *self.stage])
        assert exited.value.code == 0
        return self.capsys.readouterr().out
