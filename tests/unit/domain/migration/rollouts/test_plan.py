"""A plan is what people have written, or it is refused with what is wrong."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.rollouts.plan import DAY_MS, STEPS, Plan, Step, steps_of, written

percents = st.decimals("0.001", 100, places=3)
holds = st.integers(0, 365 * 86_400).map(lambda seconds: seconds * 1000)
plans = st.lists(percents, min_size=1, max_size=19, unique=True).flatmap(
    lambda found: st.tuples(*(st.builds(Step, st.just(percent), holds) for percent in sorted(found)))
)


def test_the_default_is_test_users_a_day_then_10_and_50_for_two_days_and_everybody_for_seven() -> None:
    assert steps_of("test:1d,10:2d,50:2d,100:7d") == STEPS == Plan().steps


@given(plans)
def test_what_was_written_is_read_back(steps: tuple[Step, ...]) -> None:
    assert steps_of(written(steps)) == steps


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "10:2",
        "10:2w",
        "test",
        "50:1d,10:1d",
        "10:1d,10:2d",
        "100.5:1d",
        "-1:1d",
        "0.0001:1d",
        "10:366d",
        "ten:1d",
    ],
)
def test_steps_that_nobody_could_take_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="steps: "):
        Plan(steps_of(text))


@pytest.mark.parametrize(
    "hours",
    [
        AllowedHours("Europe/Berlin", 17, 9),
        AllowedHours("Europe/Berlin", 9, 25),
        AllowedHours("localtime", 9, 17),
        AllowedHours("Europe/Berlin", 9, 17, ()),
        AllowedHours("Europe/Berlin", 9, 17, (7,)),
    ],
)
def test_hours_that_are_none_are_refused(hours: AllowedHours) -> None:
    with pytest.raises(InvalidInputError, match="hours: "):
        Plan(hours=hours)


@pytest.mark.parametrize("approvals", [-1, 2])
def test_one_second_person_is_the_most_that_can_be_asked(approvals: int) -> None:
    with pytest.raises(InvalidInputError, match="approvals: "):
        Plan(approvals=approvals)


@given(plans, percents)
def test_one_step_back_is_lower_and_nothing_lies_between(steps: tuple[Step, ...], percent: Decimal) -> None:
    plan = Plan(steps)
    below, between = plan.below(percent), [step.percent for step in steps if step.percent < percent]
    assert below == (between[-1] if between else None)
    reached = plan.reached(percent)
    assert [step.percent <= percent for step in steps] == [number <= reached for number in range(len(steps))]


def test_steps_have_names_for_people() -> None:
    assert [Step(Decimal(each), DAY_MS).name for each in ("0", "12.500", "100")] == ["test users", "12.5 %", "100 %"]
