"""Taking the next action of a rollout, in steps after each of which the process may die.

A rise: the intent is stored, then the flag is deployed, then the step is stored as taken. The next run sees by the
flag itself how far that came. The way back goes the same way, and does not wait for the record.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from chalicelib.domain.errors import ConflictError, UnchangedError
from chalicelib.domain.migration.gate.verdict import GateVerdict
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.rollouts.next_action import Back, End, FlagNow, Rise, Taken, reached
from chalicelib.domain.migration.rollouts.ports import Asked, RolloutFlags, Rollouts
from chalicelib.domain.migration.rollouts.rollout import Direction, Intent, Rollout, State, ended, intended, taken
from chalicelib.domain.operating import REASON_LENGTH
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.logger import logger

NOT_RECORDED = "a rollout's way back cannot be recorded"


class OvertakenError(ConflictError):
    """Raised when somebody else has stored the rollout meanwhile: nothing was done."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, and why. ``hurry``: past the hold time and what holds the gate shut."""

    who: str
    reason: str
    hurry: bool = False

    def asked(self, verdict: GateVerdict | None) -> Asked:
        """The reason that is kept with the change of the flag: no reason of the gate's is too long to go back for."""
        evidence: dict[str, Any] = {"hurry": True} if self.hurry else {}
        if verdict is not None:
            evidence["gate"] = verdict.as_document()
        return Asked(self.who, self.reason[:REASON_LENGTH], evidence)


@dataclass(frozen=True, slots=True)
class Taking:
    """Stores and deploys."""

    rollouts: Rollouts
    flags: RolloutFlags
    clock: Clock

    def rise(
        self, rollout: Rollout, rise: Rise, flag: FlagNow, verdict: GateVerdict, by: By, seconds: float
    ) -> FlagChange | None:
        """Bring the flag to the next step, on top of the document that was looked at; None: it was there already.

        Raises:
            OvertakenError, RolloutError, RevisionError, UnavailableError: the next run looks how far it came.
        """
        intent = Intent(Direction.RISE, rise.percent, self.clock(), by.who, by.reason)
        rollout, change = self.stored(intended(rollout, intent)), None
        exact = rollout.plan.exact and rise.percent > 0
        with suppress(UnchangedError):
            change = self.flags.rise(
                rollout.component, rise.percent, flag.version, by.asked(verdict), seconds, exact=exact
            )
        self.stored(taken(rollout, rise.step, by.who, by.reason, self.clock()))
        return change

    def take(self, rollout: Rollout, step: Taken, by: By) -> None:
        """Write down what the flag says already. Raises OvertakenError, UnavailableError."""
        self.stored(taken(rollout, step.step, by.who, by.reason, self.clock()))

    def back(self, rollout: Rollout, back: Back, verdict: GateVerdict | None, by: By, seconds: float) -> FlagChange:
        """Take the flag back, with the record or without it.

        Raises:
            OvertakenError: somebody else takes it.
            RolloutError, UnavailableError: AppConfig did not take it.
        """
        rollout = self._intended_back(rollout, back.percent, back.ends, by)
        change = self.flags.back(rollout.component, back.percent, by.asked(verdict), seconds)
        step = -1 if back.percent is None else rollout.plan.reached(back.percent)
        self._kept(ended(rollout, back.ends, step, by.who, by.reason, self.clock()))
        return change

    def kill(self, rollout: Rollout, verdict: GateVerdict, by: By, seconds: float) -> None:
        """Send everybody to the old backend. Raises as ``back``."""
        rollout = self._intended_back(rollout, None, State.STOPPED, by)
        self.flags.kill(by.asked(verdict), seconds)
        self._kept(ended(rollout, State.STOPPED, -1, by.who, by.reason, self.clock()))

    def end(self, rollout: Rollout, end: End, flag: FlagNow, by: By) -> None:
        """Write down that it does not go on. Raises OvertakenError, UnavailableError."""
        self.stored(ended(rollout, end.state, reached(rollout, flag), by.who, end.reason, self.clock()))

    def stored(self, rollout: Rollout) -> Rollout:
        """Store it and return what is stored now. Raises OvertakenError, UnavailableError."""
        if not self.rollouts.save(rollout):
            raise OvertakenError(f"somebody else has changed the rollout of {rollout.component} meanwhile; look again")
        return replace(rollout, version=rollout.version + 1)

    def _intended_back(self, rollout: Rollout, percent: Decimal | None, ends: State, by: By) -> Rollout:
        intent = Intent(Direction.BACK, percent, self.clock(), by.who, by.reason, ends)
        try:
            return self.stored(intended(rollout, intent))
        except OvertakenError:
            raise
        except Exception as error:  # noqa: BLE001 a database that is full or refuses us keeps nobody on the new backend
            logger().error(NOT_RECORDED, exc_info=error)
            return rollout

    def _kept(self, rollout: Rollout) -> None:
        """Store it where that is possible: the next run learns the rest from the flag itself."""
        try:
            self.rollouts.save(rollout)
        except Exception as error:  # noqa: BLE001 the flag is back
            logger().error(NOT_RECORDED, exc_info=error)
