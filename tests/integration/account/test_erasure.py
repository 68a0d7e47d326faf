"""An erased person is nowhere, and everybody else's documents are as they were."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import (
    UTC,
    datetime,
    timedelta,
)
from typing import Any
from uuid import uuid4

import bson
import pytest
from bson import ObjectId

from chalicelib.bootstrap.container import (
    now,
    using,
)
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import AccountErasedError, UnavailableError
from chalicelib.domain.people.account import Left
from chalicelib.repositories.database import Collections
from chalicelib.repositories.fence import fence_id
from chalicelib.repositories.figures import MongoRolloutFigures
from chalicelib.repositories.people import PEOPLE
from tests.functional.handlers.event_calls import Context
from tests.integration.account.conftest import Place
from tests.integration.account.person import (
    FILE,
    POWER,
    WHEN,
    Person,
    neighbours,
    of_others,
    raw,
    set_mode,
)
from tests.integration.two_at_once.delivery import SCHEDULE

MODES = list(SyncMode)


def test_every_collection_is_classified_once() -> None:
    assert set(PEOPLE) == set(Collections)


@pytest.mark.parametrize("mode", MODES)
def test_an_erased_person_is_nowhere_and_everybody_else_is_as_before(mode: SyncMode, place: Place) -> None:
    person = place.person()
    neighbours(person)
    person.live()
    left_over = person.be_damaged()
    person.be_observed()
    set_mode(place.database, mode)
    place.container.operations.sync.run(60) if mode is SyncMode.DUAL_WRITE else None
    stood, others = person.stands_in(), of_others(person)
    assert set(stood) >= {name.value for name, holds in PEOPLE.items() if holds.fields or holds.texts}
    deleted = place.erase(person)
    assert person.stands_in() == {}
    for name in ("energies", "source_energy_readings"):
        assert not place.database[name].find_one({"_id": {"$in": left_over}})
    after = of_others(person)
    for name, before in others.items():
        gone = before - after[name]
        assert all(any(key in document for key in map(_key, left_over)) for document in gone), name
        assert after[name] <= before, name
    for name in ("imports", "backend_usage_logs", "discarded_events", "user_settings"):
        assert deleted[name] == stood[name], name
    assert deleted["energies"] == stood["energies"] + len(left_over)
    assert deleted["backend_comparisons"] == 1


def _key(key: ObjectId) -> bytes:
    return key.binary


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_found_wrong_during_the_erasure_and_afterwards(mode: SyncMode, place: Place) -> None:
    person, erasures = place.person(), place.container.erasure._erasures
    neighbours(person)
    person.live()
    set_mode(place.database, mode)
    verified = place.container.operations.consistency.verify
    assert verified().differences == 0
    erasure = erasures.begin(person.user, person.pseudonym)
    assert verified().differences == 0
    for _ in erasures.removing(erasure, lambda: 60.0):
        found = verified()
        assert found.differences == 0, found.findings
    erasures.finish(erasure)
    assert verified().differences == 0
    assert person.stands_in() == {}


def test_a_receipt_counts_says_nothing_of_the_person_and_is_the_same_when_asked_again(place: Place) -> None:
    person = place.person()
    person.live()
    first = place.container.erasure.erase(person.user, 60)
    assert place.container.erasure.erase(person.user, 60) == first
    assert first.deleted["energies"] == first.deleted["source_energy_readings"] == 5
    assert first.deleted["meters"] == 2
    [receipt] = place.database["erasures"].find()
    assert receipt.keys() == {"_id", "requestedAt", "erasedAt", "deleted"}
    assert receipt["_id"] == first.receipt
    assert receipt["deleted"] == first.deleted


@pytest.mark.parametrize("mode", MODES)
def test_until_it_opens_every_write_is_refused_and_then_the_person_begins_anew(mode: SyncMode, place: Place) -> None:
    person = place.person()
    person.live()
    set_mode(place.database, mode)
    place.erase(person)
    with pytest.raises(AccountErasedError) as refused:
        person.create("2024-01-31", 1)
    for write in (person.live, lambda: place.container.imports.bulk_create(person.user, FILE)):
        with pytest.raises(AccountErasedError):
            write()
    assert person.stands_in() == {}
    fence = place.database["control"].find_one({"_id": fence_id(person.user)}) or {}
    assert refused.value.opens_at == round(fence["opensAt"].timestamp() * 1000)
    place.an_hour_passes()
    assert place.database["control"].find_one({"_id": fence_id(person.user)}) is None
    assert not any(person.pseudonym.encode() in document for document in raw(place.database, "control"))
    person.create("2024-01-31", 1)
    person.refresh()
    assert [reading.amount for reading in place.container.old.readings(person.user, POWER)] == [1]
    assert place.database["meters"].count_documents({"userId": person.user, "sourceVersion": 1}) == 1
    assert place.database["erasures"].count_documents({}) == 1


def test_a_fence_that_is_not_over_stays_and_so_does_one_that_is_not_done(place: Place) -> None:
    erased, waiting = place.person(), place.person()
    place.erase(erased)
    place.container.erasure.run(60)
    assert place.database["control"].find_one({"_id": fence_id(erased.user)})
    place.places.append(away := Elsewhere(is_away=True))
    place.container = place.composed(place.database)
    assert place.container.erasure.erase(waiting.user, 60).user_id == waiting.user
    place.an_hour_passes()
    assert place.database["control"].find_one({"_id": fence_id(waiting.user)})
    away.is_away = False
    assert place.container.erasure.run(60).as_document() == {"erased": 1, "left": 0, "opened": 0, "waiting": 0}
    assert away.forgotten == [waiting.user]
    assert place.container.erasure.run(60).opened == 0, "what was under way in the last run may come late"
    place.an_hour_passes()
    assert place.database["control"].find_one({"_id": fence_id(waiting.user)}) is None


def test_while_it_is_not_done_nobody_is_told_a_time_that_may_be_over(place: Place) -> None:
    person = place.person()
    place.places.append(Elsewhere(is_away=True))
    place.container = place.composed(place.database)
    place.container.erasure.erase(person.user, 60)
    place.an_hour_passes()
    with pytest.raises(AccountErasedError, match="is being erased; it can be used again when that is done, not before"):
        person.create("2024-01-31", 1)


@dataclass
class Elsewhere:
    """A place beside the database."""

    name: str = "flag lists"
    is_away: bool = False
    forgotten: list[str] = field(default_factory=list)

    def forget(self, user_id: str, left: Left) -> int:
        if self.is_away:
            raise UnavailableError("this place is away")
        self.forgotten.append(user_id)
        return 3 if len(self.forgotten) == 1 else 0


def test_all_places_are_asked_in_each_run_until_none_is_away(place: Place) -> None:
    here, away = Elsewhere("a place"), Elsewhere(is_away=True)
    place.places += [here, away]
    place.container = place.composed(place.database)
    person = place.person()
    person.live()
    first = place.container.erasure.erase(person.user, 60)
    assert first.erased_at is None
    assert person.stands_in() == {"control": 1}
    assert place.container.erasure.erase(person.user, 60).receipt == first.receipt
    away.is_away = False
    assert place.container.erasure.run(60).erased == 1
    done = place.container.erasure.erase(person.user, 60)
    assert done.receipt == first.receipt
    assert (done.deleted["a place"], done.deleted["flag lists"]) == (3, 3)
    assert (here.forgotten, away.forgotten) == ([person.user] * 3, [person.user])
    assert person.stands_in() == {}


def test_a_large_account_goes_on_where_the_time_was_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.repositories.erasure.AT_ONCE", 2)
    person = place.person()
    person.live()
    erasure = place.container.erasure
    removing = erasure._erasures.removing

    def slowly(*of: Any) -> Iterator[None]:
        for _ in removing(*of):
            place.clock.drain()
            yield

    monkeypatch.setattr(erasure._erasures, "removing", slowly)
    once = erasure.erase(person.user, 5)
    assert once.erased_at is None
    runs = 0
    while erasure.run(5).left:
        runs += 1
    assert runs > 5
    assert person.stands_in() == {}
    assert erasure.erase(person.user, 5).deleted["energies"] == 5


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_an_erasure_that_hung_takes_nothing_of_a_new_beginning(steps: int, place: Place) -> None:
    person, erasures = place.person(), place.container.erasure._erasures
    person.live()
    erasure = erasures.begin(person.user, person.pseudonym)
    hanging = erasures.removing(erasure, lambda: 60.0)
    for _ in range(steps):
        next(hanging)
    place.erase(person)
    place.an_hour_passes()
    person.live()
    before = _documents(person)
    for _ in hanging:
        pass
    erasures.finish(erasure)
    assert _documents(person) == before
    assert place.database["erasures"].count_documents({}) == 1


def test_people_whose_ids_begin_with_the_erased_ones_keep_everything(place: Place) -> None:
    person = place.person()
    longer = [Person(place.database, place.container, f"{person.user}{rest}") for rest in ("|other", "0", "|power")]
    for each in (person, *longer):
        each.live()
    kept = [_documents(each) for each in longer]
    assert all(len(each) > 10 for each in kept)
    place.erase(person)
    assert [_documents(each) for each in longer] == kept
    assert _documents(person) == []


def _documents(person: Person) -> list[bytes]:
    found = [document for name in Collections for document in raw(person.database, name)]
    return [document for document in found if bson.decode(document).get("userId") == person.user]


def test_a_document_under_anothers_id_that_names_the_person_is_given_back(place: Place) -> None:
    person, other = place.person(), place.person()
    other.live()
    person.live()
    before = _documents(other)
    for name in ("meters", "user_settings", "meter_series"):
        changed = place.database[name].update_one({"userId": other.user}, {"$set": {"userId": person.user}})
        assert changed.matched_count == 1
    place.erase(person)
    assert sorted(_documents(other)) == sorted(before)
    assert person.stands_in() == {}


def test_what_comes_late_goes_with_the_next_run(place: Place) -> None:
    person = place.person()
    person.live()
    place.erase(person)
    person.compared()
    late = datetime.now(UTC) - timedelta(minutes=5)
    place.database["backend_usage_logs"].insert_one({"userId": person.user, "user": person.pseudonym, "at": late})
    document = {"userId": person.user}
    place.database["quarantined_readings"].insert_many(
        [
            {"userId": person.user, "document": document, "quarantinedAt": late},
            {"userId": None, "document": {}, "twin": document, "quarantinedAt": late},
            {"userId": "neighbour", "document": {}, "quarantinedAt": late},
        ]
    )
    place.database["repaired_readings"].insert_one({"userId": "x", "before": document, "at": late, "run": "down-1"})
    place.database["control"].insert_one({"_id": "backfill", "userId": person.user, "type": "gas"})
    walk = {"_id": "verify", "after": ["zoe", "gas"], "findings": [{"user_id": person.user}]}
    place.database["control"].insert_one(walk)
    assert len(person.stands_in()) == 4
    with using(place.container):
        _eraser()
    assert person.stands_in() == {}
    assert place.database["quarantined_readings"].count_documents({}) == 1
    assert place.database["backend_comparisons"].count_documents({}) == 0


def test_what_a_fold_has_seen_before_the_end_and_writes_behind_it_goes_too_however_old_it_is(place: Place) -> None:
    person = place.person()
    person.be_observed()
    logs, people = place.database["backend_usage_logs"], place.database["usage_people"]
    row = logs.find_one({"user": person.pseudonym})
    assert row is not None
    place.erase(person)
    logs.insert_one(row | {"at": datetime.now(UTC) - timedelta(days=2)})
    assert MongoRolloutFigures(place.database, 20).fold(now()) == 1
    logs.delete_many({})
    assert people.count_documents({"user": person.pseudonym}) == 1
    with using(place.container):
        _eraser()
    assert people.count_documents({}) == 0


def _eraser() -> dict[str, Any]:
    from app import app

    return dict(app.handler_map["AccountEraser"](SCHEDULE, Context()))


def test_the_last_look_is_as_the_fence_opens(place: Place) -> None:
    person = place.person()
    place.erase(person)
    row = {"userId": person.user, "user": person.pseudonym, "at": datetime.now(UTC)}
    place.database["backend_usage_logs"].insert_one(row)
    place.an_hour_passes()
    assert person.stands_in() == {}
    assert place.database["control"].find_one({"_id": fence_id(person.user)}) is None


@pytest.mark.parametrize("before", [None, "neighbour"])
def test_positions_move_to_the_last_one_before_and_skip_nobody(before: str | None, place: Place) -> None:
    person, control = place.person(), place.database["control"]
    person.live()
    if before:
        Person(place.database, place.container, before).live()
    control.insert_many(
        [
            {"_id": "backfill", "since": None, "userId": person.user, "type": "gas", "at": WHEN},
            {
                "_id": "sync_job",
                "position": {"_data": "8A"},
                "difference": {"since": None, "after": [person.user, "power"], "written": 3, "deleted": 1},
            },
        ]
    )
    place.erase(person)
    job, backfill = control.find_one({"_id": "sync_job"}), control.find_one({"_id": "backfill"})
    assert job is not None
    assert job["position"] == {"_data": "8A"}
    assert job["difference"] == {
        "since": None,
        "after": [before, "power"] if before else None,
        "written": 3,
        "deleted": 1,
    }
    if before is None:
        assert backfill is None
    else:
        assert backfill is not None
        assert (backfill["userId"], backfill["type"]) == (before, "power")


# How a letter says an id; a function's error quotes what it was given.
LETTERS = [
    {"message": '{"requestPayload": {"detail": {"userId": "{id}"}}}'},
    {"message": '{"errorMessage": "dup key: { userId: \\"{id}\\", type: \\"gas\\" }"}'},
    {"message": "the meter {id}|gas is damaged"},
    {"message": "", "error": "ValidationError: input_value='{id}', input_type=str"},
]


def _discarded(letter: dict[str, str], user_id: str) -> dict[str, Any]:
    said = {name: text.replace("{id}", user_id) for name, text in letter.items()}
    return {"_id": uuid4().hex, "reason": "old", "discardedAt": datetime.now(UTC), **said}


def test_letters_that_somebody_took_away_are_known_as_in_the_queue_in_time_and_late(place: Place) -> None:
    person, discarded = place.person(), place.database["discarded_events"]
    discarded.insert_many([_discarded(letter, f"{person.user}2") for letter in LETTERS])
    discarded.insert_one(_discarded({"discardedBy": "{id}", "message": "of somebody else"}, person.user))
    others = [*discarded.find()]
    early = [*LETTERS, {"reason": "{id} has called us", "message": ""}]
    discarded.insert_many([_discarded(letter, person.user) for letter in early])
    assert place.erase(person)["discarded_events"] == len(early)
    discarded.insert_many([_discarded(letter, person.user) for letter in LETTERS])
    place.container.erasure.run(60)
    assert [*discarded.find()] == others


@pytest.mark.parametrize(
    ("error", "left"),
    [
        ('dup key: { userId: "{id}", type: "gas" }', 'dup key: { userId: "[erased]", type: "gas" }'),
        ("a document of {id}|gas is in the way", "a document of [erased]|gas is in the way"),
        ("a document of jo{id}|gas is in the way", "a document of jo{id}|gas is in the way"),
    ],
)
def test_what_a_script_said_of_its_failure_loses_the_person_alone(error: str, left: str, place: Place) -> None:
    person, migrations = place.person(), place.database["migrations"]
    migrations.update_one({}, {"$set": {"error": error.replace("{id}", person.user)}})
    place.erase(person)
    [record] = migrations.find({"error": {"$exists": True}})
    assert record["error"].endswith(left.replace("{id}", person.user))
