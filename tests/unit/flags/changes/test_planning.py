"""A plan says of each user what the flags themselves answer, though it asks them for few."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.flags.changes.planning import Step, plan_between
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
