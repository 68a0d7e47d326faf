"""The rollout as the application sees it: which components move, and what a decision about one of them says.

Pure names and values. How a decision is made lives in ``chalicelib.flags`` (flag document) and
``chalicelib.services.migration.backends.decisions`` (sync mode before flags).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component


class Reason(StrEnum):
    """Why a decision came out as it did: the header ``X-Flag-Reason`` and the usage log carry it."""

    GLOBAL_OFF = "global_off"
    COMPONENT_OFF = "component_off"
    BLOCKED = "blocked"
    TEST_USER = "test_user"
    PERCENTAGE_IN = "percentage_in"
    PERCENTAGE_OUT = "percentage_out"
    FORCED_OLD = "forced_old"
    OLD_ONLY = "old_only"
    NEW_ONLY = "new_only"
    CATCHING_UP = "catching_up"
    NO_MODE = "no_mode"
    NO_DOCUMENT = "no_document"
    MALFORMED = "malformed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Decision:
    """Which backend answers one component for one user, and why.

    ``bucket`` (0 to 99,999) is the user's place in this component's percentage; ``document_version`` names the flag
    document that decided, None where no document had a say.
    """

    backend: Backend
    reason: str
    bucket: int | None = None
    document_version: str | None = None


# What an operator asks for with ``forceOld``; the caller's role is checked where the request is read.
FORCED_OLD = Decision(Backend.OLD, Reason.FORCED_OLD)


class RolloutDecisions(Protocol):
    """Decides which backend answers."""

    def should_use_new_backend(self, user_id: str, component: Component) -> Decision:
        """The decision for one user and component. Never raises: after any failure the old backend answers."""
