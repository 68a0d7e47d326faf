"""The one status, for functions and for a shell."""

from collections.abc import Callable, Sequence

from chalicelib.bootstrap.operations import Ports, now
from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.decision import Component
from chalicelib.domain.rollout.figures import ComponentFigures, RolloutFigures, Share
from chalicelib.domain.status.flags import FlagsSeen, Obstacle
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.flags.changes.readiness import Readiness
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.repositories.database import time_limit
from chalicelib.services.status.sources import StatusSources
from chalicelib.services.status.status import StatusService


class NoFigures(RolloutFigures):
    """Nobody has answered anything."""

    def fold(self, until: int) -> int:  # noqa: ARG002
        """There is nothing to add."""
        return 0

    def figures(self, component: Component, since: int) -> ComponentFigures:
        """No answers."""
        return ComponentFigures(component, since, {}, 0, 0)

    def hourly(self, component: Component, since: int) -> Sequence[ComponentFigures]:  # noqa: ARG002
        """No hours."""
        return []

    def share(self, component: Component, document_version: str) -> Share:  # noqa: ARG002
        """Nobody."""
        return Share(0, 0)


def status_service(
    ports: Ports,
    overview: Callable[[], FlagOverview],
    letters: Callable[[], int],
    release: Callable[[], str],
    clock: Clock = now,
    figures: RolloutFigures | None = None,
) -> StatusService:
    """Put the status together. What reaches AWS is given by the caller, and asked when somebody wants to know."""

    def flags() -> FlagsSeen:
        return flags_seen(overview().listing())

    def readiness() -> Obstacle | None:
        return Readiness.of(ports.sync_control).obstacle()

    sources = StatusSources(
        control=ports.sync_control,
        lagging=ports.lagging,
        comparisons=ports.comparisons,
        feedback=ports.feedback,
        history=ports.flag_history,
        figures=figures or NoFigures(),
        erasures=ports.erasures,
        records=ports.records,
        ping=ports.ping,
        limit=time_limit,
        flags=flags,
        readiness=readiness,
        letters=letters,
        release=release,
    )
    return StatusService(sources, clock)
