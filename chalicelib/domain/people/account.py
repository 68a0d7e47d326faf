"""The erasure of an account: its progress, the ports that carry it out, and the export that a person takes before it.

The database has a fence from the moment when somebody asks for the end: every write of that person is refused
until it opens. Places other than the database are carried to their end by ``KeepsPeople``; their ``forget`` may run any
number of times: an erasure that was interrupted is gone on with from its beginning, and is done when all places were
without the person in one and the same run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

CLOSED_MS = 3_600_000  # how long a fence stays closed: longer than anything that began before it may go on
LATE_MS = 900_000  # how long it stays at least when all is done: longer than any function may run
Left = Callable[[], float]  # how many seconds are left of a run, 0 when its time is up


@dataclass(frozen=True, slots=True)
class Erasure:
    """The end of one account. ``fence`` is its key; instants are UTC milliseconds by the clock of the database.

    ``user_id`` is known until everything is done, None then. ``deleted``: what went so far, by the name of its place.
    """

    fence: str
    receipt: str
    requested_at: int
    opens_at: int
    user_id: str | None
    pseudonym: str
    erased_at: int | None
    deleted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A part of what is kept of a person: documents in plain JSON by collection, and where the next part begins."""

    documents: Mapping[str, Sequence[Mapping[str, Any]]]
    following: str | None


class KeepsPeople(Protocol):
    """A place that may hold a person's id."""

    @property
    def name(self) -> str:
        """What the receipt calls it."""

    def forget(self, user_id: str, left: Left) -> int:
        """Remove everything that says this id; returns how much that was. Raises UnavailableError: try again later."""


class KeepsLate(Protocol):
    """A place where something about a person may still arrive when the account is erased already."""

    @property
    def name(self) -> str:
        """What log lines call it."""

    def forget_late(self, is_erased: Callable[[str], bool], left: Left) -> int:
        """Remove what says an id of which that holds; returns how much that was. Raises UnavailableError."""


class Erasures(Protocol):
    """What the database knows of people, and its end. Every method raises UnavailableError out of time."""

    def begin(self, user_id: str, pseudonym: str) -> Erasure:
        """Put up the fence; where there is one already, return the erasure behind it."""

    def standing(self, fence: str) -> Erasure | None:
        """How far an erasure has come; None: there is no such fence any more."""

    def unfinished(self) -> Sequence[Erasure]:
        """Those that are not done, the oldest first."""

    def removing(self, erasure: Erasure, left: Left) -> Iterator[None]:
        """Remove everything that the database has of the person, one bounded step after another."""

    def note(self, erasure: Erasure, place: str, count: int) -> None:
        """Add what went at a place other than the database."""

    def finish(self, erasure: Erasure) -> None:
        """Forget who it was, and keep the receipt."""

    def closed(self) -> Callable[[str], bool] | None:
        """A function that says whether a text is the id of somebody who has a fence; None: there is no fence."""

    def tidy(self, *, opens: bool) -> int:
        """Remove what came late, of everybody who has a fence; then, if ``opens``, the fences whose time is over.

        Returns how many fences that were.
        """


class AccountExport(Protocol):
    """Everything that the database has of a person, part by part."""

    def page(self, user_id: str, pseudonym: str, cursor: str | None) -> AccountPage:
        """The part behind ``cursor``, None: the first. Raises InvalidInputError for another text, UnavailableError."""
