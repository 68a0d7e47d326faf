"""Random histories: who answers right is blamed for nothing, and who answers wrong is found."""

import pytest

from infra.drills.history.checker import Kind, check
from infra.drills.history.operations import Outcome
from tests.unit.infra.drills.history.honest_store import Life
from tests.unit.infra.drills.history.recorded import DOUBT_SECONDS

HISTORIES, LENGTH = 2_000, 60


def blamed(life: Life) -> set[Kind]:
    return {violation.kind for violation in check([life.operations], DOUBT_SECONDS)}


@pytest.mark.long
def test_an_honest_store_is_blamed_for_nothing_whatever_writes_got_lost_and_whatever_lags() -> None:
    unknown = lagging = 0
    for seed in range(HISTORIES):
        life = Life(seed, LENGTH)
        found = check([life.operations], DOUBT_SECONDS)
        assert [violation.as_document() for violation in found] == [], f"seed {seed}"
        unknown += sum(operation.outcome is Outcome.UNKNOWN for operation in life.operations)
        lagging += sum(not operation.passed_on for operation in life.operations)
    assert unknown > HISTORIES
    assert lagging > HISTORIES


def test_a_wrong_body_at_the_right_version_is_found_wherever_the_right_one_was_shown_too() -> None:
    met = 0
    for seed in range(HISTORIES // 10):
        life = Life(seed, LENGTH, misdraws=True)
        assert blamed(life) == ({Kind.BODIES} if life.has_two_bodies else set()), f"seed {seed}"
        met += life.has_two_bodies
    assert met > HISTORIES // 20


def test_a_wrong_count_at_any_version_is_found_where_every_write_was_acknowledged() -> None:
    for seed in range(HISTORIES // 10):
        life = Life(seed, LENGTH, doubts=0, miscounts=True)
        assert blamed(life) == ({Kind.UNREAD} if life.wrong else set()), f"seed {seed}"
