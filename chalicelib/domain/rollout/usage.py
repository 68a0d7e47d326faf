"""The usage log: for each answer of a component its backend, how long it took, and whether it succeeded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.domain.rollout.decision import Component, Decision


@dataclass(frozen=True, slots=True)
class BackendUsage:
    """One answer. ``error`` names what was raised, refusals included; ``success``: the backend could do its work.

    ``parameters`` are those of a read (``services.backends.component_reads``), so that it can be asked again; they
    hold no amounts. None: a write. ``trace_id``: of the request.
    """

    component: Component
    user_id: str
    decision: Decision
    elapsed_ms: float
    success: bool
    error: str | None = None
    parameters: Mapping[str, Any] | None = None
    trace_id: str | None = None


class UsageLog(Protocol):
    """Keeps records for some time."""

    def insert(self, usage: BackendUsage, pseudonym: str, at: int) -> None:
        """Record one answer at an instant; ``pseudonym`` names its user. Does not wait, and may lose the row.

        Raises UnavailableError.
        """
