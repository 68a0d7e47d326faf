"""The gate's verdict: each condition with its figure, its limit and how much was looked at, and what follows.

``judge`` makes a verdict of the evidence; ``services.migration.gate`` gathers the evidence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.domain.backends.component import Component
from chalicelib.domain.readings import moment


class ConditionName(StrEnum):
    """What the gate looks at, the most urgent first."""

    ANSWERS = "answers"  # no difference between the backends that nobody has answered for
    VERIFIED = "verified"  # a verify that is clean, and younger than the last change of code or mode
    DATA = "data"  # both sides are written, the drain is over, nothing catches up
    EVIDENCE = "evidence"  # everybody's views were compared, or enough of them in a row
    ERRORS = "errors"  # the new backend does not fail where the old one answers
    LATENCY = "latency"  # the new backend is not slower
    SHARE = "share"  # as many people got the new backend as the percentage says
    DISPLAY = "display"  # no meter lags beyond its time, none fails
    DEAD_LETTERS = "dead_letters"
    ALARMS = "alarms"
    RULES = "rules"  # no ignore rule of a difference has ended
    REHEARSAL = "rehearsal"  # the way back was rehearsed lately, on this code, mode and shape of the document
    HOURS = "hours"  # within the hours in which something may rise


class Breach(StrEnum):
    """What a condition that is broken asks for; one that only holds a rise back asks for nothing."""

    STEP_BACK = "step_back"  # one step back, at once
    KILL = "kill"  # data was lost: everybody to the old backend, at once


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. ``figure`` and ``limit`` are short texts for people and the record, ``n``: of how many.

    ``holds``: None where nobody can say, which shuts the gate as False does but is no breach.
    """

    name: ConditionName
    holds: bool | None
    text: str
    command: str
    figure: str = ""
    limit: str = ""
    n: int | None = None
    breach: Breach | None = None


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What the gate says of one component at an instant, on one code (its digest)."""

    component: Component
    at: int
    code: str
    conditions: Sequence[Condition]

    @property
    def is_open(self) -> bool:
        """Whether more people may get the new backend."""
        return all(condition.holds for condition in self.conditions)

    @property
    def first(self) -> Condition | None:
        """The most urgent condition that does not hold."""
        return next((condition for condition in self.conditions if not condition.holds), None)

    @property
    def breach(self) -> Condition | None:
        """The condition for which the component goes back at once: lost data before everything else."""
        broken = [each for each in self.conditions if each.holds is False and each.breach is not None]
        return next((each for each in broken if each.breach is Breach.KILL), next(iter(broken), None))

    def as_document(self) -> dict[str, Any]:
        """The verdict for programs, as every change stores it."""
        return {
            "component": self.component.value,
            "at": moment(self.at),
            "code": self.code,
            "open": self.is_open,
            "conditions": [_document(condition) for condition in self.conditions],
        }


class Gate(Protocol):
    """Says whether a component may go on."""

    def verdict(self, component: Component) -> GateVerdict:
        """The verdict now. Never raises: what cannot be looked at is a condition that nobody can say."""

    def verdicts(self, components: Iterable[Component]) -> Sequence[GateVerdict]:
        """The verdict of each component, in their order, by one look. Never raises."""


def _document(condition: Condition) -> dict[str, Any]:
    return {
        "name": condition.name.value,
        "holds": condition.holds,
        "text": condition.text,
        "command": condition.command,
        "figure": condition.figure,
        "limit": condition.limit,
        "n": condition.n,
        "breach": condition.breach and condition.breach.value,
    }
