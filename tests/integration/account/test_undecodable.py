"""An account with bytes that are no UTF-8 in its inherited documents is exported and erased like any other."""

import json

from bson import ObjectId

from chalicelib.repositories.people import PEOPLE
from tests.integration.account.conftest import Place
from tests.integration.account.person import Person
from tests.integration.account.test_export import parts, together
from tests.integration.undecodable import stored_bytes, with_bytes

SHOWN = "\\xff\\xe9"


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
