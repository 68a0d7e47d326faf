"""Figures of measurements: percentiles that somebody has measured, and errors counted over the time that is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.measurements import ComponentTimes, Sample

NOTHING = Sample([])


def sample(*instants: int, cut: bool = False) -> Sample:
    return Sample([(at, 1.0) for at in sorted(instants, reverse=True)], cut)


def rate(fetch: Sample, errors: Sample) -> float | None:
    return ComponentTimes(Component.DASHBOARD, Backend.OLD, fetch, NOTHING, NOTHING, errors, NOTHING).error_rate


@pytest.mark.parametrize(
    ("times", "half", "most"),
    [([7], 7, 7), ([2, 1], 1, 2), ([3, 1, 2], 2, 3), ([*range(1, 101)], 50, 95), ([*range(1, 21)], 10, 19)],
)
def test_a_percentile_is_the_time_within_which_that_share_lies(times: list[int], half: int, most: int) -> None:
    seen = Sample([(0, time) for time in times])
    assert (seen.percentile(0.5), seen.percentile(0.95)) == (half, most)


def test_of_nothing_there_is_no_percentile_and_no_rate() -> None:
    assert NOTHING.percentile(0.5) is None
    assert rate(NOTHING, NOTHING) is None


@given(st.lists(st.floats(0, 600_000), min_size=1), st.floats(0.01, 1))
def test_at_least_that_share_lies_within_it_and_less_within_any_shorter_time(times: list[float], share: float) -> None:
    found = Sample([(0, time) for time in times]).percentile(share)
    assert found in times
    assert sum(time <= found for time in times) >= share * len(times) > sum(time < found for time in times)


@pytest.mark.parametrize(
    ("fetch", "errors", "expected"),
    [
        (sample(1, 2, 3), sample(2), 1 / 4),
        (sample(1, 2, 3), NOTHING, 0),
        (NOTHING, sample(1), 1),
        (sample(5, 6, cut=True), sample(1, 2, 3, 5), 1 / 3),
        (sample(1, 2, 6), sample(5, 7, cut=True), 2 / 3),
        (sample(5, 6, cut=True), sample(6, 7, cut=True), 2 / 3),
    ],
)
def test_errors_are_counted_over_the_time_that_is_known_of_both(fetch: Sample, errors: Sample, expected: float) -> None:
    assert rate(fetch, errors) == pytest.approx(expected)
