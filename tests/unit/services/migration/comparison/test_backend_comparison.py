"""A fair comparison of two backends: at one source version, in random order, each with its own time."""

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import HistogramError, UnavailableError
from chalicelib.domain.migration.records.comparison_log import Outcome
from tests.unit.services.migration.comparison.scene import Answer, Scene, failing, view, with_text


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
