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
