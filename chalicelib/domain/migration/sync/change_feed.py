"""The port to the changes of the old side, which the sync job reads, and the values that cross it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.domain.migration.sync.mode_changes import ReadingKey

Position = Any  # a place in the store's stream of changes
Moment = Any  # a time of the store's own


@dataclass(frozen=True, slots=True)
class Changes:
    """What was changed on the old side, in order: which readings, up to which position, and when the last of them was.

    ``complete``: everything that had happened by the moment asked for is among them.
    """

    ids: Sequence[ReadingKey]
    position: Position
    at: int | None
    complete: bool


class ChangeFeed(Protocol):
    """The changes of the old side, by any writer."""

    def position(self) -> Position:
        """The position now: what happens from here on can be read later."""

    def moment(self) -> Moment:
        """The time now: a job that reads up to it ends even where writers never pause."""

    def read(self, position: Position, limit: int, until: Moment) -> Changes | None:
        """Changes behind a position; None where the store does not know that position any more.

        Raises:
            SyncStoppedError: the collection was dropped or renamed.
        """
