"""Readings counted in buckets: the worked cases, and what holds of every histogram."""

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calculation.histogram import Histogram, histogram
from chalicelib.domain.errors import HistogramError
from chalicelib.domain.readings import to_datetime, to_ms
from tests.unit.domain.calculation.building import UTC, at
from tests.unit.domain.calculation.meters import examples


def counts(result: Histogram) -> list[int]:
    return [bucket.count for bucket in result.buckets]


def edges(result: Histogram) -> list[int]:
    return [to_ms(bucket.start_date) for bucket in result.buckets] + [to_ms(result.buckets[-1].end_date)]


def test_worked_case_of_ten_milliseconds_in_three_buckets() -> None:
    result = histogram([0, 3, 4, 6, 7, 10], 0, 10, 3)
    assert (edges(result), counts(result)) == ([0, 4, 7, 10], [2, 2, 2])
    assert result.max_count == 2


def test_worked_case_of_an_instant() -> None:
    result = histogram([5, 5], 5, 5, 4)
    assert (edges(result), counts(result)) == ([5, 5, 5, 5, 5], [2, 0, 0, 0])


def test_worked_case_of_ten_days() -> None:
    start, end = at("2024-01-01", UTC), at("2024-01-11", UTC)
    moments = ["2024-01-01", "2024-01-01T23:59:59.999", "2024-01-02", "2024-01-05T12:00", "2024-01-11"]
    times = [start - 1, *(at(moment, UTC) for moment in moments), end + 1]
    assert counts(histogram(times, start, end, 10)) == [2, 1, 0, 0, 1, 0, 0, 0, 0, 1]


def test_one_millisecond_is_split_between_the_first_and_the_last_bucket() -> None:
    assert counts(histogram([0, 1], 0, 1, 4)) == [1, 0, 0, 1]


def test_without_a_range_it_is_that_of_the_readings_in_a_hundred_buckets() -> None:
    result = histogram([70, 20, 1020])
    assert (len(result.buckets), counts(result)[0], counts(result)[5], counts(result)[-1]) == (100, 1, 1, 1)
    assert result.date_range is not None
    assert (result.date_range.min, result.date_range.max) == (to_datetime(20), to_datetime(1020))


def test_one_end_of_the_range_may_be_given_alone() -> None:
    assert edges(histogram([10, 20, 30], start=0, n=1)) == [0, 30]
    assert edges(histogram([10, 20, 30], end=25, n=1)) == [10, 25]


def test_no_readings_and_no_range_give_nothing() -> None:
    nothing = Histogram(buckets=[], max_count=0, date_range=None)
    assert histogram([]) == histogram([], start=5) == histogram([], end=5) == nothing


def test_no_readings_in_a_given_range_give_empty_buckets() -> None:
    result = histogram([], 0, 10, 2)
    assert (counts(result), result.max_count) == ([0, 0], 0)


@pytest.mark.parametrize(
    ("start", "end", "n", "message"),
    [
        (0, 10, 0, "a histogram needs at least one bucket"),
        (0, 10, -1, "a histogram needs at least one bucket"),
        (10, 9, 5, "the range of a histogram ends before it starts"),
    ],
)
def test_no_buckets_or_a_range_that_runs_backwards_are_errors(start: int, end: int, n: int, message: str) -> None:
    with pytest.raises(HistogramError, match=f"^{message}$"):
        histogram([1, 2], start, end, n)


def test_no_buckets_are_an_error_without_readings_too() -> None:
    with pytest.raises(HistogramError):
        histogram([], n=0)


def test_its_stored_form() -> None:
    moment = datetime.fromisoformat("1970-01-01T00:00:00.005+00:00")
    assert histogram([5], n=1).as_document() == {
        "buckets": [{"startDate": moment, "endDate": moment, "count": 1}],
        "maxCount": 1,
        "dateRange": {"min": moment, "max": moment},
    }


@examples
@given(st.lists(st.integers(-50, 300)), st.integers(-60, 200), st.integers(0, 150), st.integers(1, 40))
def test_each_count_agrees_with_its_own_edges_and_all_with_the_readings_in_range(
    times: list[int], start: int, width: int, n: int
) -> None:
    result = histogram(times, start, start + width, n)
    bounds = edges(result)
    in_range = [time for time in times if start <= time <= start + width]
    assert sum(counts(result)) == len(in_range)
    assert bounds[0] == start
    assert bounds[-1] == start + width
    assert bounds == sorted(bounds)
    assert result.max_count == max(counts(result))
    if width > 0:
        last = n - 1
        assert counts(result) == [
            sum(low <= time < high or (i == last and time == high) for time in in_range)
            for i, (low, high) in enumerate(pairwise(bounds))
        ]
