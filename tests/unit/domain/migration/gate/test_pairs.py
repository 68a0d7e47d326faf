"""Tests of pairs: the evidence is the product of the bets, chance reaches the limit no oftener than it says."""

from collections.abc import Iterator
from functools import reduce
from math import isclose, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.migration.gate.evidence import Limits, PairCount
from chalicelib.domain.migration.gate.pairs import (
    ERRORS,
    LATENCY,
    MOST_EVIDENCE,
    Pair,
    PairTest,
    pair_of_failures,
    pair_of_times,
)

LIMIT = Limits().evidence
TESTS = (LATENCY, ERRORS)
pairs = st.lists(st.sampled_from(Pair), max_size=100)
times = st.floats(0, 60_000)
FACTORS = {Pair.AGAINST: 1, Pair.FAVOUR: -1, Pair.TIE: 0}


@given(st.sampled_from(TESTS), pairs)
def test_the_evidence_is_the_product_of_the_bets_and_the_peak_its_highest(test: PairTest, seen: list[Pair]) -> None:
    count = reduce(test.after, seen, PairCount())
    products = [prod(1 + test.bet * FACTORS[pair] for pair in seen[:end]) for end in range(len(seen) + 1)]
    assert count.against == seen.count(Pair.AGAINST)
    assert count.favour == seen.count(Pair.FAVOUR)
    assert isclose(test.evidence(count), min(products[-1], MOST_EVIDENCE), rel_tol=1e-9)
    assert isclose(count.peak, min(max(products), MOST_EVIDENCE), rel_tol=1e-9)


@given(st.sampled_from(TESTS), pairs, pairs)
def test_a_peak_never_falls(test: PairTest, before: list[Pair], after: list[Pair]) -> None:
    count = reduce(test.after, before, PairCount())
    assert reduce(test.after, after, count).peak >= count.peak


def test_evidence_without_end_stays_a_number() -> None:
    count = PairCount(against=1_000_000)
    assert LATENCY.after(count, Pair.AGAINST).peak == pytest.approx(MOST_EVIDENCE)


def stopped(test: PairTest, against: float, most: int) -> Iterator[float]:
    """How likely a test has stopped after each pair, by all courses: each pair is against it with that chance."""
    going, so_far = {PairCount(): 1.0}, 0.0
    for _ in range(most):
        after: dict[PairCount, float] = {}
        for count, chance in going.items():
            for pair, likely in ((Pair.AGAINST, against), (Pair.FAVOUR, 1 - against)):
                counted = test.after(count, pair)
                if counted.peak >= LIMIT:
                    so_far += chance * likely
                else:
                    same = PairCount(counted.against, counted.favour)
                    after[same] = after.get(same, 0.0) + chance * likely
        going = after
        yield so_far


def after(pairs: int, test: PairTest, against: float) -> float:
    return [*stopped(test, against, pairs)][-1]


def test_a_backend_slower_in_three_of_four_pairs_is_stopped_within_62_in_nine_runs_of_ten() -> None:
    course = [*stopped(LATENCY, 0.75, 62)]
    assert course[-1] == pytest.approx(0.9685, abs=5e-5)
    assert next(pairs for pairs, chance in enumerate(course, 1) if chance >= 0.9) == 51


def test_the_smaller_bet_sees_what_the_larger_one_never_would() -> None:
    assert after(300, LATENCY, 0.6) == pytest.approx(0.864, abs=5e-4)
    assert after(300, ERRORS, 0.6) == pytest.approx(0.435, abs=5e-4)
    course = [*stopped(ERRORS, 0.75, 62)]
    assert next(pairs for pairs, chance in enumerate(course, 1) if chance >= 0.9) == 46


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("against", [0.5, 0.4])
def test_a_backend_that_is_no_worse_is_stopped_in_less_than_one_run_of_twenty(test: PairTest, against: float) -> None:
    assert 0 < after(300, test, against) < 1 / LIMIT


@pytest.mark.parametrize(("test", "pairs"), [(ERRORS, 8), (LATENCY, 14)])
def test_a_backend_that_is_always_worse_is_stopped_by_so_many_pairs(test: PairTest, pairs: int) -> None:
    assert after(pairs, test, 1) == 1
    assert after(pairs - 1, test, 1) == 0


@pytest.mark.parametrize(
    ("old", "new", "pair"),
    [
        (10, 12, Pair.AGAINST),
        (12, 10, Pair.FAVOUR),
        (10, 11, Pair.TIE),  # a tenth
        (100, 111, Pair.AGAINST),
        (100, 109, Pair.TIE),
        (1, 1.9, Pair.TIE),  # less than a millisecond
        (1, 2.1, Pair.AGAINST),
        (0, 0, Pair.TIE),
    ],
)
def test_times_that_are_nearly_equal_say_nothing(old: float, new: float, pair: Pair) -> None:
    assert pair_of_times(old, new) is pair


@given(times, times)
def test_no_backend_is_favoured(one: float, other: float) -> None:
    swapped = {Pair.AGAINST: Pair.FAVOUR, Pair.FAVOUR: Pair.AGAINST, Pair.TIE: Pair.TIE}
    assert pair_of_times(other, one) is swapped[pair_of_times(one, other)]


def test_only_a_failure_of_one_backend_says_something() -> None:
    assert pair_of_failures(old=False, new=True) is Pair.AGAINST
    assert pair_of_failures(old=True, new=False) is Pair.FAVOUR
    assert pair_of_failures(old=True, new=True) is pair_of_failures(old=False, new=False) is Pair.TIE
