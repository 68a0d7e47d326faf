"""A fair comparison of two backends: at one source version, in random order, each with its own time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from threading import Event
from typing import Any, cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import HistogramError, UnavailableError
from chalicelib.domain.json.text import JsonText, WithText
from chalicelib.domain.migration.records.comparison_log import Outcome, Request
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
    states: int = 0

    def compare(self, seed: int = 1) -> Any:
        backends = {Backend.OLD: Told("old", self.old, self.asked), Backend.NEW: Told("new", self.new, self.asked)}
        comparison = BackendComparison(
            cast(Any, backends), cast(DisplayDataRepository, self), self.limit, Random(seed), self.pauses.append
        )
        return comparison.compare_backends(REQUEST)

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


def test_equal_answers_are_equal_at_the_first_look() -> None:
    scene = Scene()
    compared = scene.compare()
    assert (compared.outcome, compared.versions) == (Outcome.EQUAL, (1, 1))
    assert sorted(scene.asked) == ["new", "old"]


@pytest.mark.parametrize(("reading", "places"), [(1, []), (2, ["text"])])
def test_a_stored_text_is_what_callers_get_so_it_must_be_of_its_data(reading: int, places: list[str]) -> None:
    compared = Scene(new=[with_text(f'{{"months":[{{"meterReading":{reading}}}]}}')]).compare()
    assert compared.outcome is (Outcome.DIFFERENT if places else Outcome.EQUAL)
    assert [each.place for each in compared.differences] == places


def test_each_backend_has_its_own_time() -> None:
    scene = Scene()
    scene.compare()
    assert scene.limits == [10.0, 10.0]


def test_either_backend_is_asked_first_now_and_then() -> None:
    firsts = set()
    for seed in range(20):
        scene = Scene()
        scene.compare(seed)
        firsts.add(scene.asked[0])
    assert firsts == {"old", "new"}


def test_a_difference_is_looked_at_again_before_it_is_one() -> None:
    scene = Scene(new=[view(2)])
    compared = scene.compare()
    assert compared.outcome is Outcome.DIFFERENT
    assert [each.place for each in compared.differences] == ["months[].meterReading"]
    assert scene.asked.count("new") == 4
    assert scene.pauses == [0.05] * 3


@pytest.mark.parametrize("reading", [1, 2])
def test_what_two_calculation_versions_answer_is_counted_apart_whether_it_differs_or_not(reading: int) -> None:
    compared = Scene(new=[view(reading, calculation=3)]).compare()
    assert (compared.outcome, compared.differences, compared.calculations) == (Outcome.OTHER_CALCULATION, (), (2, 3))


def test_a_difference_that_only_another_calculation_version_does_not_show_again_stays_one() -> None:
    compared = Scene(new=[view(2), view(1, calculation=3)]).compare()
    assert compared.outcome is Outcome.DIFFERENT


def test_by_which_calculation_equal_answers_are_is_said_too() -> None:
    assert Scene().compare().calculations == (2, 2)


def slow(milliseconds: float, answer: Answer) -> Answer:
    def answer_late() -> View:
        Event().wait(milliseconds / 1000)
        return answer()

    return answer_late


def test_how_long_each_backend_took_is_said_in_milliseconds() -> None:
    compared = Scene(old=[slow(30, view(1))]).compare()
    assert compared.old_ms >= 29
    assert 0 < compared.new_ms < 60_000


@pytest.mark.parametrize(
    ("new", "outcome"),
    [
        ([view(2), view(1)], Outcome.LAG),  # midnight, say, came between; or the figure is right at times
        ([view(1, version=0), view(1)], Outcome.EQUAL),
        ([view(1, version=0)], Outcome.LAG),
        ([view(2), view(2, version=0)], Outcome.DIFFERENT),  # a write that comes between denies nothing
        ([view(2), failing(UnavailableError("no"))], Outcome.DIFFERENT),
        ([failing(UnavailableError("no"))], Outcome.FAILED),
        ([failing(HistogramError("no"))], Outcome.DIFFERENT),
        ([failing(TypeError("a defect"))], Outcome.DIFFERENT),
    ],
)
def test_what_later_looks_see_counts(new: list[Answer], outcome: Outcome) -> None:
    assert Scene(new=new).compare().outcome is outcome


def test_a_difference_before_a_write_is_denied_by_equal_answers_after_it() -> None:
    assert Scene(new=[view(2), view(1)], versions=[1, 1, 2, 2]).compare().outcome is Outcome.EQUAL


def test_who_breaks_at_times_is_no_equal_backend_and_has_broken() -> None:
    compared = Scene(new=[failing(TypeError("a defect")), view(1)]).compare()
    assert (compared.outcome, compared.broken) == (Outcome.LAG, (Backend.NEW,))


def test_a_write_between_the_two_answers_is_lag_whatever_they_say() -> None:
    changing = range(1, 99)
    assert Scene(versions=changing).compare().outcome is Outcome.LAG
    assert Scene(new=[view(2)], versions=changing).compare().outcome is Outcome.LAG
    assert Scene(new=[view(2)], versions=[1, 2, 2]).compare().outcome is Outcome.DIFFERENT


def test_who_refuses_alike_is_equal() -> None:
    refusal = failing(HistogramError("no"))
    assert Scene(old=[refusal], new=[refusal]).compare().outcome is Outcome.EQUAL


def test_who_breaks_alike_proves_nothing() -> None:
    defect = failing(TypeError("a defect"))
    compared = Scene(old=[defect], new=[defect]).compare()
    assert (compared.outcome, compared.error) == (Outcome.FAILED, "both break: TypeError")


def test_a_failure_names_who_did_not_answer() -> None:
    silent = [failing(UnavailableError("no"))]
    assert Scene(old=silent).compare().error == "no answer: old"
    assert Scene(old=silent, new=silent).compare().error == "no answer: new, old"
