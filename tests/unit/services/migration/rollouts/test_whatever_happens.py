"""Whatever happens, in whichever order: verdicts, crashes, AppConfig and database away, two schedules, other people.

A percentage never rises while the gate is shut, never twice within one hold time, and never against a pause; a breach
always goes back in the next run that reaches AppConfig; and what was stored leads on.
"""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.migration.rollouts.rollout import CARRIED, UNDER_WAY, Rollout, State
from tests.depth import depth
from tests.fakes.gate import BROKEN, LOST, OPEN, SHUT, UNKNOWN, Conditions
from tests.unit.services.migration.rollouts.carrying import HOUR, MINUTE, PLAN, TABLE, Carrying

LEVELS = [None, *(int(step.percent) for step in PLAN.steps)]
calls = st.integers(0, 6)


def level(percent: int | None) -> int:
    """How far up a percentage is; off is lower than 0 %."""
    return -1 if percent is None else percent


class Carried(RuleBasedStateMachine):
    """Two schedules, and operators."""

    @initialize()
    def begin(self) -> None:
        self.one = Carrying()
        self.two = Carrying(store=self.one.store, gate=self.one.gate, flags=self.one.flags)
        self.two.rollouts.kept = self.one.rollouts.kept
        self.one.start()
        self.risen_at = self.one.now - 100 * HOUR
        self.before = self.one.percent

    def pass_time(self, minutes: int) -> None:
        self.one.now += minutes * MINUTE
        self.two.now = self.one.now

    def runs(self, carrying: Carrying, dies_after: int = 1000) -> None:
        """One run, and what must be true of it."""
        gate, rollout = carrying.gate.conditions, self.one.rollout
        held = rollout.held_until
        before, is_away = carrying.percent, carrying.flags.down or carrying.store.down
        died = carrying.dying(dies_after, lambda: self.tries(carrying))
        after = carrying.percent
        if level(after) > level(before):
            assert gate == OPEN or after == 0, "it rises with a shut gate"
            assert rollout.state is State.RUNNING, "it rises against a person"
            assert self.one.now >= held, "it rises within the hold time of its step"
            assert level(after) == 0 or self.one.now - self.risen_at >= HOUR, "two steps within one hold time"
            self.risen_at = self.one.now
        if self.breaks(gate, rollout.state) and before is not None and not (died or is_away):
            was_lower = carrying.rollout.state not in UNDER_WAY and rollout.state in UNDER_WAY
            assert level(after) < level(before) or was_lower, "a breach does not go back"
            if gate == LOST:
                assert after is None, "lost data keep somebody on the new backend"

    @staticmethod
    def breaks(gate: Conditions, state: State) -> bool:
        return (gate == LOST and state in CARRIED) or (gate == BROKEN and state in UNDER_WAY)

    @staticmethod
    def tries(carrying: Carrying) -> None:
        try:
            carrying.carrier.run(45)
        except EnergyMonitorError:
            assert carrying.store.down

    @rule(minutes=st.sampled_from([1, 1, 30, 90, 200]))
    def schedule(self, minutes: int) -> None:
        self.pass_time(minutes)
        self.runs(self.one)

    @rule(minutes=st.sampled_from([1, 90]), dies_after=calls)
    def schedule_that_dies(self, minutes: int, dies_after: int) -> None:
        self.pass_time(minutes)
        self.runs(self.one, dies_after)

    @rule(minutes=st.sampled_from([1, 90]), after=calls)
    def two_schedules(self, minutes: int, after: int) -> None:
        """The second one runs in the middle of the first one."""
        self.pass_time(minutes)
        left, deployed = [after], len(self.one.flags.asked)

        def meet() -> None:
            left[0] -= 1
            if left[0] == -1:
                self.tries(self.two)

        before, gate = self.one.percent, self.one.gate.conditions
        self.one.flags.step, real = meet, self.one.rollouts.save

        def save(rollout: Rollout) -> bool:
            meet()
            return real(rollout)

        self.one.rollouts.save = save  # type: ignore[method-assign]
        self.tries(self.one)
        self.one.flags.step, self.one.rollouts.save = lambda: None, real  # type: ignore[method-assign]
        rises = [percent for action, percent, _ in self.one.flags.asked[deployed:] if action == "rollout"]
        assert len(rises) <= 1, "both have taken a step"
        if level(self.one.percent) > level(before):
            assert gate == OPEN or self.one.percent == 0
            self.risen_at = self.one.now

    @rule(conditions=st.sampled_from([OPEN, OPEN, SHUT, UNKNOWN, BROKEN, LOST]))
    def gate_says(self, conditions: Conditions) -> None:
        self.one.gate.conditions = conditions

    @rule(away=st.booleans())
    def appconfig(self, away: bool) -> None:
        self.one.flags.down = away

    @rule(away=st.booleans())
    def database(self, away: bool) -> None:
        self.one.store.down = away

    @rule(percent=st.sampled_from([0, 10, 50]), enabled=st.booleans())
    def somebody_takes_the_flag_back(self, percent: int, enabled: bool) -> None:
        now = self.one.flags.flags[TABLE]
        self.one.flags.set(TABLE, min(now.percent, Decimal(percent)), enabled=now.enabled and enabled)

    @rule(what=st.sampled_from(["pause", "resume", "resume"]))
    def operator(self, what: str) -> None:
        try:
            getattr(self.one.commands, what)(TABLE, "olga", "because")
        except EnergyMonitorError:
            return

    @precondition(lambda self: self.one.rollout.state not in UNDER_WAY)
    @rule()
    def somebody_starts_it_again(self) -> None:
        try:
            self.one.start("otto")
        except EnergyMonitorError:
            return
        self.risen_at = self.one.now - 100 * HOUR if self.one.percent is None else self.one.now

    @rule(dies_after=calls)
    def abort(self, dies_after: int) -> None:
        try:
            died = self.one.dying(dies_after, lambda: self.one.commands.abort(TABLE, "olga", "enough", 20))
        except EnergyMonitorError:
            return
        if not died:
            assert level(self.one.percent) <= 0

    @invariant()
    def what_is_held_is_never_more_than_was_deployed(self) -> None:
        assert -1 <= self.one.rollout.step < len(PLAN.steps)

    def teardown(self) -> None:
        """Nothing is lost: once everything answers again and a person resumes it, it arrives."""
        self.one.gate.conditions, self.one.flags.down, self.one.store.down = OPEN, False, False
        self.pass_time(2)
        self.tries(self.one)
        if self.one.rollout.state in (State.PAUSED, State.STOPPED):
            self.one.commands.resume(TABLE, "olga", "everything is well again")
        elif self.one.rollout.state is not State.RUNNING:
            return
        for _ in range(3 * len(PLAN.steps)):
            self.pass_time(181)
            self.tries(self.one)
        assert (self.one.percent, self.one.rollout.state) == (100, State.DONE)


TestCarried = Carried.TestCase
TestCarried.settings = settings(max_examples=depth(120, 2000), stateful_step_count=40, deadline=None)
