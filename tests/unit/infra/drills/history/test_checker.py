"""The judge of a history: what must be found is found, with its proof; what may be is not; and it takes linear time."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.drills.history.checker import Kind, check
from infra.drills.history.operations import Amount, Operation
from tests.unit.infra.drills.history.recorded import DATE, DOUBT_SECONDS, ONE, OTHER, THREE, TWO, History


@pytest.fixture
def history() -> History:
    return History()


def test_what_denies_nothing_is_right(history: History) -> None:
    history.write(ONE, 1)
    history.view(1, source=1, count=1, consistent=True)
    history.write(TWO, 2)
    history.write(THREE, 3, OTHER)
    history.table({DATE: TWO, OTHER: THREE})
    history.write(None, 4)
    history.refuse(ONE)
    history.row(None)
    history.view(5, stored=True, count=1)
    history.table({OTHER: THREE}, final=True, resource="/table", digest="a", backend="old")
    history.table({OTHER: THREE}, final=True, resource="/table", digest="a", backend="new")
    assert history.found() == []


@pytest.mark.parametrize(("shown", "kind"), [({}, Kind.UNREAD), ({DATE: TWO}, Kind.UNREAD)])
def test_a_table_without_an_acknowledged_write_is_found(
    history: History, shown: dict[datetime, Amount], kind: Kind
) -> None:
    history.write(ONE, 1)
    history.table(shown)
    assert history.found() == [(kind, [0, 1])]


def test_what_is_not_there_in_the_end_is_lost(history: History) -> None:
    history.write(ONE, 1)
    history.table({}, final=True)
    assert history.found() == [(Kind.LOST, [0, 1])]


def test_an_older_amount_that_reads_back_is_found(history: History) -> None:
    history.write(ONE, 1)
    history.write(TWO, 2)
    history.row(ONE)
    assert history.found() == [(Kind.UNREAD, [1, 2])]


def test_a_deleted_reading_that_is_back_is_found(history: History) -> None:
    history.write(ONE, 1)
    history.write(None, 2)
    history.table({DATE: ONE})
    history.table({DATE: ONE}, final=True)
    assert history.found() == [(Kind.BACK, [1, 2])]


def test_a_consistent_view_that_does_not_show_an_own_write_is_found(history: History) -> None:
    history.write(ONE, 7)
    history.view(6, consistent=True)
    assert history.found() == [(Kind.UNREAD, [0, 1])]


def test_a_view_that_says_an_older_version_of_its_meter_is_found_though_it_may_be_stale(history: History) -> None:
    history.write(ONE, 7)
    history.view(6, source=7, stored=True, passed_on=False)
    assert history.found() == []
    history.view(6, source=6, passed_on=False)
    assert history.found() == [(Kind.UNREAD, [0, 2])]


def test_a_shown_version_that_falls_is_found_whoever_wrote(history: History) -> None:
    history.view(9)
    history.view(8)
    history.view(8, passed_on=False)
    assert history.found() == [(Kind.FELL, [0, 1])]


def test_a_stored_view_that_goes_back_is_found_though_nobody_got_to_see_it(history: History) -> None:
    history.write(ONE, 9)
    history.view(8, source=9, stored=True, passed_on=False)
    history.view(7, source=9, stored=True, passed_on=False)
    assert history.found() == [(Kind.FELL, [1, 2])]


def test_a_write_that_reaches_a_version_which_was_there_before_is_found(history: History) -> None:
    history.write(ONE, 3)
    history.write(TWO, 3)
    assert history.found() == [(Kind.FELL, [0, 1])]


def test_a_view_that_lags_behind_an_unknown_write_and_says_so_is_right(history: History) -> None:
    history.write(ONE, 1)
    history.doubt(TWO)
    for _ in range(2):
        history.view(1, source=2, stored=True)
    assert history.found() == []


@pytest.mark.parametrize("view", [{"consistent": True}, {"source": 1}])
def test_what_the_meter_has_reached_is_in_every_view_that_lags_behind_nothing(
    history: History, view: dict[str, Any]
) -> None:
    history.write(ONE, 1)
    history.doubt(TWO)
    history.view(1, source=2)
    history.view(1, **view)
    assert history.found() == [(Kind.FELL, [2, 3])]


@pytest.mark.parametrize(("version", "count", "right"), [(1, 1, True), (1, 0, False), (2, 0, True), (2, 1, True)])
def test_a_view_from_before_an_unknown_write_counts_what_was_there_then(
    history: History, version: int, count: int, right: bool
) -> None:
    history.write(ONE, 1)
    history.doubt(None)
    history.table({})
    history.view(version, count=count)
    assert (history.found() == []) is right


@pytest.mark.parametrize(("version", "count", "right"), [(2, 2, True), (2, 1, True), (2, 0, False), (3, 0, False)])
def test_between_two_writes_an_unknown_one_may_have_come_or_not(
    history: History, version: int, count: int, right: bool
) -> None:
    history.write(ONE, 1)
    history.doubt(TWO, OTHER)
    history.write(THREE, 3)
    history.table({DATE: THREE})
    history.view(version, count=count, passed_on=False)
    history.view(3, count=1)
    assert (history.found() == []) is right


def test_a_view_counts_what_a_table_has_shown_once_nothing_can_come_any_more(history: History) -> None:
    history.write(ONE, 1)
    history.doubt(None)
    history.wait(DOUBT_SECONDS + 1)
    history.write(TWO, 2, OTHER)
    history.table({DATE: ONE, OTHER: TWO})
    history.view(2, count=1)
    assert history.found() == [(Kind.UNREAD, [2, 4])]


def test_a_consistent_view_counts_what_is_there_now(history: History) -> None:
    history.write(ONE, 1)
    history.doubt(None)
    history.table({})
    history.view(2, count=1, consistent=True)
    assert history.found() == [(Kind.UNREAD, [0, 3])]


@pytest.mark.parametrize(("version", "count", "right"), [(1, 1, True), (1, 2, False), (2, 2, True), (2, 1, False)])
def test_a_view_of_an_earlier_version_is_held_against_what_was_there_then(
    history: History, version: int, count: int, right: bool
) -> None:
    history.write(ONE, 1)
    history.write(TWO, 2, OTHER)
    history.view(version, count=count, passed_on=False)
    assert (history.found() == []) is right


def test_an_etag_that_stands_for_two_bodies_is_found(history: History) -> None:
    history.view(1, resource="/view", etag='"1"', digest="a")
    history.view(1, resource="/other", etag='"1"', digest="b")
    assert history.found() == []
    history.view(1, resource="/view", etag='"1"', digest="c")
    assert history.found() == [(Kind.ETAG, [0, 2])]


@pytest.mark.parametrize("backends", [("old", "new"), ("new", "new")])
def test_a_version_that_stands_for_two_bodies_is_found_though_each_has_an_etag_of_its_own(
    history: History, backends: tuple[str, str]
) -> None:
    for backend, body in zip(backends, "ab", strict=True):
        history.view(1, resource="/months", etag=body, digest=body, backend=backend, by_version=True)
        history.view(1, resource="/summary", etag=body, digest=body, backend=backend)
    assert history.found() == [(Kind.BODIES, [0, 2])]


def test_a_write_that_was_done_for_an_etag_that_had_passed_is_found(history: History) -> None:
    history.write(ONE, 1, outdated=True)
    assert history.found() == [(Kind.ETAG, [0])]


def test_backends_that_answer_differently_in_the_end_are_found(history: History) -> None:
    history.view(1, final=True, resource="/view", digest="a", backend="old")
    history.view(1, final=True, resource="/view", digest="b", backend="new")
    assert history.found() == [(Kind.UNEQUAL, [0, 1])]
    assert "old and new answer differently" in history.judged()[0].says


@pytest.mark.parametrize("shown", [ONE, TWO])
def test_a_write_of_unknown_outcome_may_have_happened_or_not(history: History, shown: Amount) -> None:
    history.write(ONE, 1)
    history.doubt(TWO)
    history.row(shown)
    assert history.found() == []


@pytest.mark.parametrize("shown", [{}, {DATE: ONE}])
def test_a_deletion_of_unknown_outcome_may_have_happened_or_not(
    history: History, shown: dict[datetime, Amount]
) -> None:
    history.write(ONE, 1)
    history.doubt(None)
    history.table(shown)
    history.view(2, count=len(shown), consistent=True)
    assert history.found() == []


def test_it_may_happen_late_and_then_it_stays(history: History) -> None:
    history.write(ONE, 1)
    history.doubt(TWO)
    history.row(ONE)
    history.row(TWO)
    history.view(2, count=1, consistent=True)
    history.row(TWO)
    assert history.found() == []


def test_once_its_function_must_have_ended_an_answer_settles_it(history: History) -> None:
    history.write(ONE, 1)
    history.doubt(TWO)
    history.wait(DOUBT_SECONDS + 1)
    history.row(ONE)
    history.row(TWO)
    assert history.found() == [(Kind.UNREAD, [2, 3])]


def test_an_acknowledged_write_behind_it_stands_unless_it_may_still_come(history: History) -> None:
    history.doubt(ONE)
    history.write(TWO, 1)
    history.row(ONE)
    assert history.found() == []
    history.wait(DOUBT_SECONDS + 1)
    history.write(THREE, 2)
    history.row(ONE)
    assert history.found() == [(Kind.UNREAD, [3, 4])]


def test_a_third_value_is_nobodys(history: History) -> None:
    history.write(ONE, 1)
    history.doubt(TWO)
    history.row(THREE)
    assert history.found() == [(Kind.UNREAD, [0, 2])]
    assert history.judged()[0].says == "power 2023-01-15T00:00Z: GET /row shows 3, not 1 or 2"


def test_each_violation_is_said_once_and_can_be_read_by_programs(history: History) -> None:
    history.write(ONE, 1)
    for _ in range(3):
        history.table({})
    (found,) = history.judged()
    document = found.as_document()
    assert document["kind"] == "a person does not read their own write"
    assert document["operations"][0]["writes"] == {"power 2023-01-15T00:00Z": 1.0}
    assert [proof["number"] for proof in document["operations"]] == [0, 1]


def test_people_are_judged_by_themselves() -> None:
    alice, bob = History(), History()
    alice.write(ONE, 5)
    bob.write(TWO, 1)
    bob.table({DATE: TWO})
    assert check([alice.operations, bob.operations], DOUBT_SECONDS) == []


def long_history(size: int) -> list[Operation]:
    """Writes, reads and unknown outcomes in two dozen slots, again and again."""
    history, rows = History(), dict[datetime, Amount]()
    for version in range(1, size // 4 + 1):
        date = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=version % 24)
        rows[date] = Decimal(version)
        history.write(rows[date], version, date)
        history.view(version, count=len(rows), stored=True, resource="/view", etag=f"{version}", digest="a")
        history.table(rows.copy())
        if version % 40:
            history.row(rows[date], date)
        else:
            history.doubt(rows[date], date)
    return history.operations


def steps(work: Callable[[], Any]) -> int:
    """How many functions are called, those of Python itself included."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def test_twice_as_many_operations_take_twice_as_many_steps() -> None:
    sizes = [1_000, 2_000, 4_000]
    taken = []
    for size in sizes:
        operations = long_history(size)
        assert check([operations], DOUBT_SECONDS) == []
        taken.append(steps(lambda operations=operations: check([operations], DOUBT_SECONDS)))  # type: ignore[misc]
    assert taken[1] / taken[0] == pytest.approx(2, abs=0.04)
    assert taken[2] / taken[1] == pytest.approx(2, abs=0.04)
