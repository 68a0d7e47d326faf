"""The canonical encoding: equal data and nothing else has equal bytes."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.json.canonical import canonical_bytes, is_same

NOON = datetime(2024, 11, 1, 12, tzinfo=UTC)
FINITE = st.decimals(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, Decimal("1.00")),
        (Decimal("1E+3"), 1000),
        (Decimal("0.0"), Decimal("-0")),
        (Decimal("-1.50"), Decimal("-1.5")),
        ({"a": 1, "b": None}, {"b": None, "a": 1}),
        ((1, 2), [1, 2]),
        (NOON, NOON.astimezone(timezone(timedelta(hours=1)))),
    ],
)
def test_what_means_the_same_is_the_same(one: Any, other: Any) -> None:
    assert canonical_bytes(one) == canonical_bytes(other)
    assert is_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": None}, {}),
        ({"a": None}, {"a": 0}),
        (True, 1),
        ("1", 1),
        (100, 1),
        ([1, 2], [2, 1]),
        ([], {}),
        (Decimal("1.5"), 1.5),
        (NOON, "2024-11-01T12:00:00.000Z"),
        (NOON, NOON + timedelta(milliseconds=1)),
        (Decimal("12345678901234567890123456789012345"), Decimal("12345678901234567890123456789012346")),
        (Decimal("NaN"), Decimal("Infinity")),
        (Decimal("NaN"), "NaN"),
        ({"a": {"b": 1}}, {"a": {}, "b": 1}),
    ],
)
def test_what_differs_is_told_apart(one: Any, other: Any) -> None:
    assert canonical_bytes(one) != canonical_bytes(other)
    assert not is_same(one, other)
    assert not is_same({"a": [one]}, {"a": [other]})


def test_the_encoding_is_the_one_that_is_described() -> None:
    data = {"year": 2024, "date": NOON, "ä": [Decimal("1.500"), None, True, 'x"'], "a": {}}
    assert canonical_bytes(data) == (
        '{"a":{},"date":{"$date":1730462400000},"year":2024,"ä":[1.5,null,true,"x\\""]}'.encode()
    )


@given(one=FINITE, other=FINITE)
def test_numbers_are_the_same_exactly_where_their_values_are(one: Decimal, other: Decimal) -> None:
    assert (canonical_bytes(one) == canonical_bytes(other)) == (one == other)


ODD = [True, False, 0, 1, 1.0, -0.0, Decimal(1), Decimal("1.0"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")]
SCALARS = st.sampled_from([*ODD, None, "1", "", NOON, NOON.astimezone(timezone(timedelta(hours=1)))])
LISTS = st.lists(SCALARS, max_size=3)
DATA = SCALARS | LISTS | st.dictionaries(st.sampled_from("ab"), SCALARS | LISTS, max_size=2)


@given(one=DATA, other=DATA)
def test_whether_two_are_the_same_is_known_as_by_their_encodings(one: Any, other: Any) -> None:
    assert is_same(one, other) == (canonical_bytes(one) == canonical_bytes(other))
    assert is_same([one, other], [one, other])
