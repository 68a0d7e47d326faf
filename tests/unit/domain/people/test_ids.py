"""A person's id is found in whatever form a text has it, and nobody else's is taken for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.people.ids import (
    ERASED,
    LEFT_OUT,
    left_out,
    names,
    people_of,
    said_in,
    without_entries,
    written_forms,
)

ALICE = "auth0|alice"
STRANGE = "al\"ic'e\\ 用户"
PLACES = [
    {"detail": {"userId": "{id}"}},
    {"{id}": 1},
    [["{id}"]],
    "{id}",
    "{id}|power",
    "{id}|gas|monthly|2024|c2",
    "input_value='{id}', input_type=str",
    'dup key: { userId: "{id}", type: "power" }',
    'dup key: { _id: "{id}|power" }',
    "the meter {id}|gas is damaged",
]
OTHERS = [
    {"detail": {"userId": "{id}x"}},
    "x{id}",
    "{id}|1",
    "{id}|powerful",
    "input_value='{id}-x'",
    "input_value='x {id}'",
    "say {id} to nobody",
    None,
    1,
    {"version": 1},
]


def with_id(value: Any, user_id: str) -> Any:
    """A value with an id in it, in a form that JSON allows."""
    if isinstance(value, str):
        return value.replace("{id}", user_id)
    if isinstance(value, list):
        return [with_id(item, user_id) for item in value]
    if isinstance(value, dict):
        return {with_id(name, user_id): with_id(item, user_id) for name, item in value.items()}
    return value


@pytest.mark.parametrize("user_id", [ALICE, "person-1", STRANGE])
@pytest.mark.parametrize("value", PLACES)
def test_an_id_is_found_as_a_string_of_its_own(value: Any, user_id: str) -> None:
    assert names(with_id(value, user_id), user_id)


@pytest.mark.parametrize("user_id", [ALICE, "person-1", "1", STRANGE])
@pytest.mark.parametrize("value", OTHERS)
def test_a_longer_id_is_somebody_elses(value: Any, user_id: str) -> None:
    assert not names(with_id(value, user_id), user_id)


@given(st.text(min_size=1, max_size=30).filter(str.isprintable))
def test_every_id_is_found_in_whatever_form_a_text_has_it(user_id: str) -> None:
    inner = json.dumps({"userId": user_id})
    for value in (json.loads(inner), inner, json.dumps(inner), f"refused: {user_id!r}", json.dumps({"body": inner})):
        assert names(value, user_id), value


@pytest.mark.parametrize("user_id", [ALICE, "person-1"])
@pytest.mark.parametrize("value", [*PLACES, '{"body": "{\\"userId\\": \\"{id}\\"}"}', "it's '{id}'"])
def test_who_knows_an_id_by_a_digest_finds_it_too(value: Any, user_id: str) -> None:
    assert user_id in said_in(with_id(value, user_id))


@pytest.mark.parametrize("value", OTHERS)
def test_and_takes_nobody_else_for_it(value: Any) -> None:
    assert ALICE not in said_in(with_id(value, ALICE))


LETTER = {"detail": {"userId": ALICE, "meter": {"type": "power"}}, "source": "energy-monitor"}
WORDS = ["power", "userId", "detail", "energy-monitor"]


@pytest.mark.parametrize("user_id", WORDS)
@pytest.mark.parametrize("value", [LETTER, {"message": json.dumps(LETTER), "reason": "energy-monitor"}])
def test_who_is_called_like_a_word_of_a_letter_is_not_named_by_a_letter_about_another(value: Any, user_id: str) -> None:
    assert not names(value, user_id)
    assert user_id not in said_in(value)
    assert names(value, ALICE)
    assert ALICE in said_in(value)


@pytest.mark.parametrize("user_id", [*WORDS, "[1]", '{"userId": "bob"}'])
@pytest.mark.parametrize("folded", [False, True])
def test_and_is_by_their_own(user_id: str, folded: bool) -> None:
    letter = {**LETTER, "detail": {"userId": user_id, "meter": {"type": "power"}}}
    value = {"message": json.dumps(letter) if folded else letter}
    assert names(value, user_id)
    assert user_id in said_in(value)


def test_a_letter_about_another_that_quotes_an_id_names_it_all_the_same() -> None:
    value = {**LETTER, "errorMessage": 'dup key: { userId: "bob" }'}
    assert names(value, "bob")
    assert "bob" in said_in(value)


def test_a_long_word_is_gone_through_once() -> None:
    """A letter has 256 KB: looked at from each of its characters, it would take minutes."""
    long = "a" * 250_000
    assert [*said_in(f"{long} {ALICE}|gas")][-3:] == [ALICE] * 3


def test_a_strange_id_is_found_where_it_is_a_text_of_its_own() -> None:
    for value in ({"userId": STRANGE}, [f"{STRANGE}|power"], {STRANGE: 1}):
        assert STRANGE in said_in(value)


@given(st.text(min_size=1, max_size=30).filter(str.isprintable))
def test_the_forms_of_an_id_begin_with_the_longest(user_id: str) -> None:
    forms = written_forms(user_id)
    assert user_id in forms
    assert [len(form) for form in forms] == sorted((len(form) for form in forms), reverse=True)


def test_lists_lose_the_id_and_a_value_of_its_own_becomes_a_fixed_word() -> None:
    flag = {"name": "table", "testUserIds": ["bob", ALICE, f"{ALICE}x"], "exactUserIds": None, "by": ALICE}
    assert without_entries({"table": flag, "gone": None}, ALICE) == {
        "table": {"name": "table", "testUserIds": ["bob", f"{ALICE}x"], "exactUserIds": None, "by": ERASED},
        "gone": None,
    }


def test_words_of_a_flag_stay_whoever_is_called_like_them() -> None:
    """By them a change of flags is known again in what is deployed, and since when a flag is full."""
    flag = {"name": "dashboard_new_backend", "component": "dashboard", "testUserIds": ["bob", "dashboard"]}
    assert without_entries({"dashboard": flag}, "dashboard") == {"dashboard": {**flag, "testUserIds": ["bob"]}}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (ALICE, ERASED),
        (f"asked by {ALICE}, twice: {ALICE}", f"asked by {LEFT_OUT}, twice: {LEFT_OUT}"),
        (f"asked by {ALICE}n", f"asked by {ALICE}n"),
        ("nothing", "nothing"),
    ],
)
def test_a_text_says_that_something_is_left_out(text: str, left: str) -> None:
    assert left_out(text, ALICE) == left


@pytest.mark.parametrize(
    ("value", "people"),
    [
        ({"detail": {"userId": ALICE, "meter": {"type": "power"}}}, {ALICE}),
        ([{"user_id": "bob"}, {"deep": [{"userId": ["carol", {"more": "dave"}]}]}], {"bob", "carol", "more", "dave"}),
        (f"the meter {ALICE}|gas is damaged, bob|power|summary|-|c2 too", {ALICE, "bob"}),
        ({f"{ALICE}|gas": 1}, {ALICE}),
        ({"userId": None, "name": "alice", "type": "power"}, set()),
        (7, set()),
    ],
)
def test_whom_a_value_is_about_is_known_by_its_names_and_by_meters(value: Any, people: set[str]) -> None:
    assert people_of(value) == people
