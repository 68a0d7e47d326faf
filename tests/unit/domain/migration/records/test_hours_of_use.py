"""Percentiles are hardly above the true ones, and people are counted once an hour, in whichever portions rows come."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.figures import ComponentFigures
from chalicelib.domain.migration.records.hours_of_use import (
    HOUR_MS,
    LAST_BUCKET,
    Additions,
    Answers,
    Hour,
    HourOfUse,
    Place,
    Seen,
    Use,
    bucket_of,
    hour_of,
    upper_bound,
)

TABLE = Component.ENERGY_TABLE
DURATIONS = st.floats(min_value=1, max_value=60_000)
USES = st.builds(
    Use,
    component=st.sampled_from(Component),
    backend=st.sampled_from(Backend),
    user=st.sampled_from(["anna", "bert", "carl"]),
    at=st.integers(0, 5 * HOUR_MS),
    elapsed_ms=DURATIONS,
    success=st.booleans(),
    reason=st.sampled_from([Reason.PERCENTAGE_IN, Reason.PERCENTAGE_OUT, Reason.TEST_USER, None]),
    document_version=st.sampled_from(["one", "two", None]),
)


def added_in_portions(uses: Sequence[Use], size: int) -> tuple[dict[Hour, HourOfUse], dict[Place, Seen]]:
    """What comes of adding rows some at a time, as a fold does."""
    hours: dict[Hour, HourOfUse] = {}
    seen: dict[Place, Seen] = {}
    for start in range(0, len(uses), size):
        additions = Additions(seen, uses[start : start + size])
        for hour, added in additions.hours.items():
            hours.setdefault(hour, HourOfUse()).include(added)
        seen |= additions.changed()
    return hours, seen


def people(uses: Sequence[Use]) -> int:
    return len({use.user for use in uses})


@given(DURATIONS)
def test_the_bound_of_a_bucket_is_at_most_a_tenth_above_what_it_holds(elapsed_ms: float) -> None:
    bound = upper_bound(bucket_of(elapsed_ms))
    assert elapsed_ms * (1 - 1e-9) <= bound <= elapsed_ms * 1.1 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("elapsed_ms", "bucket"),
    [(0, 0), (-5, 0), (1, 0), (1.05, 1), (math.nan, 0), (60_000, LAST_BUCKET), (math.inf, LAST_BUCKET)],
)
def test_every_number_has_a_bucket(elapsed_ms: float, bucket: int) -> None:
    assert bucket_of(elapsed_ms) == bucket


def test_there_are_few_buckets() -> None:
    assert LAST_BUCKET == 116


@given(st.lists(DURATIONS, min_size=1))
def test_a_percentile_is_at_most_a_tenth_above_the_true_one(durations: list[float]) -> None:
    answers = Answers()
    for elapsed_ms in durations:
        answers.add(Use(TABLE, Backend.OLD, "anna", 0, elapsed_ms, success=True))
    figures = answers.figures()
    for percent, found in ((50, figures.p50), (95, figures.p95), (99, figures.p99)):
        true = sorted(durations)[math.ceil(len(durations) * percent / 100) - 1]
        assert found is not None
        assert true * (1 - 1e-9) <= found <= true * 1.1 * (1 + 1e-9)


@given(st.lists(USES), st.integers(1, 10))
def test_however_many_rows_come_at_once_every_hour_knows_its_people(uses: list[Use], size: int) -> None:
    ordered = sorted(uses, key=lambda use: use.at)
    hours, seen = added_in_portions(ordered, size)
    assert set(hours) == {(use.component, hour_of(use.at)) for use in uses}
    for (component, hour), found in hours.items():
        own = [use for use in uses if (use.component, hour_of(use.at)) == (component, hour)]
        on_new = [use for use in own if use.backend is Backend.NEW]
        figures: ComponentFigures = found.figures(component, hour)
        assert (figures.people, figures.people_on_new) == (people(own), people(on_new))
        assert sum(each.answers for each in figures.backends.values()) == len(own)
        assert sum(each.failures for each in figures.backends.values()) == sum(not use.success for use in own)
    for (component, user), known in seen.items():
        own = [use for use in ordered if (use.component, use.user) == (component, user)]
        assert known.hour == hour_of(own[-1].at)
        on_new = [use for use in own if use.backend is Backend.NEW]
        assert known.hour_on_new == (hour_of(on_new[-1].at) if on_new else None)


@given(st.lists(USES))
def test_who_comes_again_in_the_same_hour_changes_nothing_that_is_known(uses: list[Use]) -> None:
    first = Additions({}, uses)
    latest = sorted(uses, key=lambda use: use.at)[-1:]
    assert Additions(first.seen, latest).changed() == {}
