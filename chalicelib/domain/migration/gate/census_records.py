"""A census under way and the last one that came to its end; where both are kept, and who may go on. Pure.

``evidence.Census`` is what the gate sees of it, ``services.migration.gate.census`` asks the people.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.evidence import Census


@dataclass(frozen=True, slots=True)
class Tally:
    """How many views were asked of both backends, how many differ, and how many could not be compared."""

    views: int = 0
    different: int = 0
    failed: int = 0

    def plus(self, more: "Tally") -> "Tally":
        """Both together."""
        return Tally(self.views + more.views, self.different + more.different, self.failed + more.failed)


Tallies = Mapping[Component, Tally]


@dataclass(frozen=True, slots=True)
class CensusRun:
    """A census on one code in the mode since when. People have names that this census alone gives them.

    ``done``: the names of who was asked. ``lagging``: those of who is to be asked again, because no moment was found at
    which both backends showed one source version. ``finished``: when everybody who was there then was asked;
    who comes later is asked too, and that makes the others' answers no younger.
    """

    code: str
    mode_since: int | None
    started: int
    done: frozenset[str] = frozenset()
    lagging: tuple[str, ...] = ()
    tallies: Tallies = field(default_factory=dict)
    finished: int | None = None

    def asked(self, name: str, found: Tallies | None) -> "CensusRun":
        """Add one more person; None: they lag, and nothing of them counts yet."""
        others = tuple(other for other in self.lagging if other != name)
        if found is None:
            return replace(self, lagging=(*others, name))
        tallies = {each: self.of(each).plus(found.get(each, Tally())) for each in {*self.tallies, *found}}
        return replace(self, done=self.done | {name}, lagging=others, tallies=tallies)

    def among(self, names: Collection[str]) -> "CensusRun":
        """Without the names of those who are not there any more."""
        lagging = tuple(name for name in self.lagging if name in names)
        return replace(self, done=self.done.intersection(names), lagging=lagging)

    def rest(self, names: Iterable[str]) -> list[str]:
        """Who is to be asked yet, in turn: those who lag first."""
        return [*self.lagging, *sorted({*names} - self.done - {*self.lagging})]

    def of(self, component: Component) -> Tally:
        """What came of one component's views."""
        return self.tallies.get(component, Tally())

    def ended(self, now: int) -> "CensusRun":
        """Mark the census as finished."""
        return replace(self, finished=self.finished or now)

    @property
    def users(self) -> int:
        """How many people were asked."""
        return len(self.done)

    @property
    def is_clean(self) -> bool:
        """Whether all views were compared, and none differs."""
        return not any(tally.different or tally.failed for tally in self.tallies.values())

    def census(self, component: Component) -> Census:
        """What the gate sees of it."""
        tally = self.of(component)
        return Census(
            code=self.code,
            mode_since=self.mode_since,
            started=self.started,
            users=self.users,
            views=tally.views,
            different=tally.different,
            failed=tally.failed,
            finished=self.finished,
        )


@dataclass(frozen=True, slots=True)
class Censuses:
    """The census under way, and the last one that came to its end."""

    running: CensusRun | None = None
    finished: CensusRun | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who may go on with the census now. ``tries``: of how many claims in a row none has come to a next person."""

    token: str
    censuses: Censuses
    tries: int = 1


class CensusRecords(Protocol):
    """Keeps the census. Every method raises UnavailableError out of time."""

    def censuses(self) -> Censuses:
        """Read both; nothing where nobody can read them."""

    def claim(self, seconds: float) -> Claim | None:
        """Go on alone for so long, by the store's clock; None: somebody else does."""

    def save(self, claim: Claim, censuses: Censuses) -> bool:
        """Remember how far the census is, all of it or nothing; False: the claim has ended, and nothing was changed."""

    def release(self, claim: Claim) -> None:
        """Let the next one go on at once."""
