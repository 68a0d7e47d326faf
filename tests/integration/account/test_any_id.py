"""A token may name anybody with printable characters: whatever an id looks like, nothing of it is ever evaluated.

To MongoDB a text that begins with ``$`` is a field or a variable where an expression is expected, and a name with a dot
is a path: somebody with such an id must see, write and lose exactly what anybody else does.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.json.text import json_text
from chalicelib.domain.readings import to_ms
from chalicelib.repositories import partial_snapshots
from chalicelib.services.display.display import Timeline
from chalicelib.services.recording.configuration import ExchangeDraft
from tests.integration.account.conftest import Place
from tests.integration.account.person import GAS, POWER, WHEN, Person

ODD = ["$$NOW", "$.", "$userId", "a..b", "a|power", "^.*$", "[red] %s {0}"]
RANGE = Timeline(to_ms(WHEN.replace(year=2021)), to_ms(WHEN), 7)
INSIDE = Timeline(to_ms(WHEN.replace(year=2022, month=3)), to_ms(WHEN.replace(year=2022, month=7)), 3)


def seen(person: Person) -> Iterator[Any]:
    """Every view there is, as it is stored, and as it is once every write is in it."""
    display, user = person.container.display, person.user
    for consistent in (False, True):
        for kind in (POWER, GAS):
            for year in (2020, 2022, 2023):
                yield display.monthly(user, kind, year, consistent=consistent)
            for timeline in (Timeline(), RANGE, INSIDE):
                yield display.histogram(user, kind, timeline, consistent=consistent)
            yield display.summary(user, kind, consistent=consistent)
        yield from display.summaries(user, consistent=consistent).values()


def shown(person: Person) -> list[str]:
    """The figures of every view, and how new they are."""
    return [json_text(view.data) + view.etag for view in seen(person)]


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
    first = container.old.readings(user, POWER)[0]
    container.energy.delete(user, first.id)
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
    assert place.container.operations.consistency.verify(restart=True).differences == 0


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
