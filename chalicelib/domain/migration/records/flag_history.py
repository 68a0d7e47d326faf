"""The record of changes of flags, the evidence that allowed them, and the ports that changing flags needs.

``chalicelib.flags`` says what a flag is; here a flag is the members that operators see.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

ComponentAnswer = Mapping[str, Any]  # a flag's members; None instead: there was no readable flag


class ChangeState(StrEnum):
    """How far a change has come."""

    STARTED = "started"
    DEPLOYED = "deployed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FlagChange:
    """One change: who, when, why, from what to what, and what was known about the data then.

    ``before`` and ``after`` have the flags that changed, by name. Versions name flag documents; ``config_version`` and
    ``deployment`` are AppConfig's numbers. ``in_effect_ms``: from the beginning until a poll of AppConfig showed it and
    everybody who had polled before has done so again; None: not seen, or not waited for to the end.
    ``trace_id``: of the request or the command that asked for it.
    """

    id: str
    at: int
    by: str
    action: str
    reason: str
    before: Mapping[str, ComponentAnswer | None]
    after: Mapping[str, ComponentAnswer]
    from_version: str
    to_version: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    state: ChangeState = ChangeState.STARTED
    config_version: int | None = None
    deployment: int | None = None
    in_effect_ms: int | None = None
    problem: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedDocument:
    """The flag document that a change deployed, byte for byte; None: the record is older than this program."""

    change: FlagChange
    content: bytes | None


class FlagHistory(Protocol):
    """The changes of flags. Every method raises UnavailableError out of time."""

    def save(self, change: FlagChange, content: bytes) -> None:
        """Remember a change, or how far it has come by now, with the whole flag document that it deploys."""

    def changes(self, flag: str | None, limit: int) -> Sequence[FlagChange]:
        """The latest changes, of one flag or of all, the newest first."""

    def last_deployed(self) -> RecordedDocument | None:
        """The newest change that was deployed, with its document; None where none ever was."""

    def begun_until(self, at: int, limit: int) -> Sequence[RecordedDocument]:
        """The latest changes that began at an instant or before, whatever came of them, the newest first."""

    def deployed_after(self, at: int) -> FlagChange | None:
        """The first change that began later than an instant and was deployed."""


class KnownUsers(Protocol):
    """Everybody who has ever recorded a reading."""

    def known_users(self) -> Iterator[str]:
        """Each user once, in no particular order, however many there are. Raises UnavailableError out of time."""
