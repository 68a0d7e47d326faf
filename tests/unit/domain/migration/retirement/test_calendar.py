"""The rules by which the calendar of the retirement changes."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.migration.retirement.calendar import (
    Calendar,
    announced,
    checked,
    logged,
    with_brown_out,
    with_opt_out,
    without_brown_out,
    without_opt_out,
)
from chalicelib.domain.migration.retirement.calendar_parts import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    BrownOut,
    Entry,
    OptOut,
    Phase,
)
from chalicelib.domain.migration.retirement.errors import RetirementError

NOW = 1_700_000_000_000
DATES = Calendar(announced_at=NOW, deprecated_at=NOW, sunset_at=NOW + 60 * DAY_MS)
FIRST = BrownOut(NOW + 10 * DAY_MS, NOW + 10 * DAY_MS + HOUR_MS)
SECOND = BrownOut(NOW + 20 * DAY_MS, NOW + 20 * DAY_MS + HOUR_MS)
PLANNED = replace(DATES, brown_outs=(FIRST, SECOND))
CALLER = "0" * 32


def moved(days: float) -> Calendar:
    return replace(DATES, sunset_at=NOW + round(days * DAY_MS))


def test_the_end_is_announced_28_days_before_it() -> None:
    assert announced(None, moved(28), NOW) == moved(28)
    with pytest.raises(RetirementError, match="28 days before it: 2023-12-12T22:13:20Z is the earliest"):
        announced(None, moved(27.99), NOW)


def test_a_rehearsal_gives_no_notice() -> None:
    rehearsal = replace(DATES, sunset_at=NOW + 60_000, rehearsal=True)
    assert announced(None, rehearsal, NOW) == rehearsal
    brown_out = BrownOut(NOW, NOW + 20_000)
    assert with_brown_out(rehearsal, brown_out, NOW).brown_outs == (brown_out,)
    with pytest.raises(RetirementError, match="takes 20 s at least"):
        with_brown_out(rehearsal, BrownOut(NOW, NOW + 19_999), NOW)


def test_the_deprecation_comes_before_the_sunset() -> None:
    with pytest.raises(RetirementError, match="must come before the sunset"):
        announced(None, replace(DATES, deprecated_at=DATES.sunset_at), NOW)


def test_a_later_end_is_taken_and_an_earlier_one_only_where_it_is_meant_with_its_notice_from_now_on() -> None:
    later = NOW + 20 * DAY_MS
    assert announced(DATES, moved(61), later) == moved(61)
    with pytest.raises(RetirementError, match="say --yes where it is meant so"):
        announced(DATES, moved(59), later)
    assert announced(DATES, moved(59), later, earlier=True) == moved(59)
    with pytest.raises(RetirementError, match="28 days before it"):
        announced(DATES, moved(47), later, earlier=True)


def test_a_deprecation_that_is_past_stays() -> None:
    with pytest.raises(RetirementError, match="that is past and stays"):
        announced(DATES, replace(DATES, deprecated_at=NOW + 1), NOW)
    coming = replace(DATES, deprecated_at=NOW + DAY_MS)
    assert announced(coming, DATES, NOW) == DATES


def test_what_is_planned_lies_before_another_end_too() -> None:
    with pytest.raises(RetirementError, match="a brown-out lies between deprecation and sunset"):
        announced(PLANNED, replace(PLANNED, sunset_at=SECOND.end - 1), NOW - 30 * DAY_MS, earlier=True)
    spared = with_opt_out(DATES, OptOut(CALLER, DATES.sunset_at), NOW)
    with pytest.raises(RetirementError, match=rf"of {CALLER} ends at the sunset .* retire optout add {CALLER} --until"):
        announced(spared, replace(spared, sunset_at=NOW + 59 * DAY_MS), NOW, earlier=True)


@pytest.mark.parametrize(
    ("brown_out", "said"),
    [
        (BrownOut(FIRST.start, FIRST.start), "ends after it begins"),
        (BrownOut(FIRST.end, FIRST.start), "ends after it begins"),
        (BrownOut(FIRST.start, FIRST.start + DAY_MS + 1), "a day at most"),
        (BrownOut(FIRST.start, FIRST.start + 15 * MINUTE_MS - 1), "takes 15 min at least"),
        (BrownOut(NOW - 1, NOW + HOUR_MS), "in the past"),
        (BrownOut(NOW + 7 * DAY_MS - 1, NOW + 7 * DAY_MS), "7 days after the announcement"),
        (BrownOut(DATES.sunset_at - 1, DATES.sunset_at + 1), "between deprecation and sunset"),
        (BrownOut(SECOND.start - 1, SECOND.start + 1), "overlap"),
        (BrownOut(SECOND.end - 1, SECOND.end + 1), "overlap"),
    ],
)
def test_a_brown_out_that_breaks_a_rule_is_refused(brown_out: BrownOut, said: str) -> None:
    with pytest.raises(RetirementError, match=said):
        with_brown_out(replace(DATES, brown_outs=(SECOND,)), brown_out, NOW)


def test_no_brown_out_begins_before_the_deprecation() -> None:
    coming = replace(DATES, deprecated_at=FIRST.start + 1)
    with pytest.raises(RetirementError, match="between deprecation and sunset"):
        with_brown_out(coming, FIRST, NOW)


def test_brown_outs_are_kept_in_order() -> None:
    later = BrownOut(FIRST.end + HOUR_MS, FIRST.end + 2 * HOUR_MS)
    sooner = BrownOut(FIRST.start - 2 * HOUR_MS, FIRST.start - HOUR_MS)
    found = with_brown_out(with_brown_out(PLANNED, later, NOW), sooner, NOW)
    assert found.brown_outs == (sooner, FIRST, later, SECOND)


@pytest.mark.parametrize("apart", [0, HOUR_MS - 1])
def test_version_1_answers_for_an_hour_between_two_brown_outs(apart: int) -> None:
    for close in (
        BrownOut(FIRST.end + apart, FIRST.end + apart + HOUR_MS),
        BrownOut(FIRST.start - apart - HOUR_MS, FIRST.start - apart),
    ):
        with pytest.raises(RetirementError, match="60 min between two brown-outs"):
            with_brown_out(PLANNED, close, NOW)
    touching = replace(DATES, brown_outs=(FIRST, BrownOut(FIRST.end, FIRST.end + HOUR_MS)))
    assert with_brown_out(touching, SECOND, NOW).brown_outs == (*touching.brown_outs, SECOND)


def test_brown_outs_in_another_order_are_no_calendar() -> None:
    with pytest.raises(RetirementError, match="brown-outs are kept in order"):
        checked(replace(DATES, brown_outs=(SECOND, FIRST)))


def test_a_brown_out_is_taken_back_until_it_is_over() -> None:
    assert without_brown_out(PLANNED, FIRST.start, FIRST.end - 1).brown_outs == (SECOND,)
    with pytest.raises(RetirementError, match="what has happened stays"):
        without_brown_out(PLANNED, FIRST.start, FIRST.end)
    with pytest.raises(RetirementError, match="no brown-out begins at"):
        without_brown_out(PLANNED, FIRST.start + 1, NOW)


def test_an_opt_out_has_an_end_and_takes_the_place_of_the_one_before() -> None:
    first = with_opt_out(DATES, OptOut(CALLER, NOW + 5), NOW)
    second = with_opt_out(first, OptOut(CALLER, NOW + 9), NOW)
    assert second.opt_outs == (OptOut(CALLER, NOW + 9),)
    assert (second.spares(CALLER, NOW + 8), second.spares(CALLER, NOW + 9)) == (True, False)
    assert not second.spares("1" * 32, NOW)
    assert without_opt_out(second, CALLER).opt_outs == ()
    with pytest.raises(RetirementError, match="has no opt-out"):
        without_opt_out(DATES, CALLER)
    with pytest.raises(RetirementError, match="cannot end in the past"):
        with_opt_out(DATES, OptOut(CALLER, NOW), NOW)
    with pytest.raises(RetirementError, match="ends at the sunset at the latest"):
        with_opt_out(DATES, OptOut(CALLER, DATES.sunset_at + 1), NOW)


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        (NOW - 1, Phase.ANNOUNCED),
        (NOW, Phase.DEPRECATED),
        (FIRST.start - 1, Phase.DEPRECATED),
        (FIRST.start, Phase.BROWN_OUT),
        (FIRST.end - 1, Phase.BROWN_OUT),
        (FIRST.end, Phase.DEPRECATED),
        (DATES.sunset_at - 1, Phase.DEPRECATED),
        (DATES.sunset_at, Phase.SUNSET),
    ],
)
def test_one_phase_follows_the_other_to_the_millisecond(at: int, phase: Phase) -> None:
    assert PLANNED.phase(at) is phase


def test_the_next_brown_out_is_the_one_that_has_not_begun() -> None:
    assert PLANNED.following(NOW) == FIRST
    assert PLANNED.following(FIRST.start) == SECOND
    assert PLANNED.following(SECOND.start) is None


def test_only_what_is_over_and_began_was_held() -> None:
    withheld = replace(FIRST, withheld="the page calls", withheld_at=FIRST.start)
    calendar = replace(DATES, brown_outs=(withheld, SECOND))
    assert calendar.held(SECOND.end - 1) == []
    assert calendar.held(SECOND.end) == [SECOND]


def test_what_hardly_anybody_can_have_noticed_was_not_held() -> None:
    short = BrownOut(FIRST.start, FIRST.start + 15 * MINUTE_MS - 1)
    assert replace(DATES, brown_outs=(short,)).held(SECOND.end) == []
    assert replace(DATES, brown_outs=(short,), rehearsal=True).held(SECOND.end) == [short]


def test_of_the_changes_the_latest_are_kept() -> None:
    calendar = DATES
    for number in range(150):
        calendar = logged(calendar, Entry(NOW + number, "olga", "a change", "why"))
    assert [entry.at - NOW for entry in calendar.log] == list(range(50, 150))


@given(st.lists(st.tuples(st.integers(7, 11), st.integers(1, 30)), max_size=9))
def test_whatever_is_planned_no_instant_lies_in_two_brown_outs(spans: list[tuple[int, int]]) -> None:
    calendar = DATES
    for day, hours in spans:
        start = NOW + day * DAY_MS
        with suppress(RetirementError):
            calendar = with_brown_out(calendar, BrownOut(start, start + hours * HOUR_MS), NOW)
    assert checked(calendar) is calendar
    for at in range(NOW + 7 * DAY_MS, NOW + 13 * DAY_MS, HOUR_MS):
        assert sum(each.covers(at) for each in calendar.brown_outs) <= 1
