"""Erasing an account: the fence first, then the database, then every other place that may hold the person's id.

Whatever interrupts it, the scheduled function goes on with it: every step may be done again. Each run goes through all
places, those too that were without the person before: what somebody brings back meanwhile goes again.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from traceback import format_tb
from typing import Any

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.people.account import Erasure, Erasures, KeepsLate, KeepsPeople, Left
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.errors import what_of
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.people import concerning

LATE_SHARE = 0.5  # of a run's time, for what came late


@dataclass(frozen=True, slots=True)
class EraserReport:
    """What a scheduled run did: accounts erased, those that are left, and fences whose time was over.

    ``waiting``: places that were not looked through for what came late; no fence opens meanwhile.
    """

    erased: int
    left: int
    opened: int
    waiting: int

    def as_document(self) -> dict[str, Any]:
        """The fields, as logged."""
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
            UnavailableError: the database did not answer in time. Where the fence is up all the same, the scheduled
                function goes on with it.
        """
        left = self._left(budget_seconds)
        erasure = self._erasures.begin(user_id, self._pseudonyms.of("user", user_id))
        if erasure.user_id is not None and self._removed(erasure, left):
            self._forgotten(erasure, left)
        return self._erasures.standing(erasure.fence) or erasure

    def run(self, budget_seconds: float) -> EraserReport:
        """Remove what came late, and fences that are over; then go on with all that are not done, the oldest first.

        Raises:
            UnavailableError: the database did not answer in time; the next run goes on.
        """
        left = self._left(budget_seconds)
        waiting = self._waiting(self._left(budget_seconds * LATE_SHARE))
        opened = self._erasures.tidy(opens=not waiting)
        unfinished = self._erasures.unfinished()
        removed = [erasure for erasure in unfinished if self._removed(erasure, left)]
        erased = sum(self._forgotten(erasure, left) for erasure in removed)
        return EraserReport(erased, len(unfinished) - erased, opened, waiting)

    def _waiting(self, left: Left) -> int:
        """How many places were not looked through for what came late; nothing is looked for without a fence."""
        is_erased = self._erasures.closed()
        if is_erased is None:
            return 0

        def looked_through(place: KeepsLate) -> bool:
            place.forget_late(is_erased, left)
            return True

        return sum(not _tried({"late": place.name}, partial(looked_through, place)) for place in self._late)

    def _removed(self, erasure: Erasure, left: Left) -> bool:
        """Whether the database has nothing of the person any more."""
        concerning(erasure.user_id or "")
        steps = self._erasures.removing(erasure, left)
        return _tried({"receipt": erasure.receipt}, lambda: all(left() for _ in steps))

    def _forgotten(self, erasure: Erasure, left: Left) -> bool:
        """Whether all places are without the person, and so everything is done."""

        def forgotten() -> bool:
            for place in self._places:
                if not left():
                    return False
                self._erasures.note(erasure, place.name, place.forget(str(erasure.user_id), left))
            self._erasures.finish(erasure)
            return True

        return _tried({"receipt": erasure.receipt}, forgotten)

    def _left(self, budget_seconds: float) -> Left:
        ends = self._clock() + round(budget_seconds * 1000)
        return lambda: max(0, ends - self._clock()) / 1000


def _tried(what: dict[str, str], work: Callable[[], bool]) -> bool:
    """Whether it was done. What fails is tried again by the next run, and holds up nobody; the log names nobody."""
    try:
        return work()
    except UnavailableError as error:
        logger().warning("an erasure waits", extra={**what, "reason": what_of(error)})
    except Exception as error:  # noqa: BLE001 the next account wants its end too, and this one its next attempt
        frames = format_tb(error.__traceback__)
        logger().error("an erasure fails", extra={**what, "error": type(error).__name__, "frames": frames})
    return False
