"""JSON as answers have it, whether it is known already or not."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.json.text import JsonText, WithText, as_one_object, json_text, member

VALUES = st.none() | st.booleans() | st.integers() | st.text()
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


def test_amounts_are_numbers_and_instants_are_in_utc() -> None:
    said = json_text(
        {"a": Decimal("1000.500"), "b": Decimal("1E+3"), "c": datetime(2024, 1, 31, 12, tzinfo=UTC), "d": "ä"}
    )
    assert said == '{"a":1000.5,"b":1000.0,"c":"2024-01-31T12:00:00.000Z","d":"ä"}'


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", float("nan")])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        json_text({"a": value})


@given(OBJECTS, OBJECTS, OBJECTS)
def test_objects_in_one_are_the_members_of_all(
    first: dict[str, object], second: dict[str, object], third: dict[str, object]
) -> None:
    named = [
        {f"{place}{name}": value for name, value in each.items()} for place, each in enumerate((first, second, third))
    ]
    assert as_one_object(*map(json_text, named)) == json_text({**named[0], **named[1], **named[2]})


@given(OBJECTS)
def test_what_is_json_already_stays(value: dict[str, object]) -> None:
    text = json_text(value)
    assert json_text(text) is text
    assert member("data", text) == json_text({"data": value})


def test_members_beside_a_text_are_looked_at_when_somebody_asks() -> None:
    looked: list[int] = []

    def members() -> dict[str, object]:
        looked.append(1)
        return {"a": 1, "b": [2]}

    known = WithText(JsonText('{"a":1,"b":[2]}'), members)
    assert json.loads(json_text(known)) == {"a": 1, "b": [2]}
    assert not looked
    assert known == {"a": 1, "b": [2]}
    assert (known["a"], len(known), dict(known)) == (1, 2, {"a": 1, "b": [2]})
    assert looked == [1]
