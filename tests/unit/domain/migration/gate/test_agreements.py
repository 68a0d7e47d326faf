"""Equal answers in a row: how many are needed, what chance gets through, and that a difference ends them."""

from functools import reduce
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.migration.gate.agreements import (
    agreed,
    agreements_needed,
    answered,
    chance_to_pass,
    chance_to_pass_beginning_again,
    differed,
)
from chalicelib.domain.migration.gate.evidence import CodeEvidence, Limits

NEEDED = agreements_needed(Limits())
shares = st.floats(0.001, 0.5)


@pytest.mark.parametrize(
    ("wrong", "doubt", "needed"),
    [(0.01, 0.05, 299), (0.01, 0.01, 459), (0.001, 0.05, 2995), (0.05, 0.05, 59), (0.5, 0.25, 2)],
)
def test_known_numbers(wrong: float, doubt: float, needed: int) -> None:
    assert agreements_needed(Limits(wrong=wrong, doubt=doubt)) == needed


@given(shares, st.floats(0.0001, 0.5))
def test_the_number_is_the_first_at_which_the_doubt_is_small_enough(wrong: float, doubt: float) -> None:
    needed = agreements_needed(Limits(wrong=wrong, doubt=doubt))
    assert chance_to_pass(wrong, needed) <= doubt * (1 + 1e-9)
    assert chance_to_pass(wrong, needed - 1) > doubt * (1 - 1e-9)


def test_what_gets_through_by_formula() -> None:
    assert chance_to_pass(0, NEEDED) == 1
    assert chance_to_pass(0.01, NEEDED) == pytest.approx(0.0495, abs=5e-5)
    assert chance_to_pass(0.02, NEEDED) == pytest.approx(0.0024, abs=5e-5)


def test_who_forgets_differences_lets_most_through_in_the_long_run() -> None:
    assert chance_to_pass_beginning_again(0.02, NEEDED, 20_000) == pytest.approx(0.615, abs=5e-4)
    assert chance_to_pass_beginning_again(0.02, NEEDED, NEEDED) == pytest.approx(chance_to_pass(0.02, NEEDED))
    assert chance_to_pass_beginning_again(0.02, NEEDED, NEEDED - 1) == 0


@given(st.floats(0.05, 0.95), st.integers(1, 4), st.integers(1, 10))
def test_beginning_again_is_a_row_anywhere_among_all_courses(wrong: float, needed: int, answers: int) -> None:
    def likely(course: int) -> float:
        differences = course.bit_count()
        return wrong**differences * (1 - wrong) ** (answers - differences)

    through = (each for each in range(2**answers) if "0" * needed in f"{each:0{answers}b}")
    expected = sum(map(likely, through))
    assert isclose(chance_to_pass_beginning_again(wrong, needed, answers), expected, abs_tol=1e-9)


@given(st.lists(st.sampled_from(["equal", "different", "answer"])))
def test_equal_answers_count_since_the_last_difference_or_answer(course: list[str]) -> None:
    counted = reduce(after, course, CodeEvidence())
    last = max((place for place, each in enumerate(course, 1) if each != "equal"), default=0)
    assert counted.agreements == len(course) - last
    open_since = [each for each in course if each != "equal"]
    assert list(counted.unanswered) == (["f"] if open_since and open_since[-1] == "different" else [])
    assert list(counted.differences) == (["f"] if "different" in course else [])


def after(counted: CodeEvidence, what: str) -> CodeEvidence:
    if what == "equal":
        return agreed(counted)
    return differed(counted, "f") if what == "different" else answered(counted, "f")


def test_an_answer_is_for_its_own_difference_alone() -> None:
    counted = answered(differed(differed(CodeEvidence(), "one"), "other"), "one")
    assert (list(counted.unanswered), list(counted.differences)) == (["other"], ["one", "other"])


def test_an_answer_for_a_difference_counts_nothing_that_was_before_it() -> None:
    counted = agreed(agreed(differed(agreed(CodeEvidence()), "f")))
    assert counted.agreements == 2
    assert answered(counted, "f").agreements == 0
