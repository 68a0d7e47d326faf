"""Checks of a rise by hand, beyond the data: the gate, a rollout under way, a second person."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError
from chalicelib.domain.migration.gate.verdict import Gate, GateVerdict
from chalicelib.domain.migration.rollouts.ports import Rollouts
from chalicelib.domain.migration.rollouts.rollout import Rollout, State, used_up
from chalicelib.domain.operating import COMMAND
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.flag import Flag, plain
from chalicelib.flags.document.names import COMPONENTS


@dataclass(frozen=True, slots=True)
class Allowed:
    """A change that is allowed: what is kept with it, and the rollouts whose agreement it takes."""

    evidence: Mapping[str, Any]
    agreed: Sequence[Rollout] = ()


@dataclass(frozen=True, slots=True)
class ManualRises:
    """Whether a person may raise a percentage now."""

    gate: Gate
    rollouts: Rollouts

    def check(self, wanted: Flag, request: ChangeRequest) -> Allowed:
        """Whether one flag may rise.

        Raises:
            RolloutError: a rollout carries the component, a second person must agree, or the gate is shut and nobody
                hurries.
            UnavailableError: the database did not answer.
        """
        component = COMPONENTS[wanted.name]
        rollout = self.rollouts.find(component)
        if rollout is not None:
            _check_not_carried(rollout)
        verdict = self.gate.verdict(component)
        if not (verdict.is_open or request.hurry):
            raise RolloutError(_shut(verdict))
        if rollout is not None:
            _check_agreed(rollout, wanted, request.by, gate_is_open=verdict.is_open)
        hurry = {} if verdict.is_open else {"hurry": True}
        agreed = [] if rollout is None or rollout.approval is None else [rollout]
        return Allowed({**hurry, "gate": verdict.as_document()}, agreed)

    @contextmanager
    def using(self, agreed: Sequence[Rollout]) -> Iterator[None]:
        """Use up what others have agreed to while the change is made; give it back where the change is refused.

        Raises:
            RolloutError: somebody else was faster.
            UnavailableError: the database did not answer.
        """
        used: list[Rollout] = []
        try:
            for rollout in agreed:
                if not self.rollouts.save(used_up(rollout)):
                    message = f"somebody else has changed the rollout of {rollout.component} meanwhile; look again"
                    raise RolloutError(message)
                used.append(rollout)
            yield
        except (RevisionError, RolloutError):
            for rollout in used:
                with suppress(UnavailableError):
                    self.rollouts.save(replace(rollout, version=rollout.version + 1))
            raise


def _check_not_carried(rollout: Rollout) -> None:
    """Whether the plan leaves the rise to people. Raises RolloutError."""
    if rollout.state is State.RUNNING:
        first = f"{COMMAND} rollout pause {rollout.component} --reason WHY"
        raise RolloutError(f"a rollout carries {rollout.component}: it takes the next step by itself; first: {first}")


def _check_agreed(rollout: Rollout, wanted: Flag, by: str, *, gate_is_open: bool) -> None:
    """Whether a second person agrees. Raises RolloutError."""
    if not rollout.is_approved(wanted.rollout_percent, by, gate_is_open=gate_is_open):
        percent = plain(wanted.rollout_percent)
        first = f"{COMMAND} rollout approve {rollout.component} --percent {percent} --reason WHY"
        shut = "" if gate_is_open else ", although the gate is shut"
        raise RolloutError(f"a second person must agree to {percent} %{shut}; first: {first}")


def _shut(verdict: GateVerdict) -> str:
    first = verdict.first
    said = "the gate is shut" if first is None else f"the gate is shut: {first.text}"
    command = f"; first: {first.command}" if first is not None and first.command else ""
    return f"{said}{command}; with --hurry although it is"
