"""A plan says of each user what the flags themselves answer, though it asks them for few."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.flags.changes.planning import Step, at_percentages, plan_between
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FixedFlagStore
from chalicelib.flags.document.bucketing import bucket
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
USERS = [f"user-{number}" for number in range(20)]
LISTS = st.lists(st.sampled_from(USERS), max_size=4, unique=True).map(tuple)
# Ends of percentages, those among them at which a bucket of these users lies, and one beside.
PLACES = [bucket(TABLE, user_id) for user_id in USERS]
ENDS = st.sampled_from([0, 100_000, *PLACES, *(place + 1 for place in PLACES)]) | st.integers(0, 100_000)
FLAGS = st.builds(
    lambda end, enabled, test, blocked, exact: Flag(
        TABLE, 0, 0, enabled, Decimal(end) / 1000, test, blocked, exact if 0 < end < 100_000 and exact else None
    ),
    ENDS,
    st.booleans(),
    LISTS,
    LISTS,
    LISTS | st.none(),
)


def answer(flag: Flag, user_id: str) -> bool:
    document = FlagDocument({GLOBAL: Flag(GLOBAL, 0, 0, enabled=True), TABLE: flag})
    decisions = FlagDecisions(FixedFlagStore(document))
    return decisions.should_use_new_backend(user_id, Component.ENERGY_TABLE).backend is Backend.NEW


@given(before=FLAGS, after=FLAGS)
def test_a_plan_says_of_each_user_what_the_flags_answer(before: Flag, after: Flag) -> None:
    plan = plan_between(before, after, USERS)
    ways = [Step(each, bucket(TABLE, each), answer(before, each), answer(after, each)) for each in USERS]
    assert plan.entering == tuple(step for step in ways if step.after and not step.before)
    assert plan.leaving == tuple(step for step in ways if step.before and not step.after)
    assert (plan.known, plan.in_before) == (len(USERS), sum(step.before for step in ways))


@pytest.mark.parametrize(
    ("listed", "exact", "is_list"),
    [(True, False, True), (False, True, True), (True, True, True), (False, False, False)],
)
def test_a_plan_from_elsewhere_is_of_a_list_where_the_flag_has_one_or_one_is_asked_for(
    listed: bool, exact: bool, is_list: bool
) -> None:
    flag = Flag(TABLE, 0, 0, True, Decimal(50), exact_user_ids=tuple(USERS[:10]) if listed else None)
    before, after = at_percentages(flag, Decimal(10), Decimal(20), lambda: USERS, exact=exact)
    assert (before.rollout_percent, after.rollout_percent) == (Decimal(10), Decimal(20))
    assert [each.exact_user_ids is not None for each in (before, after)] == [is_list, is_list]
