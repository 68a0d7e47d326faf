"""What chance explains is no mismatch, what it does not is one; exact figures are held against the tests' own."""

from fractions import Fraction
from math import comb

import pytest

from chalicelib.domain.migration.status.chance import UNLIKELY_FAILURES, fails_more


@pytest.mark.parametrize(
    ("answers", "failures", "more"),
    [
        ((1_000, 1_000), (2, 2), False),
        ((1_000, 1_000), (2, 30), True),
        ((1_000, 1_000), (30, 2), False),
        ((1_000, 10), (0, 1), True),  # one of the first ten, where a thousand went well
        ((100, 100), (0, 1), False),
        ((100, 100), (0, 7), True),
        ((0, 1_000), (0, 10), False),
        ((0, 1_000), (0, 11), True),
        ((0, 0), (0, 0), False),
        ((1_000, 0), (3, 0), False),
    ],
)
def test_a_backend_fails_more_often_where_chance_does_not_explain_it(
    answers: tuple[int, int], failures: tuple[int, int], more: bool
) -> None:
    assert fails_more(answers, failures) is more


@pytest.mark.parametrize("failed", range(1, 30))
def test_the_tail_is_the_binomial_one(failed: int) -> None:
    trials, chance = failed + 5, Fraction(30, 130)
    tail = sum(comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(failed, trials + 1))
    assert fails_more((100, 30), (5, failed)) is (tail < UNLIKELY_FAILURES)
