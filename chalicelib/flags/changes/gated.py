"""What a rise by hand is asked, beyond the data: the gate, a rollout under way, a second person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import RolloutError
from chalicelib.domain.gate.verdict import Gate, GateVerdict
from chalicelib.domain.rollout.decision import Component
from chalicelib.domain.rollouts.next_action import COMMAND
from chalicelib.domain.rollouts.plan import Step
from chalicelib.domain.rollouts.ports import Rollouts
from chalicelib.domain.rollouts.rollout import Rollout, State, used_up
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.names import COMPONENTS


@dataclass(frozen=True, slots=True)
class ManualRises:
    """Whether a person may raise a percentage now."""

    gate: Gate
    rollouts: Rollouts

    def check(self, wished: Flag, order: ChangeRequest) -> Mapping[str, Any]:
        """What is kept with the change.

        Raises:
            RolloutError: a rollout carries the component, a second person must agree, or the gate is shut and nobody
                hurries.
            UnavailableError: the database did not answer.
        """
        component = COMPONENTS[wished.name]
        rollout = self._checked_rollout(component, wished, order)
        verdict = self.gate.verdict(component)
        if not (verdict.is_open or order.hurry):
            raise RolloutError(_shut(verdict))
        if rollout is not None and rollout.approval is not None and not self.rollouts.save(used_up(rollout)):
            raise RolloutError(f"somebody else has changed the rollout of {component} meanwhile; look again")
        hurry = {} if verdict.is_open else {"hurry": True}
        return {**hurry, "gate": verdict.as_document()}

    def _checked_rollout(self, component: Component, wished: Flag, order: ChangeRequest) -> Rollout | None:
        rollout = self.rollouts.find(component)
        if rollout is None:
            return None
        if rollout.state is State.RUNNING:
            first = f"{COMMAND} rollout pause {component} --reason WHY"
            raise RolloutError(f"a rollout carries {component}: it takes the next step by itself; first: {first}")
        if not rollout.is_approved(wished.rollout_percent, order.by):
            percent = Step(wished.rollout_percent, 0).name.removesuffix(" %")
            first = f"{COMMAND} rollout approve {component} --percent {percent} --reason WHY"
            raise RolloutError(f"a second person must agree to {percent} %; first: {first}")
        return rollout


def _shut(verdict: GateVerdict) -> str:
    first = verdict.first
    said = "the gate is shut" if first is None else f"the gate is shut: {first.text}"
    command = f"; first: {first.command}" if first is not None and first.command else ""
    return f"{said}{command}; with --hurry although it is"
