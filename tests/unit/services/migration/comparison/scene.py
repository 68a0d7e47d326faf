"""Two backends with prepared answers, and the comparison of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat
from random import Random
from typing import Any, cast

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.json.text import JsonText, WithText
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Request
from chalicelib.domain.ports.reading import DisplayDataRepository
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.readings import EnergyType
from chalicelib.services.components.component_reads import ShowMonths
from chalicelib.services.display.display import View
from chalicelib.services.migration.comparison.compare_backends import BackendComparison

POWER = EnergyType.POWER
REQUEST = Request(Component.MONTHLY_CHARTS, "alice", ShowMonths(type=POWER, year=2023).parameters())
Answer = Callable[[], View]


def view(reading: int, version: int = 1, calculation: int = 2) -> Answer:
    state = MeterState(version, version, calculation_version=calculation)
    return lambda: View({"months": [{"meterReading": reading}]}, state, None)


def with_text(text: str) -> Answer:
    """What is stored as its JSON too, with data that are right."""
    shown = replace(view(1)(), data=WithText(JsonText(text), lambda: view(1)().data))
    return lambda: shown


def failing(error: Exception) -> Answer:
    def fail() -> View:
        raise error

    return fail


@dataclass
class Scene:
    """Two backends with prepared answers, one look after another; the last answer is repeated."""

    old: Sequence[Answer] = (view(1),)
    new: Sequence[Answer] = (view(1),)
    versions: Sequence[int] = (1,)
    asked: list[str] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    times: Iterator[float] = field(default_factory=lambda: repeat(0.0))  # what the timer says, in seconds
    states: int = 0

    def compare(self, seed: int = 1, request: Request = REQUEST) -> ComparisonResult:
        backends = {Backend.OLD: Told("old", self.old, self.asked), Backend.NEW: Told("new", self.new, self.asked)}
        display, timer = cast(DisplayDataRepository, self), partial(next, self.times)
        comparison = BackendComparison(
            cast(Any, backends), display, self.limit, Random(seed), self.pauses.append, timer
        )
        return comparison.compare_backends(request)

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        """Asked for both meters before and after each look."""
        version = self.versions[min(self.states // 2, len(self.versions) - 1)]
        self.states += 1
        return MeterState(version, version)

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        self.limits.append(seconds)
        yield


@dataclass
class Told:
    name: str
    answers: Sequence[Answer]
    asked: list[str]

    def monthly(self, user_id: str, energy_type: EnergyType, year: int, *, consistent: bool) -> View:
        self.asked.append(self.name)
        look = self.asked.count(self.name) - 1
        return self.answers[min(look, len(self.answers) - 1)]()
