"""A token may name anybody with printable characters: whatever an id looks like, nothing of it is ever evaluated.

To MongoDB a text that begins with ``$`` is a field or a variable where an expression is expected, and a name with a dot
is a path: somebody with such an id must see, write and lose exactly what anybody else does.
"""

import json
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.repositories import partial_snapshots
from chalicelib.services.recording.configuration import ExchangeDraft
from tests.integration.account.conftest import Place
from tests.integration.account.person import POWER, Person
from tests.integration.account.views import ODD, shown


def life(place: Place, person: Person) -> list[Any]:
    """What somebody sees of a life in which every write and every job comes once."""
    container, user = place.container, person.user
    told: list[Any] = [shown(person)]
    person.live()
    told.append(shown(person))
    person.create("2022-03-31", 1200)
    told.append(shown(person))
    person.refresh()
    container.configuration.add_exchange(user, ExchangeDraft(POWER, "2022-02-14T12:00Z", Decimal(1125), confirm=True))
    first = place.database["source_energy_readings"].find({"userId": user, "type": "power"}).sort("date", 1)[0]
    container.energy.delete(user, str(first["_id"]))
    told.append(shown(person))
    container.recalculation.recalculate(user)
    container.operations.rebuild.rebuild(user)
    told.append(shown(person))
    record = container.import_history.page(user, 1)[0]
    container.import_history.undo(user, record.id)
    person.refresh()
    told.append(shown(person))
    return told


@pytest.fixture
def plain(place: Place) -> list[Any]:
    return life(place, place.person())


@pytest.mark.parametrize("user", ODD)
@pytest.mark.parametrize("few", [20_000, 2])
def test_whoever_it_is_sees_the_same(
    user: str, few: int, plain: list[Any], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large meter other questions are asked than of a small one."""
    monkeypatch.setattr(partial_snapshots, "FEW", few)
    person = Person(place.database, place.container, user)
    assert life(place, person) == plain
    place.erase(person)
    assert person.user not in place.database["energies"].distinct("userId")


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
