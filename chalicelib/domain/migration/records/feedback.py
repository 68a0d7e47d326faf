"""Feedback: somebody says that a component looks wrong. It is compared next, and its row says what came of it.

It holds what was asked, of which backend and at which versions, and no figures.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import Outcome, Request
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.readings import EnergyType

ATTEMPTS = 5  # then it is closed with what the last attempt came to
OPEN, NOT_COMPARED = "open", "not_compared"
NAMES_IDS = {"after", "reading_id"}  # parameters
STATES = (OPEN, *Outcome, NOT_COMPARED)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody says looks wrong, and what they saw: ``parameters`` of the read, None where nothing was read.

    ``trace_id``: of the request that says so.
    """

    component: Component
    parameters: Mapping[str, Any] | None
    backend: Backend
    reason: Reason
    versions: Mapping[EnergyType, int]
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class GivenFeedback:
    """Stored feedback: who gave it (a pseudonym) and when, and what came of it.

    ``outcome`` is that of the last comparison, None before the first one; ``fingerprints`` are what differed then.
    """

    id: str
    at: int
    user: str
    feedback: Feedback
    is_open: bool
    attempts: int = 0
    outcome: Outcome | None = None
    fingerprints: Sequence[str] = ()
    compared_at: int | None = None

    @property
    def asked(self) -> Mapping[str, Any] | None:
        """What was asked, without what names readings: no report shows these."""
        asked = self.feedback.parameters
        return asked and {name: value for name, value in asked.items() if name not in NAMES_IDS and value is not None}

    @property
    def state(self) -> str:
        """Its state for operators: open, not compared because nothing was read, or the outcome."""
        return state_of(self.is_open, self.outcome)


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """How much feedback there is per component and state, and the latest of it, the latest first."""

    counts: Mapping[Component, Mapping[str, int]]
    latest: Sequence[GivenFeedback]


class FeedbackLog(Protocol):
    """Keeps feedback for some time. All methods raise UnavailableError."""

    def add(self, user_id: str, feedback: Feedback, pseudonym: str, at: int) -> str:
        """Keep it; returns its id. It is open where it has a read."""

    def latest_of(self, user_id: str, place: int) -> int | None:
        """When a user gave the latest feedback (place 1), the one before it (2), and so on; None: there is none."""

    def open(self, components: Collection[Component], limit: int, user_id: str | None = None) -> Sequence[Request]:
        """Open feedback on these components, of one user or of all, as reads to ask; the oldest first."""

    def attempt(self, feedback: str, at: int) -> bool:
        """Count an attempt before it is made, so that one that kills the process counts too.

        The last one closes the feedback as failed; ``settle`` then says better. False: it is not open any more.
        """

    def settle(self, feedback: str, outcome: Outcome, fingerprints: Sequence[str], at: int) -> None:
        """Keep what came of a comparison; an outcome that says something of the backends closes it."""

    def request(self, feedback: str) -> Request | None:
        """What was asked; None: it is not kept any more, or nothing was read."""

    def report(self, since: int, limit: int, component: Component | None = None) -> FeedbackReport:
        """What was given from an instant on, on one component or on all."""


def state_of(is_open: bool, outcome: Outcome | None) -> str:
    """The state of feedback that is open or not, and came to an outcome or to none."""
    return OPEN if is_open else (outcome or NOT_COMPARED)
