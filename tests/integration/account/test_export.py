"""An export holds everything that is kept of a person, in parts of bounded size, and nothing of anybody else."""

import json
from typing import Any

import pytest

from chalicelib.domain.errors import InvalidInputError
from chalicelib.repositories.account_export import MongoAccountExport
from chalicelib.repositories.people import PEOPLE
from tests.integration.account.conftest import Place
from tests.integration.account.person import Person, neighbours

SMALL = 5_000


def parts(place: Place, person: Person, part_bytes: int) -> list[dict[str, list[dict[str, Any]]]]:
    export = MongoAccountExport(place.database, 20, part_bytes, documents_at_once=3)
    found: list[dict[str, list[dict[str, Any]]]] = []
    cursor = None
    while not found or cursor:
        page = export.page(person.user, person.pseudonym, cursor)
        found.append({name: [dict(each) for each in documents] for name, documents in page.documents.items()})
        cursor = page.following
    return found


def together(found: list[dict[str, list[dict[str, Any]]]]) -> dict[str, list[dict[str, Any]]]:
    whole: dict[str, list[dict[str, Any]]] = {}
    for part in found:
        for name, documents in part.items():
            whole.setdefault(name, []).extend(documents)
    return whole


@pytest.fixture
def person(place: Place) -> Person:
    person = place.person()
    neighbours(person)
    person.live()
    person.be_damaged()
    person.be_observed()
    return person


def test_everything_that_names_the_person_is_in_it(person: Person, place: Place) -> None:
    whole, stood = together(parts(place, person, 10**9)), person.stands_in()
    assert set(whole) >= {name.value for name, holds in PEOPLE.items() if holds.fields or holds.pseudonym}
    for name in ("energies", "imports", "user_settings", "backend_usage_logs", "discarded_events", "meter_series"):
        assert len(whole[name]) == stood[name], name
    assert len(whole["backend_comparisons"]) == 1


def test_in_many_parts_it_is_the_same_and_no_part_is_much_longer_than_it_may_be(person: Person, place: Place) -> None:
    once, often = parts(place, person, 10**9), parts(place, person, SMALL)
    assert together(often) == together(once)
    assert len(often) > 5
    longest = max(len(json.dumps(each)) for documents in together(once).values() for each in documents)
    assert all(len(json.dumps(part)) < SMALL + longest + 1_000 for part in often)


def test_nothing_of_anybody_else_is_in_it(person: Person, place: Place) -> None:
    other = Person(place.database, place.container, "neighbour")
    place.database["repaired_readings"].insert_one(
        {"userId": person.user, "before": {"userId": other.user, "amount": 77}, "after": None}
    )
    place.database["meters"].update_one({"_id": f"{other.user}|gas"}, {"$set": {"userId": person.user}})
    letters = {person.user: other.user, other.user: person.user}
    place.database["discarded_events"].insert_many(
        [{"discardedBy": by, "message": json.dumps({"userId": of})} for by, of in letters.items()]
    )
    text = json.dumps(together(parts(place, person, 10**9)))
    assert "neighbour" not in text
    assert "of another person" in text
    assert "77" not in [each.get("before") for each in together(parts(place, person, 10**9))["repaired_readings"]]


def test_amounts_have_all_their_digits_and_dates_are_iso(place: Place) -> None:
    person = place.person()
    person.create("2023-01-31T00:00Z", 12345)
    [reading] = together(parts(place, person, SMALL))["source_energy_readings"]
    assert (reading["amount"], reading["date"]) == ("12345", "2023-01-31T00:00:00.000Z")
    assert len(reading["_id"]) == 24


@pytest.mark.parametrize("cursor", ["mine", "é", "AAAA", "FgAAAAJvZgAHAAAAb3RoZXJzAAA"])
def test_what_is_no_cursor_is_refused(cursor: str, place: Place) -> None:
    with pytest.raises(InvalidInputError, match="cursor"):
        MongoAccountExport(place.database, 20).page("anybody", "pseudonym", cursor)


def test_while_an_erasure_waits_it_says_what_is_left(person: Person, place: Place) -> None:
    erasures = place.container.erasure._erasures
    erasure = erasures.begin(person.user, person.pseudonym)
    steps = erasures.removing(erasure, lambda: 60.0)
    for _ in range(4):
        next(steps)
    left = together(parts(place, person, 10**9))
    assert left["imports"]
    assert "energies" not in left
    for _ in steps:
        pass
    assert together(parts(place, person, 10**9)) == {}
