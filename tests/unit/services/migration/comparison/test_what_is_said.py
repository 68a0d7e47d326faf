"""What a comparison says besides its outcome: times, versions, who was silent or broke, and what each side showed."""

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import HistogramError, UnavailableError
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.differences import DifferenceKind
from tests.unit.services.migration.comparison.scene import REQUEST, Answer, Scene, failing, view, with_text

DEFECT, REFUSAL = failing(TypeError("a defect of alice")), failing(HistogramError("no"))
SILENCE = failing(UnavailableError("no"))
OLD, NEW = Backend.OLD, Backend.NEW


def test_how_long_each_backend_took_is_said_in_milliseconds_to_the_microsecond() -> None:
    scene = Scene(times=iter([1.0, 1.0123456, 20.0, 20.5]))
    compared = scene.compare()
    assert dict(zip(scene.asked, (12.346, 500.0), strict=True)) == {"old": compared.old_ms, "new": compared.new_ms}


def test_equal_answers_are_said_whole() -> None:
    assert Scene(versions=[3], old=[view(1, 3)], new=[view(1, 3)]).compare() == ComparisonResult(
        request=REQUEST,
        outcome=Outcome.EQUAL,
        versions=(3, 3),
        old_ms=0.0,
        new_ms=0.0,
        calculations=(2, 2),
    )


@pytest.mark.parametrize(("old", "places"), [(view(1), {"type", "sourceVersion", "months"}), (REFUSAL, {"error"})])
def test_where_one_breaks_the_difference_names_its_defect(old: Answer, places: set[str]) -> None:
    compared = Scene(old=[old], new=[DEFECT]).compare()
    assert compared.broken == (NEW,)
    shown = {each.place: each.candidate for each in compared.differences}
    assert shown.keys() == {*places, "defect"}
    assert shown["defect"] == "TypeError", "never its text, which may name somebody"


def test_what_one_refuses_is_a_difference_that_names_the_error() -> None:
    compared = Scene(new=[REFUSAL]).compare()
    assert compared.broken == (), "a refusal is an answer"
    assert {each.place: each.candidate for each in compared.differences}["error"] == "HistogramError"


def test_two_that_refuse_differently_differ_in_the_error() -> None:
    class OtherError(HistogramError):
        """Another refusal."""

    compared = Scene(old=[REFUSAL], new=[failing(OtherError("no"))]).compare()
    [difference] = compared.differences
    assert (difference.place, difference.control, difference.candidate) == ("error", "HistogramError", "OtherError")


def test_a_text_that_is_not_of_its_data_is_shown_beside_what_they_say() -> None:
    [difference] = Scene(new=[with_text('{"months":[]}')]).compare().differences
    assert (difference.kind, difference.place) == (DifferenceKind.VALUE, "text")
    assert (difference.control, difference.candidate) == ('{"months":[{"meterReading":1}]}', '{"months":[]}')


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        ([SILENCE], [view(1)], (OLD,)),
        ([SILENCE], [DEFECT], (OLD, NEW)),
        ([view(2), SILENCE], [view(1)], (OLD,)),
        ([view(1)], [view(2), DEFECT], (NEW,)),
        ([view(1)], [view(1)], ()),
    ],
)
def test_who_broke_at_any_look_is_named(old: list[Answer], new: list[Answer], broken: tuple[Backend, ...]) -> None:
    assert Scene(old=old, new=new).compare().broken == broken


@pytest.mark.parametrize(
    ("new", "looks"),
    [
        (view(1), 1),
        (SILENCE, 1),
        (view(1, calculation=3), 1),
        (view(1, version=0), 4),
        (view(2), 4),
    ],
)
def test_only_a_difference_and_lag_are_looked_at_again(new: Answer, looks: int) -> None:
    scene = Scene(new=[new])
    scene.compare()
    assert (scene.asked.count("old"), scene.pauses) == (looks, [0.05] * (looks - 1))


@pytest.mark.parametrize(("differs", "outcome"), [(3, Outcome.LAG), (4, Outcome.DIFFERENT)])
def test_the_fourth_look_is_the_last(differs: int, outcome: Outcome) -> None:
    assert Scene(new=[*[view(2)] * differs, view(1)]).compare().outcome is outcome


def test_a_database_that_does_not_say_the_versions_has_failed() -> None:
    class Away(Scene):
        def state(self, *_: object) -> None:  # type: ignore[override]
            raise UnavailableError("no")

    assert Away().compare() == ComparisonResult(REQUEST, Outcome.FAILED, error="UnavailableError")


@pytest.mark.parametrize("parameters", [{}, {"type": "power", "year": 2023, "more": 1}])
def test_a_read_that_cannot_be_asked_any_more_has_failed(parameters: dict[str, object]) -> None:
    scene = Scene()
    compared = scene.compare(request=Request(Component.MONTHLY_CHARTS, "alice", parameters))
    assert (compared.outcome, compared.error, scene.asked) == (Outcome.FAILED, "ValidationError", [])


def test_who_did_not_answer_is_said_with_the_versions_and_the_times() -> None:
    compared = Scene(new=[SILENCE], versions=[7]).compare()
    assert (compared.error, compared.versions, compared.calculations) == ("no answer: new", (7, 7), ())
    assert (compared.old_ms, compared.new_ms) == (0.0, 0.0)


@pytest.mark.parametrize("refusing", ["old", "new"])
def test_a_refusal_shows_no_version_so_nothing_of_it_can_lag(refusing: str) -> None:
    scene = Scene(**{"old": [view(1, 0, 9)], "new": [view(1, 0, 9)], refusing: [REFUSAL]})  # type: ignore[arg-type]
    compared = scene.compare()
    assert (compared.outcome, compared.calculations) == (Outcome.DIFFERENT, (9,))
