"""The scheduled run over all rollouts: one action each, the way back before everything else."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from chalicelib.domain.errors import ConflictError, EnergyMonitorError, UnavailableError
from chalicelib.domain.migration.gate.verdict import Breach, Gate, GateVerdict
from chalicelib.domain.migration.rollouts.next_action import (
    NOT_DONE,
    Action,
    Back,
    End,
    FlagNow,
    Kill,
    Rise,
    Taken,
    Wait,
    next_action,
)
from chalicelib.domain.migration.rollouts.ports import RolloutFlags, Rollouts
from chalicelib.domain.migration.rollouts.rollout import Rollout, Seen
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.migration.rollouts.taking import By, OvertakenError, Taking

CARRIER = "RolloutCarrier"
ATTEMPTS = 3
LEAST_SECONDS = 20.0  # until everybody has asked AppConfig again; with less a rise is left to the next run
AWAY = "AppConfig does not answer, so nothing is changed; the next run tries again: {}"


class _AwayError(EnergyMonitorError):
    """Raised when AppConfig does not say how the flags are."""


@dataclass(frozen=True, slots=True)
class RolloutCarrier:
    """Carries every rollout on."""

    rollouts: Rollouts
    flags: RolloutFlags
    gate: Gate
    taking: Taking
    clock: Clock

    def run(self, seconds: float) -> dict[str, str]:
        """Do what comes next for each; returns what was done, by component.

        Raises UnavailableError where the database does not say which rollouts there are.
        """
        ends = self.clock() + int(seconds * 1000)
        carried = self.rollouts.carried()
        verdicts = self.gate.verdicts([rollout.component for rollout in carried])
        judged = [*zip(carried, verdicts, strict=True)]
        judged.sort(key=lambda each: _urgency(each[1]))
        done: dict[str, str] = {}
        defects: list[Exception] = []
        for position, (rollout, verdict) in enumerate(judged):
            time = _Time((ends - self.clock()) / 1000, len(judged) - position)
            try:
                done[rollout.component.value] = self._carried(rollout, verdict, time)
            except _AwayError as away:  # it takes seconds to say so: once is enough
                self._see(Wait(AWAY.format(away)), *(rollout for rollout, _ in judged[position:]))
                break
            except Exception as defect:  # noqa: BLE001 the others are carried all the same
                defects.append(defect)
        if defects:
            raise defects[0]
        return done

    def stopped(self) -> int:
        """How many rollouts wait for a person: they have stopped by themselves, or their way back is refused."""
        return sum(rollout.needs_a_person for rollout in self.rollouts.carried())

    def _carried(self, rollout: Rollout, verdict: GateVerdict, time: "_Time") -> str:
        for _ in range(ATTEMPTS):
            rollout = self._stored(rollout)
            try:
                flag = self._flag(rollout)
                action = next_action(rollout, verdict, flag, self.clock())
                return self._done(action, rollout, flag, verdict, time)
            except OvertakenError:
                if self._stored(rollout).way_back is not None:
                    return "somebody else takes it back"
            except (ConflictError, UnavailableError) as error:
                self._see(Wait(f"{NOT_DONE}: {error}"), self._stored(rollout))
                return "not done"
        return "overtaken"

    def _done(self, action: Action, rollout: Rollout, flag: FlagNow, verdict: GateVerdict, time: "_Time") -> str:
        if isinstance(action, Kill):
            self.taking.kill(rollout, verdict, By(CARRIER, action.reason), time.share)
        elif isinstance(action, Back):
            self.taking.back(rollout, action, verdict, By(CARRIER, action.reason), time.share)
        elif isinstance(action, End):
            self.taking.end(rollout, action, flag, By(CARRIER, action.reason))
        elif isinstance(action, Taken):
            self.taking.take(rollout, action, By(CARRIER, "the flag says so"))
        elif isinstance(action, Wait):
            self._see(action, rollout)
        elif time.left < LEAST_SECONDS:
            return "left to the next run"
        else:
            self._rise(action, rollout, flag, verdict, time.left)
        return type(action).__name__.lower()

    def _rise(self, rise: Rise, rollout: Rollout, flag: FlagNow, verdict: GateVerdict, seconds: float) -> None:
        reason = f"the plan's next step: {rollout.plan.steps[rise.step].name}"
        self.taking.rise(rollout, rise, flag, verdict, By(CARRIER, reason), seconds)

    def _stored(self, rollout: Rollout) -> Rollout:
        """The rollout that is stored now; the one that was read where the database does not answer."""
        with suppress(UnavailableError):
            return self.rollouts.find(rollout.component) or rollout
        return rollout

    def _flag(self, rollout: Rollout) -> FlagNow:
        try:
            return self.flags.now(rollout.component)
        except UnavailableError as error:
            raise _AwayError(str(error)) from error

    def _see(self, wait: Wait, *rollouts: Rollout) -> None:
        with suppress(UnavailableError):
            for rollout in rollouts:
                self.rollouts.see(rollout, Seen(self.clock(), wait.text, wait.command))


@dataclass(frozen=True, slots=True)
class _Time:
    """The seconds that are left of a run, and for how many rollouts: on the way back nobody takes another's share."""

    left: float
    rollouts: int

    @property
    def share(self) -> float:
        return max(0.0, self.left / self.rollouts)


def _urgency(verdict: GateVerdict) -> int:
    """Lost data before wrong answers, these before everything else."""
    order: Sequence[Breach | None] = (Breach.KILL, Breach.STEP_BACK, None)
    return order.index(None if verdict.breach is None else verdict.breach.breach)
