"""Where a person's id is found in what is stored: in fields, in ids that begin with it, and in any text."""

import json
from typing import Any

import pytest

from chalicelib.repositories.database import Collections
from chalicelib.repositories.people import PEOPLE, Holds, is_named, is_theirs, person_of, texts

METERS, SETTINGS = Collections.METERS, Collections.SETTINGS
JSON = '{"userId": "alice"}'
NESTED = json.dumps({"said": JSON})


def test_a_person_is_named_by_the_fields_or_else_by_the_pseudonym() -> None:
    both = Holds(("userId", "before.userId"), "user")
    assert both.named("alice", "p1") == {"$or": [{"userId": "alice"}, {"before.userId": "alice"}]}
    assert Holds(pseudonym="user").named("alice", "p1") == {"user": "p1"}
    assert Holds(texts=True).named("alice", "p1") is None


# How each collection names people; ``~``: by their pseudonym, ``!``: the moment of what may come late.
NAMING = """
energies userId
source_energy_readings userId
meters userId keyed
meter_series userId keyed
display_energy_data userId keyed
user_settings userId keyed
imports userId
quarantined_readings userId document.userId twin.userId !quarantinedAt
repaired_readings userId before.userId after.userId !at
backend_usage_logs userId ~user !at
usage_people ~user !foldedAt
backend_comparisons ~user !at
gate_agreements ~user !at
feedback userId ~user !at
page_measurements ~user !at
v1_callers ~user !last
discarded_events texts !discardedAt
control texts
"""
NAMES = dict(line.split(" ", 1) for line in NAMING.strip().splitlines())


@pytest.mark.parametrize("name", PEOPLE)
def test_these_fields_name_people(name: Collections) -> None:
    holds = PEOPLE[name]
    marked = [f"{mark}{field}" for mark, field in (("~", holds.pseudonym), ("!", holds.late)) if field]
    words = [word for word, is_so in (("keyed", holds.keyed), ("texts", holds.texts)) if is_so]
    assert " ".join([*holds.fields, *words, *marked]) == NAMES.get(name, "")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("alice", ["alice"]),
        (5, []),
        (None, []),
        ({"a": {"b": ["c", 5, ("d",)]}}, ["a", "b", "c", "d"]),
        (JSON, [JSON, "userId", "alice"]),
        ('["alice"]', ['["alice"]', "alice"]),
        ('"alice"', ['"alice"', "alice"]),
        (NESTED, [NESTED, "said", JSON, "userId", "alice"]),
        ("{no json", ["{no json"]),
        ("[" * 100_000, ["[" * 100_000]),
        ("7", ["7"]),
    ],
)
def test_every_text_is_found_at_any_depth_and_in_json_too(value: Any, found: list[Any]) -> None:
    assert [*texts(value)] == found


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"detail": {"userId": "alice"}}, True),
        ({"detail": '{"userId": "alice"}'}, True),
        ({"alice": 5}, True),
        (["alice|power"], True),
        ("alice|power|2024", True),
        ("alice and others", False),
        ("alice2|power", False),
        ({"detail": '{"userId": "alice2"}'}, False),
    ],
)
def test_a_value_names_a_person_or_one_of_their_meters(value: Any, says: bool) -> None:
    assert is_named(value, "alice".__eq__) is says


@pytest.mark.parametrize(
    ("collection", "key", "person"),
    [
        (METERS, "alice|power", "alice"),
        (METERS, "alice|bob|power", "alice|bob"),
        (METERS, "alice", None),
        (METERS, 5, None),
        (SETTINGS, "alice|power", "alice|power"),
        (SETTINGS, "alice", "alice"),
        (SETTINGS, 5, None),
    ],
)
def test_whose_an_id_is(collection: Collections, key: Any, person: str | None) -> None:
    assert person_of(collection, key) == person


@pytest.mark.parametrize(
    ("document", "theirs"),
    [
        ({"_id": "alice|power", "userId": "bob"}, True),
        ({"_id": "bob|power", "userId": "alice"}, False),
        ({"_id": "alice|bob|power", "userId": "alice"}, False),
        ({"_id": "alice|power|x|y"}, True),
        ({"_id": "alice|x"}, True),
        ({"_id": "alice|bob|x"}, False),
        ({"_id": "alice|bob|x", "userId": "alice"}, True),
        ({"_id": 5, "userId": "alice"}, True),
        ({"_id": 5}, False),
        ({"_id": "bob|x"}, False),
    ],
)
def test_a_garbled_id_is_theirs_where_it_begins_with_theirs_alone(document: dict[str, Any], theirs: bool) -> None:
    assert is_theirs(METERS, document, "alice") is theirs
