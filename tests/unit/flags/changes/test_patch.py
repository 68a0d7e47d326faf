"""What an operator may ask of a flag, and what comes of it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import InvalidInputError, NotFoundError, RolloutError, UnavailableError
from chalicelib.flags.changes.checks import check_names, rises
from chalicelib.flags.changes.patch import FlagPatch, patched, percentage, rolled_back
from chalicelib.flags.changes.planning import plan_between
from chalicelib.flags.document.bucketing import exact_size, in_order
from chalicelib.flags.document.flag import NOBODY, Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENT_FLAGS, FLAGS, GLOBAL, component_flag_named, flag_named

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
FLAG = Flag(TABLE, 0, 0)
TEN = [f"user-{number}" for number in range(10)]


def changed(flag: Flag = FLAG, known: list[str] = TEN, **patch: Any) -> Flag:
    return patched(flag, FlagPatch(**patch), lambda: known)


def at(percent: float, flag: Flag = FLAG, known: list[str] = TEN, *, exact: bool = False) -> Flag:
    return changed(flag, known, percent=percentage(percent), exact=exact)


@pytest.mark.parametrize("given_percent", [0, 100, "0", "100", "12.5", Decimal("0.001"), 99.999])
def test_a_percentage_is_a_number_from_0_to_100(given_percent: object) -> None:
    assert percentage(given_percent) == Decimal(str(given_percent))


@pytest.mark.parametrize(
    "given_percent",
    [
        *(101, -1, "101", "-1", "ten", "", "nan", "inf", "-inf", True, None, "0.0001", "1e3", "10 %", []),
        *("1_0", " 10", "10\n", "1e1", "+10", "\u0661\u0660"),
    ],
)
def test_anything_else_is_refused_and_quoted(given_percent: object) -> None:
    with pytest.raises(InvalidInputError, match="from 0 to 100") as refused:
        percentage(given_percent)
    assert refused.value.errors[0].where == "rolloutPercent"


@pytest.mark.parametrize("text", ["energy_table", "energy_table_new_backend"])
def test_a_flag_is_named_by_its_component_or_in_full(text: str) -> None:
    assert flag_named(text) == component_flag_named(text) == TABLE


def test_the_gate_is_named_global_and_is_no_component() -> None:
    assert flag_named("global") == flag_named(GLOBAL) == GLOBAL
    with pytest.raises(NotFoundError, match="not a component"):
        component_flag_named("global")


@pytest.mark.parametrize("text", ["", "energy", "ENERGY_TABLE", "energy_table_new_backend_new_backend"])
def test_an_unknown_flag_is_answered_with_those_there_are(text: str) -> None:
    with pytest.raises(NotFoundError, match="energy_table"):
        flag_named(text)


def test_more_than_0_percent_switches_a_flag_on_unless_it_is_said_otherwise() -> None:
    assert at(10).enabled
    assert not at(0).enabled
    assert not changed(percent=Decimal(10), enabled=False).enabled


def test_off_and_on_leave_the_rest_as_it_is() -> None:
    flag = changed(at(10), test_users=("t",), block=("b",))
    assert changed(changed(flag, enabled=False), enabled=True) == flag


def test_users_are_added_once_and_removed() -> None:
    flag = changed(changed(test_users=("a", "b"), block=("c",)), test_users=("b", "d"), no_test_users=("a",))
    assert (flag.test_user_ids, flag.blocked_user_ids) == (("b", "d"), ("c",))
    assert changed(flag, unblock=("c",)).blocked_user_ids == ()


@pytest.mark.parametrize("user_id", ["", " ", "x" * 257])
def test_a_user_id_that_nobody_has_is_refused(user_id: str) -> None:
    with pytest.raises(InvalidInputError, match="256"):
        changed(test_users=(user_id,))
    assert changed(test_users=("x" * 256,)).test_user_ids == ("x" * 256,)


def test_more_users_than_a_document_bears_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="1000"):
        changed(test_users=tuple(map(str, range(1_001))))
    assert len(changed(test_users=tuple(map(str, range(1_000)))).test_user_ids) == 1_000


def test_the_global_gate_takes_on_and_off_and_nothing_else() -> None:
    assert changed(Flag(GLOBAL, 0, 0), enabled=True).enabled
    for patch in ({"percent": Decimal(5)}, {"test_users": ("a",)}, {"retire": True}, {"exact": True}):
        with pytest.raises(InvalidInputError, match="on or off"):
            changed(Flag(GLOBAL, 0, 0), **patch)


def test_a_retired_flag_is_off_and_stays_so() -> None:
    flag = changed(at(100), retire=True)
    assert (flag.retired, flag.enabled, flag.rollout_percent) == (True, False, NOBODY)
    with pytest.raises(RolloutError, match="retired"):
        at(10, flag)


def test_exact_10_percent_of_10_people_is_one_person_and_stays_exact() -> None:
    flag = at(10, exact=True)
    assert flag.exact_user_ids == tuple(in_order(TABLE, TEN)[:1])
    assert at(50, flag).exact_user_ids == tuple(in_order(TABLE, TEN)[:5])


def test_exact_ends_at_0_percent_and_at_100_the_list_is_kept_for_the_way_back() -> None:
    flag = at(100, at(50, exact=True))
    assert flag.exact_user_ids == tuple(in_order(TABLE, TEN))
    assert at(0, flag).exact_user_ids is None
    grown = [f"user-{number}" for number in range(1_001)]
    assert len(at(100, flag, grown).exact_user_ids or ()) == 1_000
    assert len(rolled_back(flag, Decimal(10), lambda: grown).exact_user_ids or ()) == 101


def test_100_percent_is_everybody_though_nobody_can_be_written_down() -> None:
    assert at(100, changed(block=tuple(TEN)), exact=True).rollout_percent == 100


def test_who_joins_is_added_when_the_change_is_made_again() -> None:
    flag = at(50, exact=True)
    everybody = [*TEN, *(f"new-{number}" for number in range(10))]
    cohort = at(50, flag, everybody).exact_user_ids or ()
    assert cohort[:5] == flag.exact_user_ids
    assert len(cohort) == 10


def test_blocked_people_take_nobodys_place() -> None:
    blocked = in_order(TABLE, TEN)[0]
    flag = changed(block=(blocked,))
    for before in (flag, at(100, flag), at(100, flag, exact=True), changed(at(100, exact=True), block=(blocked,))):
        assert at(10, before, exact=True).exact_user_ids == (in_order(TABLE, TEN)[1],)


def test_exact_begins_at_0_percent_because_a_hash_has_people_that_nobody_knows() -> None:
    with pytest.raises(RolloutError, match="begins at 0"):
        at(50, at(10), exact=True)
    with pytest.raises(RolloutError, match=r"has 0.5 % by hash"):
        at(1, at(0.5), exact=True)
    with pytest.raises(RolloutError, match="has 10 % by hash"):
        at(10, at(10), exact=True)
    assert at(100, at(10), exact=True).exact_user_ids == tuple(in_order(TABLE, TEN))
    assert at(10, at(50), exact=True).exact_user_ids is not None


def test_exact_is_for_few_people_and_for_somebody() -> None:
    with pytest.raises(RolloutError, match="1000"):
        at(10, known=[str(number) for number in range(1_001)], exact=True)
    assert at(10, known=[str(number) for number in range(1_000)], exact=True).exact_user_ids is not None
    with pytest.raises(RolloutError, match="nobody is known"):
        at(10, known=[], exact=True)


def test_a_list_of_people_grows_or_begins_only_where_they_can_be_counted() -> None:
    listed, many = at(10, exact=True), [str(number) for number in range(1_001)]
    for flag, percent in ((listed, 20), (listed, 10), (at(50), 10), (FLAG, 100)):
        with pytest.raises(RolloutError, match="nobody is known yet, so no percentage of the known users is"):
            at(percent, flag, [], exact=True)
        with pytest.raises(RolloutError, match="exact percentages are for up to 1000 known users; leave"):
            at(percent, flag, many, exact=True)
    assert at(100, listed, many).rollout_percent == 100
    assert at(5, listed, []).exact_user_ids == listed.exact_user_ids


def test_a_rollback_lowers() -> None:
    assert rolled_back(at(50), Decimal(10), lambda: TEN).rollout_percent == 10
    exact = rolled_back(at(50, exact=True), Decimal(10), lambda: TEN)
    assert exact.exact_user_ids == tuple(in_order(TABLE, TEN)[:1])
    with pytest.raises(RolloutError, match="no rollback"):
        rolled_back(at(10), Decimal(50), lambda: TEN)


def test_a_rollback_to_where_the_flag_is_lets_nobody_join() -> None:
    flag = at(50, exact=True)
    assert rolled_back(flag, Decimal(50), lambda: [*TEN, *"abcdefghij"]) == flag


def away() -> list[str]:
    raise UnavailableError("the database did not answer")


@pytest.mark.parametrize("start", [100, 50, 10])
def test_a_rollback_of_an_exact_flag_needs_no_database(start: int) -> None:
    back = rolled_back(at(start, exact=True), Decimal(10), away)
    assert back.exact_user_ids == tuple(in_order(TABLE, TEN)[:1])


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 8)), min_size=2, max_size=6), st.booleans())
def test_on_the_way_back_everybody_is_in_who_was_in_on_the_way_up(steps: list[tuple[int, int]], down: bool) -> None:
    known, flag, seen = list(TEN), FLAG, dict[int, set[str]]()
    for percent, joining in sorted(steps):
        flag = at(percent, flag, known, exact=True)
        seen[percent] = set(flag.exact_user_ids or ())
        known = [*known, *(f"joined-{len(known)}-{number}" for number in range(joining))]
    for percent in reversed(seen):
        flag = rolled_back(flag, Decimal(percent), away if down else lambda: known)
        assert seen[percent] <= set(flag.exact_user_ids or ())


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 8)), min_size=2, max_size=6), st.booleans())
def test_no_rise_drops_anybody_whoever_joins_meanwhile(steps: list[tuple[int, int]], exact: bool) -> None:
    known, flag = list(TEN), changed(enabled=True)
    for percent, joining in sorted(steps):
        risen = at(percent, flag, known, exact=exact and flag.rollout_percent == 0)
        assert plan_between(flag, risen, known).leaving == ()
        if exact and percent < 100:
            assert len(risen.exact_user_ids or ()) >= exact_size(len(known), Decimal(percent))
        flag, known = risen, [*known, *(f"joined-{len(known)}-{number}" for number in range(joining))]


def test_names_may_not_vanish_and_what_is_retired_stays_so() -> None:
    flags = {name: Flag(name, 0, 0) for name in FLAGS}
    before = FlagDocument(flags, unknown={"gone": {"default": False, "retired": True}})
    check_names(before, before.with_flags(Flag(TABLE, 0, 0, retired=True)))
    with pytest.raises(RolloutError, match="gone"):
        check_names(before, FlagDocument(flags))
    with pytest.raises(RolloutError, match=TABLE):
        check_names(before.with_flags(Flag(TABLE, 0, 0, retired=True)), before)


ON_AT_10 = replace(at(10), test_user_ids=("t",), blocked_user_ids=("b",))
EXACT = at(10, exact=True)
RISES = {
    "on": (replace(ON_AT_10, enabled=False), ON_AT_10),
    "a higher percentage": (ON_AT_10, replace(ON_AT_10, rollout_percent=Decimal(11))),
    "a higher percentage while it is off": (FLAG, replace(ON_AT_10, enabled=False)),
    "a test user": (ON_AT_10, replace(ON_AT_10, test_user_ids=("t", "u"))),
    "a test user at 0 percent": (FLAG, replace(FLAG, test_user_ids=("u",))),
    "nobody blocked any more": (ON_AT_10, replace(ON_AT_10, blocked_user_ids=())),
    "one more by id": (EXACT, at(10, EXACT, [*TEN, *"abcdefghijkl"])),
    "the gate": (Flag(GLOBAL, 0, 0), Flag(GLOBAL, 0, 0, enabled=True)),
}
FALLS = {
    "off": (ON_AT_10, replace(ON_AT_10, enabled=False)),
    "a lower percentage": (ON_AT_10, replace(ON_AT_10, rollout_percent=Decimal(9))),
    "no test user": (ON_AT_10, replace(ON_AT_10, test_user_ids=())),
    "one more blocked": (ON_AT_10, replace(ON_AT_10, blocked_user_ids=("b", "c"))),
    "on at 0 percent": (FLAG, replace(FLAG, enabled=True)),
    "by id instead of by hash, and lower": (at(50), at(10, at(50), exact=True)),
    "by id, from everybody": (at(100, EXACT), at(99, at(100, EXACT), [*TEN, "joined"])),
}


@pytest.mark.parametrize("change", RISES.values(), ids=RISES)
def test_whatever_may_send_somebody_to_the_new_backend_is_a_rise(change: tuple[Flag, Flag]) -> None:
    assert rises(*change)


@pytest.mark.parametrize("change", FALLS.values(), ids=FALLS)
def test_whatever_sends_nobody_there_is_none(change: tuple[Flag, Flag]) -> None:
    assert not rises(*change)


@pytest.mark.parametrize(("percent", "kept"), [("0.346", None), ("0.347", ("alice",))])
def test_who_is_not_in_by_hash_is_not_written_down_on_the_way_back(percent: str, kept: tuple[str, ...] | None) -> None:
    """Alice is in bucket 346: out at 0.346 %, in at 0.347 %."""
    flag = at(0.001, changed(percent=Decimal(percent)), ["alice"], exact=True)
    assert (flag.exact_user_ids, flag.rollout_percent) == (kept, Decimal("0.001") if kept else NOBODY)
