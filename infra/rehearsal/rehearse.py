"""A rehearsal from its beginning to its end: a stack of its own, every step, and nothing left of it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from infra.local.ending import ended_in_order
from infra.local.layout import Layout
from infra.local.throwaway import empty_stack
from infra.rehearsal.plan import Guard, steps
from infra.rehearsal.scene import Scene
from infra.rehearsal.timeline import Say, Step, Timeline, carried_out

Place = Callable[[], AbstractContextManager[Layout]]
Planned = Callable[[Scene, Guard | None], list[Step]]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What happened, and the guard that was taken out."""

    timeline: Timeline
    without: Guard | None = None

    @property
    def passed(self) -> bool:
        """Whether the whole migration went well."""
        return self.timeline.passed

    @property
    def noticed(self) -> bool | None:
        """Whether the step that must notice the missing guard is the one that failed; None: no guard is missing."""
        failed = self.timeline.failed
        return None if self.without is None else failed is not None and failed.name == self.without.noticed_by

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        guard = self.without and self.without.name
        return {"without": guard, "noticed": self.noticed, **self.timeline.as_document()}


def rehearse(
    without: Guard | None, say: Say, place: Place = lambda: empty_stack("rehearsal"), planned: Planned = steps
) -> Rehearsed:
    """Carry out the whole migration; what was started is ended, whatever becomes of it."""
    with ended_in_order(), place() as layout:
        scene = Scene(layout)
        try:
            return Rehearsed(carried_out(planned(scene, without), time.monotonic, scene.check, say), without)
        finally:
            scene.end()
