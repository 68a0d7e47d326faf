"""How the backends have answered lately, in figures: durations and failures, and who really got which backend. Pure.

The rows of the usage log are added to hourly histograms, so that no question counts rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component


@dataclass(frozen=True, slots=True)
class BackendFigures:
    """Answers of one backend, how many of them failed, and their durations in milliseconds; None: there were none.

    A percentile is the upper bound of the histogram's bucket that holds it.
    """

    answers: int
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """The people about whom the percentage decided, and how many of them got the new backend.

    ``partial``: older rows wait to be added, and those are left out.
    """

    people: int
    new: int
    partial: bool = False


@dataclass(frozen=True, slots=True)
class ComponentFigures:
    """What is known of a component in a span of time that begins at ``since``: both backends, for all people.

    ``partial``: older rows wait to be added, and those are left out.
    """

    component: Component
    since: int
    backends: Mapping[Backend, BackendFigures]
    people: int
    people_on_new: int
    partial: bool = False


class RolloutFigures(Protocol):
    """Keeps figures of answers by the hour."""

    def fold(self, until: int) -> int:
        """Add the next rows up to an instant, each once, the oldest first; returns how many, 0: none is left.

        A call adds some thousand at most. Rows of the last minute wait: some may still be on their way. Raises
        UnavailableError.
        """

    def figures(self, component: Component, since: int) -> ComponentFigures:
        """Read the figures from the hour of an instant on, with the rows not yet added. Raises UnavailableError."""

    def hourly(self, component: Component, since: int) -> Sequence[ComponentFigures]:
        """Read them by the hour, the oldest first; hours without answers are left out. Raises UnavailableError."""

    def share(self, component: Component, document_version: str) -> Share:
        """Whom the percentage of one flag document has put where. Raises UnavailableError."""
