"""The figures of one simulated seed, and those that must be 0."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.simulation.clock import DAY

YEAR_DAYS = 365.25
FALSE_ROLLBACKS = 1  # may happen in a seed


@dataclass
class Figures:
    """Counts of one seed.

    ``lost``: acknowledged, and not there at the end on the side that is believed, or where people look after a way
    back. ``wrong``: answers that show something else than the person's own book, except ``exposed``: those that the
    planted bug made before it was taken back. ``backwards``: views older than the one the same backend has shown
    before. ``sides_differ``: readings that a verify of the operator's, or the end, finds on one side alone.
    ``refused``: writes that were answered with a refusal, so they were never acknowledged.
    """

    seed: int
    weeks: int
    users: int
    writes: int = 0
    imports: int = 0
    reads: int = 0
    refused: int = 0
    lost: int = 0
    wrong: int = 0
    exposed: int = 0
    backwards: int = 0
    planted: int = 0
    not_found: int = 0
    rollbacks: int = 0
    false_rollbacks: int = 0
    unfinished: int = 0
    sides_differ: int = 0
    mistakes_taken: int = 0
    days_to_everybody: float | None = None
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        """Whether nothing went wrong."""
        zeros = (self.lost, self.wrong, self.backwards, self.not_found, self.sides_differ, self.mistakes_taken)
        return not any(zeros) and self.false_rollbacks <= FALSE_ROLLBACKS

    @property
    def years(self) -> float:
        """How long all people together have lived with it."""
        return round(self.users * self.weeks * 7 / YEAR_DAYS, 2)

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        return {
            "seed": self.seed,
            "weeks": self.weeks,
            "users": self.users,
            "writes": self.writes,
            "imports": self.imports,
            "reads": self.reads,
            "refusedWrites": self.refused,
            "lostWrites": self.lost,
            "wrongShown": self.wrong,
            "wrongInGuardedStep": self.exposed,
            "shownBackwards": self.backwards,
            "planted": self.planted,
            "bugsNotFound": self.not_found,
            "rollbacks": self.rollbacks,
            "falseRollbacks": self.false_rollbacks,
            "componentsNotAtEverybody": self.unfinished,
            "mistakesTaken": self.mistakes_taken,
            "sidesDiffer": self.sides_differ,
            "daysToEverybody": self.days_to_everybody,
            "virtualYears": self.years,
            "faults": dict(sorted(self.faults.items())),
            "holds": self.holds,
        }


def days(milliseconds: int) -> float:
    """Convert milliseconds to days, rounded for people."""
    return round(milliseconds / DAY, 2)


def summary(all_figures: Sequence[Figures]) -> Mapping[str, Any]:
    """Add up the figures of all seeds."""
    return {
        "seeds": len(all_figures),
        "virtualYears": round(sum(each.years for each in all_figures), 2),
        "writes": sum(each.writes for each in all_figures),
        "reads": sum(each.reads for each in all_figures),
        "lostWrites": sum(each.lost for each in all_figures),
        "seedsThatLose": sum(each.lost > 0 for each in all_figures),
        "wrongShown": sum(each.wrong for each in all_figures),
        "bugsNotFound": sum(each.not_found for each in all_figures),
        "falseRollbacks": sum(each.false_rollbacks for each in all_figures),
        "holds": all(each.holds for each in all_figures),
    }
