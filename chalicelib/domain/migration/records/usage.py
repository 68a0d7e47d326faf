"""The usage log: for each answer of a component its backend, how long it took, and whether it succeeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision

KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class BackendUsage:
    """One answer. ``error`` names what was raised, refusals included; ``success``: the backend could do its work.

    ``parameters`` are those of a read (``services.components.component_reads``), so that it can be asked again; they
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


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer that was recorded: when, which backend, by which rule and document, and what came of it."""

    at: int
    backend: Backend
    reason: str | None
    document_version: str | None
    success: bool
    elapsed_ms: float
    trace_id: str | None


class UsageLog(Protocol):
    """Keeps records for ``KEPT_DAYS``."""

    def insert(self, usage: BackendUsage, pseudonym: str, at: int) -> None:
        """Record one answer at an instant; ``pseudonym`` names its user. Does not wait, and may lose the row.

        Raises UnavailableError.
        """

    def between(self, user_id: str, component: Component, first: int, last: int, limit: int) -> Sequence[Answered]:
        """The answers of a component to a user between two instants, in order, the earliest ``limit``.

        Raises UnavailableError.
        """
