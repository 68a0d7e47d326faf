"""How many readings a meter may have had at each of its versions. Pure.

Every acknowledged write says its version, so what the slots held at that version is known. Between two of them lie only
writes of unknown outcome, and what one of these has left does not show at which version it came: a view of a version
between the two may show it or not.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from infra.drills.history.operations import Amount, Operation
from infra.drills.history.slots import NOTHING, SlotState

Bounds = tuple[int, int]  # at least and at most


@dataclass(slots=True)
class Counts:
    """``at``: at the version of each acknowledged write; ``behind``: at the versions from there to the next one.

    ``held``: what each slot may have held since the last acknowledged write. ``unsure_until``: until when (seconds) a
    write of unknown outcome may happen; ``is_sure``: none can since the last acknowledged write.
    """

    versions: list[int] = field(default_factory=lambda: [0])
    at: list[Bounds] = field(default_factory=lambda: [(0, 0)])
    behind: list[Bounds] = field(default_factory=list)
    held: dict[datetime, frozenset[Amount]] = field(default_factory=dict)
    unsure_until: float = -1.0
    is_sure: bool = True

    def written(self, version: int, slots: Mapping[datetime, SlotState], write: Operation) -> None:
        """A write was acknowledged, and has left this; one that says a version of before shows nothing."""
        if version <= self.versions[-1]:
            return
        self.behind.append(bounds(self.held.values()))
        self.held = {date: slot.possible for date, slot in slots.items()}
        self.versions.append(version)
        self.at.append(bounds(self.held.values()))
        self.is_sure = self.unsure_until < write.began

    def doubted(self, date: datetime, amount: Amount, until: float) -> None:
        """Nobody knows what became of a write."""
        self.held[date] = self.held.get(date, NOTHING) | {amount}
        self.unsure_until = max(self.unsure_until, until)
        self.is_sure = False

    def of(self, version: int, now: Bounds) -> Bounds:
        """The possible counts at a version; ``now``: how many there are at present."""
        place = bisect_right(self.versions, version) - 1
        if self.is_sure and place == len(self.at) - 1:
            return now
        if self.versions[place] == version:
            return self.at[place]
        return bounds(self.held.values()) if place == len(self.behind) else self.behind[place]


def bounds(slots: Iterable[frozenset[Amount]]) -> Bounds:
    """How many of the slots hold a reading, by what each of them may hold."""
    possible = [*slots]
    return sum(None not in values for values in possible), sum(values != NOTHING for values in possible)
