"""The one form of every figure: its name, value and unit, the target beside it, and what limits it.

Not here: measuring (``benches``), and how a report is kept and printed (``report``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Target:
    """A bound, and one sentence that says what limits the figure where it is not met.

    ``exempt``: that it is not met was decided, and the sentence says where.
    """

    bound: float
    limit: str
    at_least: bool = False
    exempt: bool = False

    def is_met(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured. ``unit``: ``x`` for a ratio; ``note``: what it was made of."""

    name: str
    value: float
    unit: str = "x"
    note: str = ""


class Bench(Protocol):
    """What each module in ``benches`` has. Every name in ``TARGETS`` is that of a figure."""

    TITLE: str
    TARGETS: Mapping[str, Target]

    def measure(self) -> Iterator[Figure]:
        """Start what is needed, measure, end it."""
