"""What the quarantine keeps of documents that cannot be read, entry by entry, and how ``verify`` names them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.meters.walks import Unreadable, UnreadableDocument
from chalicelib.repositories import quarantine as module
from chalicelib.repositories.quarantine import (
    hidden_doubles,
    known_among,
    quarantine,
    quarantine_all,
    quarantine_doubles,
    quarantine_kept,
    unreadable,
)
from chalicelib.repositories.unreadable import unreadable as named_unreadable
from tests.integration.repositories.sent_commands import looks_at, sent_commands

KEY = ObjectId("65" * 12)
MARCH, MAY = (datetime(2024, month, 1, tzinfo=UTC) for month in (3, 5))
GOOD = {"_id": KEY, "userId": "alice", "type": "power", "date": MARCH, "amount": 5.5}
Document = dict[str, Any]


def without(document: Document, field: str) -> Document:
    return {name: value for name, value in document.items() if name != field}


def entries(database: Database[Any]) -> dict[Any, Document]:
    """By id, without the moments."""
    moments = ("_id", "quarantinedAt", "resolvedAt")
    found = database["quarantined_readings"].find()
    return {entry["_id"]: {name: entry[name] for name in entry if name not in moments} for entry in found}


def reasons(database: Database[Any]) -> dict[Any, list[str]]:
    return {key: entry["reasons"] for key, entry in entries(database).items()}


def is_open(database: Database[Any], key: Any) -> bool:
    return "resolvedAt" not in (database["quarantined_readings"].find_one({"_id": key}) or {"resolvedAt": None})


@pytest.mark.parametrize(
    ("damaged", "why"),
    [
        ({**GOOD, "amount": 0.0}, ["zero amount"]),
        ({**GOOD, "amount": 0}, ["zero amount"]),
        ({**GOOD, "amount": "much"}, ["unusable amount"]),
        ({**GOOD, "amount": -1.5}, ["unusable amount"]),
        (without(GOOD, "amount"), ["unusable amount"]),
        ({**GOOD, "date": "soon"}, ["unusable date"]),
        ({**GOOD, "date": MARCH.replace(year=1800)}, ["unusable date"]),
        ({**GOOD, "type": "water"}, ["unknown type"]),
        ({**GOOD, "userId": ""}, ["no user"]),
        (without(GOOD, "userId"), ["no user"]),
        ({**GOOD, "_id": 5}, ["unusable id"]),
        ({**GOOD, "_id": "a" * 24}, ["unusable id"]),
        ({**GOOD, "amount": -1, "type": "water", "date": None}, ["unknown type", "unusable amount", "unusable date"]),
    ],
)
def test_each_damage_has_its_reason(migrated: Database[Any], damaged: Document, why: list[str]) -> None:
    migrated["energies"].insert_many([damaged, {**GOOD, "_id": "another", "date": MAY}])
    quarantine(migrated, Side.OLD, [damaged["_id"], "another"])
    [entry] = entries(migrated).values()
    assert sorted(entry.pop("reasons")) == why
    owner = {"userId": damaged["userId"]} if "userId" in damaged else {}
    assert entry == {"collection": "energies", "document": damaged, **owner}


def test_an_entry_has_the_twin_that_can_be_read_and_says_since_when(migrated: Database[Any]) -> None:
    migrated["energies"].insert_many([{**GOOD, "amount": "much"}, {**GOOD, "_id": "x", "amount": "much"}])
    twin = {**GOOD, "amount": Decimal("5.5")}
    migrated["source_energy_readings"].insert_many([twin, {**GOOD, "_id": "x", "date": "soon"}])
    quarantine(migrated, Side.OLD, [KEY, "x"])
    found = entries(migrated)
    assert (found[KEY]["twin"], "twin" in found["x"]) == (twin, False)
    [since] = {entry["quarantinedAt"] for entry in migrated["quarantined_readings"].find()}
    server = migrated.command("hello")["localTime"].replace(tzinfo=UTC)
    assert timedelta(0) <= server - since < timedelta(minutes=1)
    migrated["source_energy_readings"].delete_many({})
    quarantine(migrated, Side.OLD, [KEY])
    assert entries(migrated)[KEY]["twin"] == twin, "a twin once known stays known"


def test_the_new_side_has_entries_of_its_own(migrated: Database[Any]) -> None:
    migrated["source_energy_readings"].insert_one({**GOOD, "amount": "much"})
    quarantine(migrated, Side.OLD, [KEY])
    assert entries(migrated) == {}
    quarantine(migrated, Side.NEW, [KEY])
    assert entries(migrated)[KEY]["collection"] == "source_energy_readings"
    with migrated.client.start_session() as session:
        known = [known_among(migrated, side, [KEY, "x"], session) for side in (Side.NEW, Side.OLD)]
    assert known == [{KEY}, set()]


def test_of_a_document_damaged_in_another_way_only_its_present_state_is_kept(migrated: Database[Any]) -> None:
    migrated["energies"].insert_one({**GOOD, "amount": "much"})
    for change, why in (
        ({"amount": 5.5, "type": "water"}, ["unknown type"]),
        ({"note": "still"}, ["unknown type"]),
        ({"amount": 0.0}, ["unknown type", "zero amount"]),
    ):
        quarantine(migrated, Side.OLD, [KEY])
        migrated["energies"].update_one({"_id": KEY}, {"$set": change})
        quarantine(migrated, Side.OLD, [KEY])
        assert sorted(reasons(migrated)[KEY]) == why
        assert entries(migrated)[KEY]["document"] == migrated["energies"].find_one()


@pytest.mark.parametrize("everything", [False, True])
def test_an_entry_is_closed_when_its_document_can_be_read_again_or_is_gone_and_opened_anew(
    migrated: Database[Any], everything: bool
) -> None:
    def look() -> None:
        quarantine_all(migrated, Side.OLD) if everything else quarantine(migrated, Side.OLD, [KEY, "x"])

    migrated["energies"].insert_many([{**GOOD, "amount": "much"}, {**GOOD, "_id": "x", "amount": "much"}])
    look()
    assert [is_open(migrated, key) for key in (KEY, "x")] == [True, True]
    migrated["energies"].update_one({"_id": KEY}, {"$set": {"amount": 5.5}})
    migrated["energies"].delete_one({"_id": "x"})
    look()
    assert [is_open(migrated, key) for key in (KEY, "x")] == [False, False]
    migrated["energies"].update_one({"_id": KEY}, {"$set": {"amount": "much"}})
    look()
    assert [is_open(migrated, key) for key in (KEY, "x")] == [True, False]
    with migrated.client.start_session() as session:
        assert known_among(migrated, Side.OLD, [KEY, "x"], session) == {KEY}, "what is closed is not in it"


@pytest.fixture
def doubled(migrated: Database[Any]) -> Database[Any]:
    """Of two readings at one instant the later update counts; a third one is damaged; two are by themselves."""
    changes: list[Document] = [
        {"_id": "hidden", "updatedAt": MARCH},
        {"_id": "counts", "updatedAt": MAY},
        {"_id": "damaged", "amount": "much", "date": MAY.replace(day=2)},
        {"_id": "alone", "date": MAY},
        {"_id": "bobs", "userId": "bob"},
    ]
    migrated["energies"].insert_many([{**GOOD, **change} for change in changes])
    return migrated


DAMAGED, HIDDEN = {"damaged": ["unusable amount"]}, {"hidden": ["double of one instant"]}


def test_everything_takes_in_the_doubles_that_do_not_count(doubled: Database[Any]) -> None:
    quarantine_all(doubled, Side.OLD)
    assert reasons(doubled) == DAMAGED | HIDDEN
    quarantine_all(doubled, Side.OLD)
    assert [is_open(doubled, key) for key in ("damaged", "hidden")] == [True, True]
    doubled["energies"].delete_one({"_id": "counts"})
    quarantine_all(doubled, Side.OLD)
    assert [is_open(doubled, key) for key in ("damaged", "hidden")] == [True, False], "it counts now"


def test_where_another_double_counts_now_the_entries_change_places(doubled: Database[Any]) -> None:
    quarantine_all(doubled, Side.OLD)
    doubled["energies"].update_one({"_id": "hidden"}, {"$set": {"updatedAt": MAY.replace(day=9)}})
    for _ in range(2):
        quarantine_all(doubled, Side.OLD)
        assert [is_open(doubled, key) for key in ("hidden", "counts")] == [False, True]


def test_doubles_are_found_by_the_index_and_only_those_of_an_instant_are_read(
    doubled: Database[Any], mongodb_uri: str
) -> None:
    with sent_commands(mongodb_uri, doubled.name) as (database, sent):
        assert [document["_id"] for document in hidden_doubles(database["energies"])] == ["hidden"]
        assert [*hidden_doubles(database["energies"], {"userId": "bob"})] == []
    instants = [look["filter"]["$and"][1] for look in looks_at(sent, "energies")]
    assert instants == [{"userId": "alice", "type": "power", "date": MARCH}]


def test_of_the_twins_that_stay_each_says_why(doubled: Database[Any]) -> None:
    quarantine_kept(doubled, Side.OLD, ["damaged", "hidden"])
    assert reasons(doubled) == DAMAGED | HIDDEN


def test_only_the_doubles_that_are_named_are_copied(doubled: Database[Any]) -> None:
    quarantine_doubles(doubled, Side.OLD, [])
    assert reasons(doubled) == {}
    quarantine_doubles(doubled, Side.OLD, ["hidden"])
    assert reasons(doubled) == HIDDEN


def test_no_look_at_everybodys_documents_is_longer_than_a_window(
    doubled: Database[Any], mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW", 2)
    doubled["energies"].insert_one({**GOOD, "_id": 5, "date": MAY})
    with sent_commands(mongodb_uri, doubled.name) as (database, sent):
        assert [document["_id"] for document in unreadable(database["energies"])] == [5, "damaged"]
    found = [command for command in looks_at(sent, "energies") if "skip" not in command]
    looks = [(command.get("min"), command.get("max")) for command in found]
    assert looks == [
        (None, {"_id": "bobs"}),
        ({"_id": "bobs"}, {"_id": "damaged"}),
        ({"_id": "damaged"}, None),
    ]


def test_one_persons_documents_are_one_look(doubled: Database[Any], mongodb_uri: str) -> None:
    doubled["energies"].insert_one({**GOOD, "_id": "bobs too", "userId": "bob", "amount": "much"})
    with sent_commands(mongodb_uri, doubled.name) as (database, sent):
        assert [document["_id"] for document in unreadable(database["energies"], "alice")] == ["damaged"]
    [look] = looks_at(sent, "energies")
    assert (look["filter"]["userId"], "hint" in look) == ("alice", False)


def test_verify_names_each_with_its_person_its_flaw_and_its_twin(doubled: Database[Any]) -> None:
    doubled["source_energy_readings"].insert_many(
        [{**GOOD, "_id": "damaged", "amount": Decimal("5.5")}, {**GOOD, "_id": 7, "userId": ["bob"], "date": MAY}]
    )
    hidden = ("energies", "hidden", "alice", "double of one instant, of which another counts", "")
    flaw, twin = "amount is a string, not a number", "5.5 at 2024-03-01T00:00:00Z in source_energy_readings"
    damaged = ("energies", "damaged", "alice", flaw, twin)
    of_alice = named_unreadable(doubled, "alice")
    assert of_alice == Unreadable(2, (UnreadableDocument(*damaged), UnreadableDocument(*hidden)))
    everybody = named_unreadable(doubled, None)
    assert everybody.count == 3
    [other] = set(everybody.documents) - set(of_alice.documents)
    assert (other.collection, other.document, other.user, other.twin) == ("source_energy_readings", "7", "", "")
    assert named_unreadable(doubled, "carol") == Unreadable(0, ())


def test_of_many_it_names_twenty_and_counts_all(migrated: Database[Any]) -> None:
    migrated["energies"].insert_many([{**GOOD, "_id": f"{number:02}", "amount": "much"} for number in range(25)])
    found = named_unreadable(migrated, None)
    assert (found.count, [each.document for each in found.documents]) == (25, [f"{n:02}" for n in range(20)])
