"""Which meters were written since an instant, by whomever, as the store's own history says: the port and its values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.readings import MeterKey


@dataclass(frozen=True, slots=True)
class Written:
    """The meters that were written up to an operation time. ``complete``: up to the moment at which it was asked.

    ``problem``: why the history does not say all of them; then they are not known.
    """

    meters: frozenset[MeterKey]
    up_to: int
    complete: bool = False
    problem: str | None = None


class WriteHistory(Protocol):
    """What was written to readings and to what is shown of them. Every method raises UnavailableError out of time."""

    def reaches(self, since: int) -> bool:
        """Whether it still knows everything behind an operation time, as ``WalkControl`` gives it."""

    def written(self, since: int) -> Iterator[Written]:
        """Part after part; the last one is complete, or has a problem."""
