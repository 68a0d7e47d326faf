"""Whatever an id looks like, what is lost or differs of that person is found and mended, as it is of anybody."""

import pytest

from tests.integration.account.conftest import Place
from tests.integration.account.person import GAS, WHEN, Person
from tests.integration.account.views import ODD, shown


@pytest.mark.parametrize("user", ODD)
def test_whoever_it_is_jobs_find_and_mend_what_is_theirs(user: str, place: Place) -> None:
    person, operations = Person(place.database, place.container, user), place.container.operations
    person.live()
    before = shown(person)
    place.database["source_energy_readings"].delete_one({"userId": user, "type": "power"})
    assert operations.consistency.verify(user).differences
    operations.consistency.repair(user, allow_deletes=9)
    assert operations.consistency.verify(user).differences == 0
    place.database["energies"].insert_one({"userId": user, "type": "gas", "date": WHEN, "amount": 45.0})
    operations.sync.run(60, full=True)
    person.refresh()
    assert operations.consistency.verify(restart=True).differences == 0
    assert len(place.container.old.readings(user, GAS)) == 2
    assert shown(person) != before
    place.erase(person)
    left = [name for name in ("energies", "source_energy_readings", "meters") if person.stands_in().get(name)]
    assert left == []


@pytest.mark.parametrize("user", ["power", "userId", "detail"])
def test_who_is_called_like_a_word_of_events_sees_and_takes_away_nobody_elses_letters(user: str, place: Place) -> None:
    event = {"requestPayload": {"detail": {"version": 1, "userId": "anna", "meter": {"type": "power"}}}}
    letters = place.database["discarded_events"]
    letters.insert_one({"_id": "anna's", "reason": f'an old "{user}"', "message": json.dumps(event)})
    person = Person(place.database, place.container, user)
    assert "discarded_events" not in place.container.account_export.part(user, None).documents
    assert "discarded_events" in place.container.account_export.part("anna", None).documents
    place.erase(person)
    place.container.erasure.run(60)  # what came late goes too
    assert [letter["reason"] for letter in letters.find()] == ['an old "[erased]"']
