"""The twin that a side should have: every field of it, and what stays of the one that is there."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.migration.sync.reconciliation import Reconciled
from chalicelib.repositories.difference import Difference, counting, differ, keepable

FIRST, SECOND = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 2, tzinfo=UTC)
START, DAY = 1_672_531_200_000, 86_400_000
ONE = {"_id": 1, "type": "power", "date": FIRST, "amount": 1.5, "createdAt": SECOND, "updatedAt": SECOND, "x": 1}
TWIN = {"_id": 1, "type": "power", "date": FIRST, "amount": Decimal("1.5"), "createdAt": SECOND, "updatedAt": SECOND}
SYNCED = {"source": "sync", "importBatchId": None, "revision": START + DAY}
KNOWN = {"source": "csv", "importBatchId": "file", "revision": 7}


def test_a_new_twin_has_these_fields() -> None:
    [twin] = Difference.of({1: ONE}, {}, Side.NEW).new
    assert twin == TWIN | SYNCED
    [original] = Difference.of({1: ONE}, {}, Side.OLD).new
    assert original == TWIN


@pytest.mark.parametrize(
    ("present", "kept"),
    [
        (KNOWN, {"source": "csv", "importBatchId": "file", "revision": 8}),
        (KNOWN | {"revision": "x"}, {"source": "csv", "importBatchId": "file", "revision": START + DAY}),
        ({}, SYNCED),
    ],
)
def test_a_changed_twin_keeps_what_only_it_knows(present: dict[str, Any], kept: dict[str, Any]) -> None:
    there = {"_id": 1, "date": FIRST, "amount": 2, **present}
    difference = Difference.of({1: ONE}, {1: there}, Side.NEW)
    assert difference.changed == [(there, TWIN | kept)]
    assert (difference.new, difference.gone) == ([], [])
    assert Difference.of({1: ONE}, {1: there}, Side.OLD).changed == [(there, TWIN)]


@pytest.mark.parametrize("damage", [{"createdAt": "x"}, {"createdAt": None}])
def test_without_a_date_of_its_making_a_twin_has_its_own(damage: dict[str, Any]) -> None:
    [twin] = Difference.of({1: ONE | damage}, {}, Side.OLD).new
    assert twin["createdAt"] == FIRST


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        ({}, False),
        ({"amount": Decimal("1.500")}, False),
        ({"amount": 1.25}, True),
        ({"date": SECOND}, True),
        ({"amount": "much"}, True),
        ({"amount": None}, True),
        ({"date": None}, True),
        ({"type": "gas"}, False),
    ],
)
def test_twins_differ_by_date_and_amount(other: dict[str, Any], is_one: bool) -> None:
    assert differ(ONE, ONE | other) is is_one


def test_what_is_gone_and_what_stays() -> None:
    present = {2: {"_id": 2, "date": SECOND}, 3: {"_id": 3, "date": FIRST}}
    difference = Difference.of({}, present, Side.NEW, [2])
    assert (difference.gone, difference.kept, bool(difference)) == ([{"_id": 3, "date": FIRST}], (2,), True)
    assert difference.written(9) == Reconciled(0, 0, 1, 9, START, START, (2,))
    assert not Difference.of({}, {2: {"_id": 2}}, Side.NEW, [2])


def test_the_span_is_of_all_that_changes() -> None:
    later = ONE | {"_id": 2, "date": SECOND}
    changed = Difference.of({1: ONE}, {1: later | {"_id": 1}}, Side.OLD)
    assert (changed.span, bool(changed)) == ((START, START + DAY), True)
    assert Difference.of({2: later}, {3: {"_id": 3, "date": "x"}}, Side.OLD).span == (START + DAY, START + DAY)
    assert Difference.of({}, {}, Side.OLD).span == (0, 0)


def test_a_twin_whose_document_is_still_there_stays_unless_its_instant_is_needed() -> None:
    present = {key: {"_id": key, "date": date} for key, date in ((1, FIRST), (2, SECOND), (3, SECOND), (4, FIRST))}
    found = [{"_id": 2}]
    assert keepable(found, {}, present, lambda keys: [key for key in keys if key == 3]) == {2, 3}
    wanted = {9: {"_id": 9, "date": SECOND}}
    assert keepable(found, wanted, present, lambda keys: [key for key in keys if key == 1]) == {1}
    assert keepable(found, {2: {"_id": 2, "date": FIRST}}, present, lambda _: []) == set()
    damaged: dict[int, dict[str, Any]] = {2: {"_id": 2, "date": "x"}, 3: {"_id": 3}}
    assert keepable(found, wanted, damaged, lambda keys: keys) == {2, 3}


def test_of_doubles_one_counts_on_the_old_side_alone() -> None:
    other = ONE | {"_id": 2, "updatedAt": FIRST}
    assert [*counting([other, ONE], Side.OLD)] == [1]
    assert [*counting([other, ONE], Side.NEW)] == [2, 1]
