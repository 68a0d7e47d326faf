"""A walk that workers divide, on fakes: nothing runs by itself, and a worker may die at any call."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.meters.fan_out import FanOut, RangeClaim, RangeTask
from chalicelib.domain.meters.walks import Finding, Verification, Walk
from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.services.refresh.fan_out import FanOutService, RangeJob, RangeState
from chalicelib.services.refresh.meter_walk import MeterWalk
from infra.simulation.memory.fan_out import FakeFanOutRecords, FakeRangeQueue
from infra.simulation.memory.store import FakeStore, FakeTransaction
from infra.simulation.memory.walks import FakeMetersOfAll, FakeWalkControl
from tests.fakes.dead_letters import Killed

GAS = EnergyType.GAS
WALK = Walk.REBUILD
BUDGET, CLAIM = 60.0, 130.0
WRONG = {"03", "17", "18"}


class Divided:
    """A walk over twenty people's gas meters, three of which are wrong; who was looked at, and what was kept."""

    def __init__(self) -> None:
        self.time = 1_700_000_000_000
        self.store = FakeStore(lambda: self.time)
        self.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, 1)
        self.records = FakeFanOutRecords(self.store)
        self.queue = FakeRangeQueue()
        self.code = "c1"
        self.looked: list[str] = []
        self.kept: list[tuple[Verification, int | None]] = []
        self.before: Callable[[str], None] = lambda _: None  # what happens before somebody's meter is looked at
        self.at_the_end: Callable[[], None] = lambda: None
        for number in range(20):
            self.add(f"{number:02}")

    def add(self, user: str) -> None:
        transaction = FakeTransaction(self.store.stored, user, [Side.NEW], lambda: user)
        transaction.readings.add(NewReading(GAS, 0, Decimal(1), "manual"), 0)

    @property
    def service(self) -> FanOutService:
        """That of a process of its own."""
        control, meters = FakeWalkControl(self.store), FakeMetersOfAll(self.store)
        walk = MeterWalk(control, meters, lambda: self.code)
        jobs = {WALK: RangeJob(self.begin, lambda _: self.look, keep=self.keep)}
        return FanOutService(
            control, self.records, meters, walk, self.queue, jobs, lambda: self.time, lambda: self.code
        )

    def begin(self) -> SyncState:
        sync = self.store.sync()
        if sync.mode is SyncMode.OLD_ONLY:
            raise SyncModeError("the new side is not written")
        return sync

    def look(self, page: Sequence[MeterKey], sync: SyncState) -> Verification:
        seen = Verification(sync.mode)
        for user, kind in page:
            self.before(user)
            self.looked.append(user)
            findings = (Finding(user, kind, "meters", user, "is wrong"),) if user in WRONG else ()
            seen = seen.plus(Verification(sync.mode, 1, 0, len(findings), findings))
        return seen

    def keep(self, seen: Verification, fan_out: FanOut) -> None:
        self.at_the_end()
        self.kept.append((seen, fan_out.since))

    def work(self, task: RangeTask) -> RangeState:
        return self.service.work(task, BUDGET, CLAIM)

    def run(self, order: Random | None = None) -> list[RangeState]:
        """Deliver all messages, and those that are sent meanwhile."""
        states = []
        while self.queue.sent:
            place = order.randrange(len(self.queue.sent)) if order else 0
            states.append(self.work(self.queue.sent.pop(place)))
        return states

    def kill_at(self, user: str, times: int = 1) -> None:
        left = [user] * times

        def before(looked_at: str) -> None:
            if looked_at == user and left:
                left.pop()
                raise Killed

        self.before = before

    def changed(self, **changes: object) -> Callable[[], None]:
        def change() -> None:
            self.store.stored.sync = replace(self.store.stored.sync, **changes)  # type: ignore[arg-type]

        return change

    @property
    def alone(self) -> Verification:
        """What one process finds."""
        control, meters = FakeWalkControl(self.store), FakeMetersOfAll(self.store)
        looked, before = [*self.looked], self.before
        self.before = lambda _: None
        seen = MeterWalk(control, meters).over_all(WALK, self.store.sync(), self.look, lambda _: None, restart=True)
        self.looked, self.before = looked, before
        return seen


class Dying:
    """The store's records, whose user is killed once: before or behind one call of theirs."""

    def __init__(self, records: FakeFanOutRecords, at: int, *, after: bool) -> None:
        self._records, self._left, self._after = records, at, after
        self.killed = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._records, name)

        def called(*arguments: Any, **named: Any) -> Any:
            dies = self._left == 0
            self._left -= 1
            if dies and not self._after:
                self._die()
            done = method(*arguments, **named)
            if dies:
                self._die()
            return done

        return called

    def _die(self) -> None:
        self.killed = True
        raise Killed


def everybody(divided: Divided) -> list[str]:
    return [user for user, _ in FakeMetersOfAll(divided.store).meters()]


class ResumedTooEarly(FakeFanOutRecords):
    """Somebody resumes a walk when its worker has seen the pause, and has not let go of its range yet."""

    def __init__(self, divided: Divided) -> None:
        super().__init__(divided.store)
        self._divided = divided
        self.states: list[RangeState] = []

    def release(self, claim: RangeClaim) -> None:
        if not self.states:
            assert self._divided.service.resume(WALK)
            self.states.append(self._divided.work(self._divided.queue.sent.pop()))
        super().release(claim)
