"""Rollouts on fakes, with a clock of their own, a schedule and operators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.rollouts.next_action import FlagNow
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import Rollout
from chalicelib.services.migration.rollouts.carrier import RolloutCarrier
from chalicelib.services.migration.rollouts.commands import RolloutCommands
from chalicelib.services.migration.rollouts.taking import Taking
from infra.simulation.memory.migration.rollouts import FakeRollouts
from infra.simulation.memory.store import FakeStore
from tests.fakes.gate import FakeGate
from tests.fakes.rollouts import FakeRolloutFlags

TABLE = Component.ENERGY_TABLE
MINUTE = 60_000
HOUR = 60 * MINUTE
LONGEST = 10 * 60  # minutes: longer than any plan here
PLAN = Plan(steps_of("test:1h,10:2h,50:2h,100:3h"))
T = TypeVar("T")


class KilledError(BaseException):
    """The process ends here: nothing catches it."""


@dataclass
class Carrying:
    """Everything behind the schedule and the operators."""

    plan: Plan = PLAN
    now: int = 1_700_000_000_000
    store: FakeStore = field(default_factory=FakeStore)
    gate: FakeGate = field(default_factory=FakeGate)
    flags: FakeRolloutFlags = field(default_factory=FakeRolloutFlags)

    def __post_init__(self) -> None:
        self.flags.flags.setdefault(TABLE, FlagNow("", False, Decimal(0), True))
        self.rollouts = FakeRollouts(self.store)
        taking = Taking(self.rollouts, self.flags, self.clock)
        self.carrier = RolloutCarrier(self.rollouts, self.flags, self.gate, taking, self.clock)
        self.commands = RolloutCommands(self.rollouts, self.flags, self.gate, taking, self.clock)

    def clock(self) -> int:
        return self.now

    def start(self, by: str = "olga") -> Rollout:
        return self.commands.start(TABLE, self.plan, by, "it is time")

    def run(self) -> str:
        """One run of the schedule."""
        return self.carrier.run(45)[TABLE]

    def minutes(self, number: int) -> None:
        """Do ``number`` runs, a minute apart."""
        for _ in range(number):
            self.now += MINUTE
            self.carrier.run(45)

    def at(self, percent: int | None) -> "Carrying":
        """Carry it until it has reached a percentage."""
        for _ in range(LONGEST):
            if self.percent == percent:
                return self
            self.minutes(1)
        raise AssertionError(f"it is still at {self.percent} %: {self.rollout}")

    @property
    def rollout(self) -> Rollout:
        return self.rollouts.kept[TABLE]

    @property
    def percent(self) -> int | None:
        """The flag's percentage; None: nobody gets the new backend."""
        flag = self.flags.flags[TABLE]
        return int(flag.percent) if flag.enabled and self.flags.global_enabled else None

    def dying(self, calls: int, work: Callable[[], object]) -> bool:
        """Do something that dies before or after one of its calls outside; whether it came so far."""
        left = [calls]

        def step() -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError

        real_save, self.flags.step = self.rollouts.save, step

        def save(rollout: Rollout) -> bool:
            step()
            saved = real_save(rollout)
            step()
            return saved

        self.rollouts.save = save  # type: ignore[method-assign]
        try:
            work()
        except KilledError:
            return True
        finally:
            self.rollouts.save, self.flags.step = real_save, lambda: None  # type: ignore[method-assign]
        return False
