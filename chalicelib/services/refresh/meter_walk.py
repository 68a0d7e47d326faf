"""Going over all meters, page by page: the one way of every job that looks at each of them.

How far it has come is remembered after each page, so an interrupted walk goes on; memory does not grow with the number
of meters. What is looked at is the business of the jobs (``consistency``, ``rebuild``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, takewhile
from typing import cast

from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.meters.fan_out import ALL_METERS, MeterRange
from chalicelib.domain.meters.walks import DisplayedMeters, Verification, Walk, WalkControl, WalkProgress, why_past
from chalicelib.domain.readings import MeterKey
from chalicelib.monitoring.logger import logger

Look = Callable[[Sequence[MeterKey], SyncState], Verification]
Progress = Callable[[Verification], None]
METERS_AT_ONCE = 100


class MeterWalk:
    """Walks over the meters that have a reading or a display document."""

    def __init__(self, control: WalkControl, meters: DisplayedMeters, code: Callable[[], str] = lambda: "") -> None:
        self._control = control
        self._meters = meters
        self._code = code

    def over_all(self, walk: Walk, sync: SyncState, look: Look, progress: Progress, *, restart: bool) -> Verification:
        """Look at all meters; what an interrupted walk has seen is not looked at again. Raises UnavailableError."""
        steps = self.steps(walk, sync, look, restart=restart)
        seen = next(steps)
        for seen in steps:
            progress(seen)
        return seen

    def steps(
        self, walk: Walk, sync: SyncState, look: Look, *, restart: bool = False, at_once: int | None = None
    ) -> Iterator[Verification]:
        """Walk page by page; yields what has been seen before the first page, and after each.

        Who stops in between leaves the rest to the next walk. Two at once look at everything twice, and each is right:
        what is kept is always what one of them has seen up to where it is. Raises UnavailableError.
        """
        code = self._code()
        started, seen = self._taken_up(walk, sync, code, restart=restart)
        yield seen
        for page in self.pages(within=MeterRange(seen.resumed), at_once=at_once):
            seen = self.without_erased(seen.plus(look(page, sync)))
            self._control.save_walk_progress(walk, WalkProgress(started, sync.since, page[-1], seen, code))
            yield seen
        self._control.save_walk_progress(walk, None)

    def without_erased(self, seen: Verification) -> Verification:
        """A walk takes long: what it found at its beginning may be of an account that was erased since."""
        users = {finding.user_id for finding in seen.findings}
        erased = self._meters.erased_among(users) if users else set()
        return seen.without(erased) if erased else seen

    def over_one(self, user_id: str, sync: SyncState, look: Look) -> Verification:
        """Look at the meters of one user. Raises UnavailableError."""
        seen = Verification(sync.mode)
        for page in self.pages(user_id):
            seen = seen.plus(look(page, sync))
        return seen

    def pages(
        self, user_id: str | None = None, within: MeterRange = ALL_METERS, at_once: int | None = None
    ) -> Iterator[list[MeterKey]]:
        """The meters of a range, or those of one user, a hundred at a time where nothing else is said."""
        meters = self._meters_in(within) if user_id is None else self._meters_of(user_id)
        while page := list(islice(meters, at_once or METERS_AT_ONCE)):
            yield page

    def _meters_in(self, within: MeterRange) -> Iterator[MeterKey]:
        return takewhile(lambda meter: within.last is None or meter <= within.last, self._meters.meters(within.after))

    def _meters_of(self, user_id: str) -> Iterator[MeterKey]:
        before_all_types = cast(MeterKey, (user_id, ""))
        return takewhile(lambda meter: meter[0] == user_id, self._meters.meters(before_all_types))

    def _taken_up(self, walk: Walk, sync: SyncState, code: str, *, restart: bool) -> tuple[int, Verification]:
        """What an interrupted walk has seen, unless that is long ago, in another mode or by other code."""
        before = self._control.walk_progress(walk)
        if before is None or restart:
            return self._at_the_start(sync)
        if problem := why_past(before, sync, code):
            logger().warning(f"the interrupted {walk} is not taken up: {problem}; it begins at the start")
            return self._at_the_start(sync)
        return before.started, replace(before.seen, resumed=before.after)

    def _at_the_start(self, sync: SyncState) -> tuple[int, Verification]:
        return sync.read_at, Verification(sync.mode, up_to=self._control.operation_time())
