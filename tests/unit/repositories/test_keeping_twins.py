"""Which twins stay although no readable document of theirs counts: whatever they say, nothing fails at them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.repositories.difference import keepable

JANUARY, MARCH = (datetime(2024, month, 1, tzinfo=UTC) for month in (1, 3))


def kept(present: dict[str, Any], wanted: dict[str, Any], damaged: list[str]) -> set[Any]:
    return keepable([*wanted.values()], wanted, present, lambda ids: [key for key in ids if key in damaged])


@pytest.mark.parametrize("date", [MARCH, None, "x", [JANUARY], {"no": "date"}], ids=str)
def test_the_twin_of_a_damaged_document_stays_whatever_its_date(date: Any) -> None:
    assert kept({"a": {"_id": "a", "date": date}}, {"b": {"_id": "b", "date": JANUARY}}, ["a"]) == {"a"}


def test_it_goes_where_a_reading_that_counts_needs_its_instant() -> None:
    assert kept({"a": {"_id": "a", "date": JANUARY}}, {"b": {"_id": "b", "date": JANUARY}}, ["a"]) == set()


def test_it_goes_with_its_document() -> None:
    assert kept({"a": {"_id": "a", "date": MARCH}}, {}, []) == set()
