"""A system in which everything moved to the new backend long ago."""

from decimal import Decimal
from typing import cast

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.retirement.blockers import Blocker
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, HOUR_MS, BrownOut
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.document.names import COMPONENT_FLAGS
from chalicelib.services.migration.retirement.check import RetirementCheck
from infra.simulation.memory.migration.retirement import FakeRetirementRecords
from tests.unit.flags.rollout import REQUEST
from tests.unit.services.migration.status.system import System


class Ended(System):
    """A system in which nothing blocks the end."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for component in Component:
            self.rollout.flags.changes.set(COMPONENT_FLAGS[component], FlagPatch(percent=Decimal(100)), REQUEST)
        self.rollout.appconfig.pass_time(60 * 86_400)
        now = self.rollout.now()
        self.all_is_well()
        self.records.stored = Calendar(
            announced_at=now - 60 * DAY_MS,
            deprecated_at=now - 60 * DAY_MS,
            sunset_at=now,
            brown_outs=(BrownOut(now - 9 * DAY_MS, now - 9 * DAY_MS + HOUR_MS),),
        )

    @property
    def records(self) -> FakeRetirementRecords:
        return cast(FakeRetirementRecords, self.ports.retirement)

    @property
    def calendar(self) -> Calendar:
        assert self.records.stored
        return self.records.stored

    def blockers(self, days: int = 14, quiet_days: int = 35) -> list[Blocker]:
        return RetirementCheck(self.sources, self.rollout.now).blockers(days, quiet_days)
