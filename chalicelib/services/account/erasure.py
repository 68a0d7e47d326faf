"""Erasing an account: the fence first, then the database, then every other place that may hold the person's id.

Whatever interrupts it, the scheduled function goes on with it: every step may be done again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.domain.account import Erasure, Erasures, KeepsLate, KeepsPeople
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.pseudonyms import Pseudonyms
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.people import concerning


@dataclass(frozen=True, slots=True)
class EraserReport:
    """What a scheduled run did: accounts erased, those that are left, and fences whose time was over."""

    erased: int = 0
    left: int = 0
    opened: int = 0

    def as_document(self) -> dict[str, Any]:
        """The fields, as they are logged."""
        return asdict(self)


class AccountErasureService:
    """Erases accounts; ``places`` are those beside the database, ``late`` those of them that are looked at again."""

    def __init__(
        self,
        erasures: Erasures,
        places: Sequence[KeepsPeople],
        pseudonyms: Pseudonyms,
        clock: Clock,
        late: Sequence[KeepsLate] = (),
    ) -> None:
        self._erasures = erasures
        self._places = places
        self._late = late
        self._pseudonyms = pseudonyms
        self._clock = clock

    def erase(self, user_id: str, budget_seconds: float) -> Erasure:
        """Put up the fence and come as far as the time goes; asked again, it is the same erasure.

        Raises:
            UnavailableError: the database did not answer in time. Where the fence stands all the same, the scheduled
                function goes on with it.
        """
        erasure = self._erasures.begin(user_id, self._pseudonyms.of("user", user_id))
        if erasure.user_id is not None:
            self._tried(erasure, self._deadline(budget_seconds))
        return self._erasures.standing(erasure.fence) or erasure

    def run(self, budget_seconds: float) -> EraserReport:
        """Go on with all that are not done, the oldest first; then remove what came late, and fences that are over.

        Raises:
            UnavailableError: the database, or a place where something comes late, did not answer in time; the next run
                goes on. No fence opens before such a place was looked at.
        """
        deadline = self._deadline(budget_seconds)
        done = [self._tried(erasure, deadline) for erasure in self._erasures.unfinished()]
        if is_erased := self._erasures.closed():
            for place in self._late:
                place.forget_late(is_erased)
        return EraserReport(done.count(True), done.count(False), self._erasures.tidy())

    def _tried(self, erasure: Erasure, deadline: int) -> bool:
        """Whether everything is done. One that fails stays open, and holds up nobody; the log names its receipt."""
        concerning(erasure.user_id or "")
        try:
            return self._done(erasure, deadline)
        except UnavailableError as error:
            logger().warning("an erasure waits", extra={"receipt": erasure.receipt, "reason": str(error)})
        except Exception as error:  # noqa: BLE001 the next account wants its end too, and this one its next attempt
            logger().error("an erasure fails", extra={"receipt": erasure.receipt, "error": type(error).__name__})
        return False

    def _done(self, erasure: Erasure, deadline: int) -> bool:
        for _ in self._erasures.removing(erasure):
            if self._clock() >= deadline:
                return False
        for place in self._places:
            if place.name in erasure.deleted:
                continue
            if self._clock() >= deadline:
                return False
            self._erasures.note(erasure, place.name, place.forget(str(erasure.user_id)))
        self._erasures.finish(erasure)
        return True

    def _deadline(self, budget_seconds: float) -> int:
        return self._clock() + round(budget_seconds * 1000)
