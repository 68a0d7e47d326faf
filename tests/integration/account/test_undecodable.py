"""An account with bytes that are no UTF-8 in its inherited documents is exported and erased like any other."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId

from chalicelib.repositories.people import PEOPLE
from tests.integration.account.conftest import Place
from tests.integration.account.person import Person
from tests.integration.account.test_export import parts, together
from tests.integration.undecodable import stored_bytes, with_bytes

SHOWN = "\\xff\\xe9"
NOW = datetime(2024, 1, 1, tzinfo=UTC)
# What names somebody, by collection.
NAMING: dict[str, Callable[[str], dict[str, Any]]] = {
    "meters": lambda user: {"_id": f"{user}|powerQQ", "userId": user},
    "display_energy_data": lambda user: {"_id": "otherQQ|power|monthly|2024", "userId": user},
    "user_settings": lambda user: {"_id": "otherQQ", "userId": user},
    "discarded_events": lambda user: {
        "_id": "QQ",
        "reason": f"it is {user} QQ",
        "message": "other",
        "discardedAt": NOW,
    },
    "control": lambda user: {"_id": "verify", "after": [user, "QQ"]},
}


def inheriting(place: Place) -> Person:
    """Somebody of whom there are four such documents, and their copies in the quarantine."""
    person = place.person()
    person.live()
    place.database["energies"].insert_many(
        with_bytes({"_id": key, "userId": person.user, "type": "power", "comment": "QQ", "nQQ": ["QQ"]})
        for key in ("aQQ", "bQQ", "c", ObjectId())
    )
    place.container.operations.sync.run(60, full=True)
    assert place.database["quarantined_readings"].count_documents({"userId": person.user}) == 4
    return person


def test_an_export_shows_the_bytes_and_goes_on_behind_every_document(place: Place) -> None:
    person = inheriting(place)
    once, often = parts(place, person, 10**9), parts(place, person, 1)
    assert together(often) == together(once)
    assert json.dumps(once, ensure_ascii=False).encode()
    [shown] = [each for each in together(once)["energies"] if each["_id"] == f"a{SHOWN}"]
    assert (shown["comment"], shown[f"n{SHOWN}"]) == (SHOWN, [SHOWN])


def test_an_erasure_ends_and_leaves_nothing(place: Place) -> None:
    person = inheriting(place)
    place.erase(person)
    left = [raw for name in PEOPLE for raw in stored_bytes(place.database, name) if person.user.encode() in raw]
    assert left == []
    assert place.database["energies"].count_documents({}) == 0


@pytest.mark.parametrize("name", NAMING)
def test_an_erasure_ends_wherever_such_bytes_are(place: Place, name: str) -> None:
    person = place.person()
    person.live()
    place.database[name].insert_one(with_bytes(NAMING[name](person.user)))
    place.erase(person)
    place.an_hour_passes()
    assert all(person.user.encode() not in raw for raw in stored_bytes(place.database, name))


def test_a_walk_that_stands_at_the_person_goes_back_to_somebody_who_can_be_read(place: Place) -> None:
    person = place.person()
    person.live()
    just_before = {"_id": ObjectId(), "userId": "nobodyQQ", "type": "power", "date": NOW, "amount": 5.0}
    place.database["energies"].insert_one(with_bytes(just_before))
    place.database["energies"].insert_one(just_before | {"_id": ObjectId(), "userId": "0"})
    standing = {"_id": "backfill", "since": None, "userId": person.user, "type": "gas", "at": NOW}
    place.database["control"].insert_one(standing)
    place.erase(person)
    [moved] = place.database["control"].find({"_id": "backfill"})
    assert (moved["userId"], moved["type"]) == ("0", "power")
