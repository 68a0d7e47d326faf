"""A backfill that the workers of a deployment do: they bring both sides together, then refresh what is displayed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from typing_extensions import override

from chalicelib.domain.meters.walks import Verification, Walk
from infra.errors import OperatorError
from infra.operations.fan_out.watching import walked
from infra.operations.walking import walk_progress
from infra.targets.target import Target
from infra.targets.workers import with_workers
from migrations.backfill import again_when_unavailable
from migrations.scripts import Advance, Run


class ByWorkers(Run):
    """A run with workers; what it says and shows goes to the other one."""

    def __init__(self, shown: Run, target: Target, ranges: int) -> None:
        self._shown = shown
        self._target = target
        self._ranges = ranges

    @override
    def check(self) -> None:
        self._shown.check()

    @override
    def say(self, text: str) -> None:
        self._shown.say(text)

    @override
    def progress(self, unit: str, total: int) -> AbstractContextManager[Advance]:
        return self._shown.progress(unit, total)

    @override
    def by_workers(self, meters: Callable[[], int], check: Callable[[], None]) -> bool:
        """Raises OperatorError: a walk cannot end, or a meter cannot be refreshed. The next run has less to write."""
        with with_workers(self._target) as operations:
            total = meters()
            for walk in (Walk.SYNC, Walk.SWEEP):
                with walk_progress(walk.value, total) as show:

                    def seen(found: Verification, show: Callable[[Verification], None] = show) -> None:
                        check()
                        show(found)

                    # Tried again by itself: with the whole script, a walk that has ended would begin again.
                    found = again_when_unavailable(partial(walked, operations.fan_out, walk, self._ranges, seen))
                if found.differences:
                    raise OperatorError("some meters cannot be refreshed; python -m infra sweep says which, and why")
        return True
