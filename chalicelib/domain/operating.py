"""Operators' actions beside changes of flags and sync mode: what comes first, and the record of what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.errors import InvalidInputError

COMMAND = "python -m infra"
REASON_LENGTH = 500


class Action(StrEnum):
    """What an operator can do."""

    REDRIVE = "redrive"
    DISCARD = "discard"
    SWEEP = "sweep"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What comes first, and the command that does it; ``passes``: it goes by itself, the command shows for how long."""

    text: str
    command: str
    passes: bool = False

    def __str__(self) -> str:
        return self.text if self.passes else f"{self.text}; first: {self.command}"


@dataclass(frozen=True, slots=True)
class Done:
    """Something that an operator does: who, why, and to what (a dead letter's id, or nothing).

    ``at``: when, in UTC milliseconds by the database's clock; None while it is not kept.
    """

    action: Action
    by: str
    reason: str
    subject: str | None = None
    at: int | None = None

    def __post_init__(self) -> None:
        """Raise InvalidInputError without a reason."""
        checked_reason(self.reason)


@dataclass(frozen=True, slots=True)
class Discarded:
    """A dead letter that was taken away: what was said of it, and its text, which may be anything."""

    id: str
    said: dict[str, str]
    message: str
    by: str
    reason: str


class OperatorActions(Protocol):
    """The record. Every method raises UnavailableError out of time."""

    def keep(self, done: Done) -> None:
        """Remember it, with the time of the database; the newest hundreds stay."""

    def keep_discarded(self, letter: Discarded) -> None:
        """Keep a letter under its id: after a command that was killed the same one again replaces its record."""

    def newest(self, limit: int) -> Sequence[Done]:
        """The latest of those that can be read, the newest first."""


def checked_reason(reason: str) -> str:
    """A reason without blanks around it. Raises InvalidInputError."""
    why = reason.strip()
    if not 0 < len(why) <= REASON_LENGTH:
        raise InvalidInputError(f"reason: say why, in up to {REASON_LENGTH} characters; it is kept with the change")
    return why
