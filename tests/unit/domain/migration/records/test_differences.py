"""Two answers held against each other: every way to differ is found, named, and shown without what it says."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.differences import ABSENT, Difference, DifferenceKind, differences, shown_value
from chalicelib.domain.people.pseudonyms import Pseudonyms

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
LEAVES = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text()
ANSWERS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)


@pytest.mark.parametrize(
    ("control", "candidate", "found"),
    [
        ({"a": 1}, {}, [("missing", "a")]),
        ({}, {"a": 1}, [("extra", "a")]),
        ({"a": 1}, {"a": None}, [("type", "a")]),
        ({"a": 1}, {"a": True}, [("type", "a")]),
        ({"a": "1"}, {"a": 1}, [("type", "a")]),
        ({"a": []}, {"a": {}}, [("type", "a")]),
        ({"a": Decimal("1.000")}, {"a": 1}, []),
        ({"a": Decimal("1.001")}, {"a": Decimal("1.002")}, [("value", "a")]),
        ({"a": MOMENT}, {"a": MOMENT.replace(hour=1)}, [("value", "a")]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, [("order", "a")]),
        ({"a": [{"b": 1, "c": 2}, {"b": 3}]}, {"a": [{"b": 3}, {"c": 2, "b": Decimal("1.0")}]}, [("order", "a")]),
        ({"a": 1.5}, {"a": Decimal("1.5")}, []),
        ({"a": None}, {}, [("missing", "a")]),
        ({"a": [1, 2, 3]}, {"a": [1, 2]}, [("missing", "a[]")]),
        ({"a": [1]}, {"a": [1, 2]}, [("extra", "a[]")]),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, [("value", "a[].b")]),
    ],
)
def test_a_difference_says_its_kind_and_its_place(control: Any, candidate: Any, found: list[tuple[str, str]]) -> None:
    assert [(each.kind, each.place) for each in differences(control, candidate)] == found


def test_items_with_ids_are_matched_by_them() -> None:
    control = [{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "c", "n": 3}]
    assert [each.kind for each in differences(control, control[1:])] == [DifferenceKind.MISSING]
    assert [each.kind for each in differences(control[1:], control)] == [DifferenceKind.EXTRA]
    assert [each.kind for each in differences(control, control[::-1])] == [DifferenceKind.ORDER]
    changed = [control[0], control[1] | {"n": 9}, control[2]]
    assert [(each.kind, each.path) for each in differences(control, changed)] == [(DifferenceKind.VALUE, (1, "n"))]


@given(ANSWERS)
def test_an_answer_equals_itself(answer: Any) -> None:
    assert list(differences(answer, answer)) == []


@given(ANSWERS, ANSWERS)
def test_what_differs_one_way_differs_the_other_way_too(one: Any, other: Any) -> None:
    assert bool(list(differences(one, other))) == bool(list(differences(other, one)))


def test_positions_and_values_make_no_other_fingerprint_but_kind_place_and_component_do() -> None:
    [first] = differences({"m": [{"c": 1}, {"c": 2}]}, {"m": [{"c": 5}, {"c": 2}]})
    [second] = differences({"m": [{"c": 1}, {"c": 2}]}, {"m": [{"c": 1}, {"c": 7}]})
    charts = Component.MONTHLY_CHARTS
    assert first.fingerprint(charts) == second.fingerprint(charts) != first.fingerprint(Component.DASHBOARD)
    other = {
        Difference(kind, path).fingerprint(charts) for kind in DifferenceKind for path in (("m", 0, "c"), ("m", 0, "d"))
    }
    assert len(other) == 2 * len(DifferenceKind)


def test_equal_values_have_equal_pseudonyms_and_none_is_told() -> None:
    hidden = Pseudonyms(b"key")
    assert shown_value(Decimal("12345.000"), hidden) == shown_value(12345, hidden)
    assert shown_value(12345, hidden) != shown_value("12345", hidden)
    assert shown_value(12345, hidden) != shown_value(12345, Pseudonyms(b"another"))
    assert "12345" not in shown_value(12345, hidden) + shown_value("12345", hidden)
    assert [shown_value(value, hidden) for value in (ABSENT, None, True)] == ["absent", "none", "true"]
    assert shown_value("absent", hidden) != "absent"
    assert shown_value({"a": 1, "b": MOMENT}, hidden) == shown_value({"b": MOMENT, "a": Decimal("1.0")}, hidden)


@pytest.mark.parametrize("number", [0.1, 1.5, 1e22, 0.0])
def test_a_double_has_the_pseudonym_of_an_amount_only_where_it_is_equal_to_it(number: float) -> None:
    amount, hidden = Decimal(str(number)), Pseudonyms(b"key")
    differs = bool(list(differences({"a": amount}, {"a": number})))
    assert differs is (shown_value(amount, hidden) != shown_value(number, hidden))


def test_a_place_is_told_with_and_without_positions() -> None:
    [found] = differences({"m": [1, {"c": [5]}]}, {"m": [1, {"c": [6]}]})
    assert (found.place, found.exact_place) == ("m[].c[]", "m[1].c[0]")
