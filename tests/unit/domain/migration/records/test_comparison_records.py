"""Records of comparisons, and when a difference is settled."""

from dataclasses import replace

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonResult,
    DifferenceGroup,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
)
from chalicelib.domain.migration.records.differences import DifferenceKind, differences

CHARTS = Component.MONTHLY_CHARTS
GROUP = DifferenceGroup("f", CHARTS, DifferenceKind.VALUE, "months[]", 2, 1, 10, 20, ())


def replay(showing: int, **outcomes: int) -> Replay:
    return Replay("f", "olga", 30, {Outcome(outcome): count for outcome, count in outcomes.items()}, showing)


@pytest.mark.parametrize(
    ("made", "gone"),
    [
        (replay(0, equal=3), True),
        (replay(0, equal=1, different=1, ignored=1), True),  # what differs there now is something else
        (replay(1, equal=2, different=1), False),
        (replay(1, ignored=1), False),
        (replay(0, equal=2, lag=1), False),
        (replay(0, equal=2, failed=1), False),
        (replay(0, lag=2), False),
        (replay(0), False),
        (replace(replay(0, equal=3), lost=1), False),
        (replace(replay(0, equal=3), unasked=1), False),
    ],
)
def test_a_difference_is_gone_only_when_every_recorded_read_was_compared_and_none_shows_it(
    made: Replay, gone: bool
) -> None:
    assert made.gone is gone


def test_a_difference_is_open_until_somebody_answers_for_it_or_a_replay_finds_it_gone() -> None:
    rule = IgnoreRule("f", "olga", "known", until=100)
    assert GROUP.is_open(50)
    assert not replace(GROUP, rule=rule).is_open(99)
    assert replace(GROUP, rule=rule).is_open(100), "the rule has expired"
    assert not replace(GROUP, gone=replay(0, equal=1)).is_open(50)


def test_an_answer_that_is_wrong_in_many_places_is_remembered_once_for_each_way() -> None:
    control = {"months": [{"a": number, "b": number} for number in range(12)]}
    candidate = {"months": [{"a": number + 1} for number in range(12)]}
    found = tuple(differences(control, candidate))
    compared = ComparisonResult(Request(CHARTS, "alice", {}), Outcome.DIFFERENT, found)
    assert len(found) == 24
    assert [each.exact_place for each in compared.distinct.values()] == ["months[0].a", "months[0].b"]
    assert list(compared.distinct) == [each.fingerprint(CHARTS) for each in compared.distinct.values()]
