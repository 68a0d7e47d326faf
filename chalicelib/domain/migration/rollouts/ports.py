"""What a rollout needs from outside: its record, and the flag of its component."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.rollouts.next_action import FlagNow
from chalicelib.domain.migration.rollouts.rollout import Rollout, Seen


class Rollouts(Protocol):
    """The record, one document per component. Every method raises UnavailableError out of time."""

    def find(self, component: Component) -> Rollout | None:
        """The rollout of a component, whatever its state; None: there never was one."""

    def all(self) -> Sequence[Rollout]:
        """Every rollout, in no particular order."""

    def carried(self) -> Sequence[Rollout]:
        """Those that the schedule looks at."""

    def save(self, rollout: Rollout) -> bool:
        """Store it in place of the version that was read. False: somebody else was faster, and nothing is stored."""

    def see(self, rollout: Rollout, seen: Seen) -> None:
        """Keep what a run has found, unless somebody has stored another version."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a change of the flag and why. ``evidence``: what was known then, kept with the change."""

    by: str
    reason: str
    evidence: Mapping[str, Any]


class RolloutFlags(Protocol):
    """The flags of the components. ``seconds``: how long a change may be waited for, in all."""

    def now(self, component: Component) -> FlagNow:
        """The deployed flag. Raises RolloutError: nothing was ever deployed, UnavailableError: AppConfig is away."""

    def rise(
        self, component: Component, percent: Decimal, expected: str, asked: Asked, seconds: float, *, exact: bool
    ) -> FlagChange:
        """Switch the flag on at a percentage, on top of the document ``expected`` alone.

        Raises:
            RolloutError: the data do not allow it yet.
            UnchangedError: the flag is so already.
            RevisionError: somebody else has changed the document.
            UnavailableError: AppConfig or the database did not answer.
        """

    def back(self, component: Component, percent: Decimal | None, asked: Asked, seconds: float) -> FlagChange:
        """Lower the percentage, or switch the flag off. Raises RolloutError, UnavailableError: AppConfig alone."""

    def kill(self, asked: Asked, seconds: float) -> FlagChange:
        """Send everybody to the old backend."""
