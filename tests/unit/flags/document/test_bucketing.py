"""Who is in: the same for ever, evenly spread, and nobody leaves when a percentage rises."""

import json
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.flags.document.bucketing import BUCKETS, PER_PERCENT, bucket, exact_cohort, exact_size, in_order, rank
from chalicelib.flags.document.names import COMPONENTS
from tests.depth import combined

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "buckets.json").read_text())
PEOPLE = 100_000
PERCENTAGES = (1, 5, 10, 25, 50, 75, 90, 99)
users = st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=40)
percents = st.decimals(0, 100, places=3)
SALT = "energy_table_new_backend"


@cache
def buckets_of(flag: str) -> Sequence[int]:
    """The buckets of a hundred thousand people."""
    return [bucket(flag, f"user-{number}") for number in range(PEOPLE)]


def share(flag: str, percent: int) -> int:
    return sum(place < percent * PER_PERCENT for place in buckets_of(flag))


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: f"{golden['salt']}-{golden['userId'][:12]!r}")
def test_buckets_are_those_of_the_golden_file(golden: dict[str, Any]) -> None:
    assert bucket(golden["salt"], golden["userId"]) == golden["bucket"]


@pytest.mark.parametrize("flag", COMPONENTS)
def test_at_0_nobody_is_in_and_at_100_everybody(flag: str) -> None:
    assert (share(flag, 0), share(flag, 100)) == (0, PEOPLE)
    assert 0 <= min(buckets_of(flag)) <= max(buckets_of(flag)) < BUCKETS


@pytest.mark.parametrize(("flag", "percent"), combined(COMPONENTS, PERCENTAGES))
def test_a_percentage_of_people_is_within_0_3_points_of_itself(flag: str, percent: int) -> None:
    assert abs(share(flag, percent) / PEOPLE * 100 - percent) < 0.3  # two standard deviations at 50 %


@pytest.mark.parametrize("flag", COMPONENTS)
def test_whoever_is_in_stays_in_at_every_higher_percentage(flag: str) -> None:
    cohorts = [{n for n, place in enumerate(buckets_of(flag)) if place < p * PER_PERCENT} for p in PERCENTAGES]
    assert all(smaller < larger for smaller, larger in pairwise(cohorts))


@pytest.mark.parametrize(("one", "other"), list(pairwise(COMPONENTS)))
def test_two_flags_overlap_as_by_chance(one: str, other: str) -> None:
    """Half of one half: 25 %, within 0.5 points."""
    half = BUCKETS // 2
    both = sum(a < half and b < half for a, b in zip(buckets_of(one), buckets_of(other), strict=True))
    assert abs(both / PEOPLE * 100 - 25) < 0.5


@given(st.text(), st.text())
def test_the_order_of_people_is_the_order_of_their_buckets(one: str, other: str) -> None:
    if rank(SALT, one) <= rank(SALT, other):
        assert bucket(SALT, one) <= bucket(SALT, other)


def test_ten_percent_of_ten_people_is_one_person() -> None:
    people = [f"user-{number}" for number in range(10)]
    assert exact_cohort(SALT, people, exact_size(10, Decimal(10)), ()) == (in_order(SALT, people)[0],)


@given(users, percents)
def test_an_exact_percentage_is_never_less_than_it_says_and_less_than_one_person_more(
    known: list[str], percent: Decimal
) -> None:
    size = len(exact_cohort(SALT, known, exact_size(len(known), percent), ()))
    assert 0 <= size - len(known) * percent / 100 < 1


@given(users, users, percents, percents)
def test_nobody_is_dropped_when_somebody_joins_or_the_percentage_rises(
    known: list[str], joining: list[str], one: Decimal, other: Decimal
) -> None:
    lower, higher = sorted((one, other))
    before = exact_cohort(SALT, known, exact_size(len(known), lower), ())
    everybody = [*known, *(user_id for user_id in joining if user_id not in known)]
    after = exact_cohort(SALT, everybody, exact_size(len(everybody), higher), before)
    assert after[: len(before)] == before
    assert len(set(after)) == len(after) == max(len(before), exact_size(len(everybody), higher))
