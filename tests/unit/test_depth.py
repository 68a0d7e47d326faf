"""The number of examples in ``make test`` and in ``make test-deep``."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.depth import combined, share


@given(st.lists(st.integers()), st.integers(1, 5))
def test_the_shares_of_several_tests_are_all_cases_once(cases: list[int], of: int) -> None:
    shares = [share(cases, number, of, deep=False) for number in range(of)]
    assert sorted(case for each in shares for case in each) == sorted(cases)
    assert share(cases, of - 1, of, deep=True) == cases


@given(st.lists(st.lists(st.integers(), min_size=1), min_size=1, max_size=3))
def test_each_value_occurs_in_a_combination(values: list[list[int]]) -> None:
    tried = combined(*values, deep=False)
    assert [{each[place] for each in tried} for place in range(len(values))] == [set(each) for each in values]
    assert set(tried) <= set(combined(*values, deep=True)) == set(product(*values))


@pytest.mark.parametrize("deep", [False, True])
def test_there_are_fewer_combinations_than_all(deep: bool) -> None:
    assert len(combined([1, 2, 3], [4, 5], deep=deep)) == (6 if deep else 3)
