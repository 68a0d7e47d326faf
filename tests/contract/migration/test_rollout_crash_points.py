"""Wherever a run of the schedule or an operator's command dies, the next runs bring it to its end, and no step twice.

A step is a call of AppConfig or a write of the database, on the fake and on MongoDB; the process dies before it or
behind it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.bootstrap.container import FlagOperations, Ports, flag_operations
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import State
from tests.fakes.gate import BROKEN, LOST, OPEN, Conditions
from tests.unit.flags.rollout import Rollout as Stage

pytestmark = pytest.mark.long

TABLE = Component.ENERGY_TABLE
PLAN = Plan(steps_of("10:1h,50:2h,100:1d"))
HOUR = 3600


class KilledError(BaseException):
    """The process ends here: nothing catches it."""


class Steps:
    """Counts the calls of a process and ends it before or behind one of them; the dead call nobody."""

    def __init__(self, last: float) -> None:
        self._last = last  # n: before call n; n + 0.5: behind it
        self.calls: list[str] = []

    def watching(self, of: Any, *names: str) -> Any:
        return _Watched(of, names, self)

    def make(self, name: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        here = len(self.calls)
        self._die_at(here)
        self.calls.append(name)
        answer = call(*given, **named)
        self._die_at(here + 0.5)
        return answer

    def _die_at(self, here: float) -> None:
        if here >= self._last:
            raise KilledError


class _Watched:
    """Something whose calls of some names are steps."""

    def __init__(self, of: Any, names: tuple[str, ...], steps: Steps) -> None:
        self._of, self._names, self._steps = of, names, steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if name not in self._names:
            return found
        return lambda *given, **named: self._steps.make(name, found, *given, **named)


class Carried:
    """A rollout at 10 %, whose next step is due."""

    def __init__(self, ports: Ports) -> None:
        self.ports, self.stage = ports, Stage()
        self.stage.open()
        self.flags = self.process(Steps(float("inf")))
        self.flags.rollouts.start(TABLE, PLAN, "olga", "it is time")
        self.run()
        assert self.percent == 10
        self.stage.appconfig.pass_time(HOUR)

    def process(self, steps: Steps) -> FlagOperations:
        """The use cases in a process that dies at a step."""
        stage, overview = self.stage, self.stage.flags.overview
        adapters = stage.process()
        home = steps.watching(adapters.home, "create", "start", "stop", "deployment")
        history = steps.watching(self.ports.flag_history, "save")
        rollouts = steps.watching(self.ports.rollouts, "save", "see")
        watched = replace(adapters, home=home)
        records = replace(stage.records, history=history, rollouts=rollouts)
        return flag_operations(watched, overview.decisions, records, stage.gate, stage.now)

    def run(self, flags: FlagOperations | None = None) -> None:
        """One run of the schedule, a minute later."""
        self.stage.appconfig.pass_time(60)
        (flags or self.flags).carrier.run(40)

    @property
    def percent(self) -> int | None:
        flag = self.stage.table()
        return int(flag.rollout_percent) if flag.enabled else None

    @property
    def found(self) -> tuple[int | None, State, int]:
        rollout = self.ports.rollouts.find(TABLE)
        assert rollout is not None
        return self.percent, rollout.state, rollout.step


CASES: dict[str, tuple[Conditions, Callable[[FlagOperations], object], tuple[int | None, State, int]]] = {
    "a step": (OPEN, lambda flags: flags.carrier.run(40), (50, State.RUNNING, 1)),
    "a step back": (BROKEN, lambda flags: flags.carrier.run(40), (None, State.STOPPED, -1)),
    "a kill": (LOST, lambda flags: flags.carrier.run(40), (None, State.STOPPED, -1)),
    "an operator's step": (
        OPEN,
        lambda flags: flags.rollouts.step(TABLE, "olga", "now", 20, hurry=True),
        (50, State.RUNNING, 1),
    ),
}


def points(ports: Ports, conditions: Conditions, work: Callable[[FlagOperations], object]) -> Iterator[float]:
    """Each crash point that there is."""
    carried, steps = Carried(ports), Steps(float("inf"))
    carried.stage.gate.conditions = conditions
    work(carried.process(steps))
    assert {"save", "create", "start"} <= set(steps.calls)
    for step in range(2 * len(steps.calls)):
        yield step / 2


@pytest.mark.parametrize("case", CASES)
def test_wherever_it_dies_the_next_runs_bring_it_to_its_end(case: str, ports: Ports) -> None:
    conditions, work, wanted = CASES[case]
    tried = 0
    for point in [*points(ports, conditions, work)]:
        forget(ports)
        carried = Carried(ports)
        carried.stage.gate.conditions = conditions
        with pytest.raises(KilledError):
            work(carried.process(Steps(point)))
        for _ in range(3):
            carried.run()
        assert carried.found == wanted, f"{case}: dead at {point}"
        tried += 1
    assert tried >= 12


def forget(ports: Ports) -> None:
    """Let the next rollout begin where there never was one."""
    found = ports.rollouts.find(TABLE)
    assert found is not None
    assert ports.rollouts.save(replace(found, state=State.ABORTED, step=-1, intent=None))
