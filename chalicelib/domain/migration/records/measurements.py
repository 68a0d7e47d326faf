"""What pages measure: how long a component takes to fetch and to render, how long it makes a person wait, and errors.

Measured by browsers, so it says what people see; ``usage`` says what the server needed. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Protocol

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component


class MeasurementKind(StrEnum):
    """What a page measures."""

    FETCH = "fetch"
    RENDER = "render"
    INTERACTION = "interaction"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class PageMeasurement:
    """One measurement; ``error`` names the class of an error, which takes no time."""

    component: Component
    backend: Backend
    kind: MeasurementKind
    elapsed_ms: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Measurements of one kind, the latest first: when, and how many milliseconds. ``cut``: there are earlier ones."""

    measured: Sequence[tuple[int, float]]
    cut: bool = False

    def percentile(self, share: float) -> float | None:
        """The time within which this share of them lies (nearest rank), None where there are none."""
        times = sorted(elapsed for _, elapsed in self.measured)
        return times[ceil(share * len(times)) - 1] if times else None

    def since(self, instant: int) -> int:
        """How many of them were made from an instant on."""
        return sum(at >= instant for at, _ in self.measured)


@dataclass(frozen=True, slots=True)
class ComponentTimes:
    """What is known of a component on one backend: in browsers, and on the server (``served``)."""

    component: Component
    backend: Backend
    fetch: Sample
    render: Sample
    interaction: Sample
    errors: Sample
    served: Sample

    @property
    def samples(self) -> dict[str, Sample]:
        """What has a duration, by name."""
        return {
            "fetch": self.fetch,
            "render": self.render,
            "interaction": self.interaction,
            "server": self.served,
        }

    @property
    def is_known(self) -> bool:
        """Whether anything was measured."""
        return any(each.measured for each in (*self.samples.values(), self.errors))

    @property
    def error_rate(self) -> float | None:
        """The share of errors among fetches and errors, None where there are neither.

        Where a sample is cut, both are counted from the moment on from which both are known.
        """
        known = max((min(at for at, _ in each.measured) for each in (self.fetch, self.errors) if each.cut), default=0)
        failed, fetched = self.errors.since(known), self.fetch.since(known)
        return failed / (failed + fetched) if failed + fetched else None


class PageMeasurements(Protocol):
    """Keeps measurements of pages for some time."""

    def insert(self, measurements: Sequence[PageMeasurement], pseudonym: str, at: int) -> None:
        """Keep a batch; ``pseudonym`` names its user. Does not wait, and may lose it. Raises UnavailableError."""

    def measured(self, component: Component, backend: Backend, kind: MeasurementKind, since: int, limit: int) -> Sample:
        """The latest measurements from an instant on, at most ``limit``. Raises UnavailableError."""

    def served(self, component: Component, backend: Backend, since: int, limit: int) -> Sample:
        """How long the server took for its latest answers, from the usage log. Raises UnavailableError."""
