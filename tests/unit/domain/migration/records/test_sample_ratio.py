"""A share that chance explains is no mismatch; the probabilities are those of the two-sided binomial test."""

from decimal import Decimal
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.migration.records.figures import Share
from chalicelib.domain.migration.records.sample_ratio import mismatch, probability

TEN, HALF = Decimal(10), Decimal(50)


@pytest.mark.parametrize(
    ("people", "new", "percent", "expected"),
    [  # by exact fractions
        (10, 5, HALF, 1.0),
        (10, 0, HALF, 2 / 1024),
        (10, 9, HALF, 22 / 1024),
        (100, 20, TEN, 0.003957121731542462),
        (1000, 130, TEN, 0.002682796741746858),
        (10_000, 1200, TEN, 9.605265874625901e-11),
    ],
)
def test_known_probabilities(people: int, new: int, percent: Decimal, expected: float) -> None:
    assert probability(Share(people, new), percent) == pytest.approx(expected, rel=1e-6)


@given(
    st.integers(1, 60).flatmap(lambda people: st.tuples(st.just(people), st.integers(0, people))), st.integers(1, 99)
)
def test_the_probability_is_twice_the_smaller_tail(share: tuple[int, int], percent: int) -> None:
    people, new = share

    def tail(numbers: range) -> float:
        chance = percent / 100
        return sum(comb(people, k) * chance**k * (1 - chance) ** (people - k) for k in numbers)

    expected = min(1.0, 2 * min(tail(range(new + 1)), tail(range(new, people + 1))))
    assert probability(Share(people, new), Decimal(percent)) == pytest.approx(expected, rel=1e-6)


def test_what_chance_explains_is_no_mismatch() -> None:
    assert mismatch(Share(1000, 120), TEN, exact=False) is None
    assert mismatch(Share(10, 0), HALF, exact=False) is None
    assert mismatch(Share(0, 0), HALF, exact=False) is None


def test_what_chance_does_not_explain_is_said_in_words() -> None:
    said = mismatch(Share(1000, 150), TEN, exact=False)
    assert said == (
        "150 of 1000 people got the new backend (15.0 %), though 10 % are set: chance does so in less than one of "
        "1000 cases, so something else decides too"
    )
    assert mismatch(Share(1000, 50), TEN, exact=False)


def test_a_list_of_people_is_no_chance() -> None:
    assert mismatch(Share(1000, 150), TEN, exact=True) is None


def test_at_100_percent_everybody_is_in_though_a_list_is_kept() -> None:
    assert mismatch(Share(7, 7), Decimal(100), exact=True) is None
    assert mismatch(Share(7, 6), Decimal(100), exact=True)


@pytest.mark.parametrize(("percent", "right", "wrong"), [(Decimal(0), 0, 1), (Decimal(100), 7, 6)])
def test_at_nobody_and_everybody_one_person_is_too_many(percent: Decimal, right: int, wrong: int) -> None:
    assert mismatch(Share(7, right), percent, exact=False) is None
    assert mismatch(Share(7, wrong), percent, exact=False)


def test_a_million_people_take_no_time_to_speak_of() -> None:
    assert mismatch(Share(1_000_000, 100_500), TEN, exact=False) is None
    assert mismatch(Share(1_000_000, 101_500), TEN, exact=False)
