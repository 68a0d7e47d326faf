"""What mending took away comes back as it was, unless somebody has changed it, or its instant is taken."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.migration.sync.reconciliation import RepairRun
from chalicelib.domain.migration.sync.repairs import KeptDocument, KeptRun, Undone
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories import repaired as repaired_module
from chalicelib.repositories.repaired import MongoRepairedReadings
from tests.integration.repositories.sent_commands import looks_at, sent_commands

POWER, GAS = EnergyType.POWER, EnergyType.GAS
ALICE = ("alice", POWER)
NOW = 1_700_000_000_000
MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
BACK = RepairRun("back")
COLLECTION = {"old": "energies", "new": "source_energy_readings"}
Document = dict[str, Any]


def key(number: int) -> ObjectId:
    return ObjectId(f"{number:024x}")


def day(month: int) -> datetime:
    return datetime(2024, month, 1, tzinfo=UTC)


def document(number: int, month: int, **more: Any) -> Document:
    return {"_id": key(number), "userId": "alice", "type": "power", "date": day(month), "amount": Decimal(5), **more}


def entry(name: Any, side: str, before: Document, after: Document | None, **more: Any) -> Document:
    """As a run keeps it."""
    common = {"run": "r", "at": day(1), "userId": "alice", "type": "power", "reading": before["_id"]}
    return {"_id": name, **common, "side": side, "before": before, "after": after, **more}


@pytest.fixture
def repaired(migrated: Database[Any]) -> MongoRepairedReadings:
    return MongoRepairedReadings(migrated, 20, lambda: NOW)


def keep(database: Database[Any], *entries: Document) -> None:
    database["repaired_readings"].insert_many(entries)


def bring_back(repaired: MongoRepairedReadings, run: str = "r") -> Undone:
    return repaired.bring_back([each for page in repaired.kept(run) for each in page], BACK)


def why(done: Undone) -> dict[Any, str]:
    return {kept.key: reason for kept, reason in done.left}


def test_runs_are_listed_by_their_beginning_with_what_they_kept(
    migrated: Database[Any], repaired: MongoRepairedReadings
) -> None:
    keep(
        migrated,
        entry("a", "new", document(1, 3), None, run="late", at=day(5)),
        entry("b", "new", document(1, 3), None, run="early", at=day(4), undone="back"),
        entry("c", "new", document(1, 3), None, run="late", at=day(3)),
        entry("d", "new", document(1, 3), None, run="early", at=day(2)),
        entry("e", "new", document(1, 3), None, run="also early", at=day(2), undone="back"),
    )
    second, third = 1_706_745_600_000, 1_709_251_200_000
    assert repaired.runs() == [
        KeptRun("also early", second, 1, 1),
        KeptRun("early", second, 2, 1),
        KeptRun("late", third, 2, 0),
    ]


def test_what_a_run_kept_comes_meter_by_meter_the_latest_first(
    migrated: Database[Any], repaired: MongoRepairedReadings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.repositories.repaired.AT_ONCE", 2)
    keep(
        migrated,
        entry("3", "new", document(7, 3), None),
        entry("5", "old", document(1, 3), None, type="gas"),
        entry("1", "new", document(8, 3), None),
        entry("2", "old", document(9, 3), None),
        entry("4", "new", document(9, 3), None, undone="back"),
        entry("6", "new", document(9, 3), None, run="another"),
        entry("0", "new", document(2, 3), None, userId="bob"),
    )
    alices = [("1", "new", 8), ("2", "old", 9), ("3", "new", 7)]
    first, second, third = [KeptDocument(name, ALICE, Side(side), key(number)) for name, side, number in alices]
    gas = KeptDocument("5", ("alice", GAS), Side.OLD, key(1))
    bobs = KeptDocument("0", ("bob", POWER), Side.NEW, key(2))
    assert [*repaired.kept("r")] == [[bobs], [third, second], [first], [gas]]


def test_they_are_read_by_the_index_some_hundreds_at_once(migrated: Database[Any], mongodb_uri: str) -> None:
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        assert [*MongoRepairedReadings(database, 20, lambda: NOW).kept("r")] == []
    looks = [(look["sort"], look["batchSize"]) for look in looks_at(sent, "repaired_readings")]
    assert looks == [({"run": -1, "userId": -1, "type": -1, "_id": -1}, 500)] * 2


@pytest.mark.parametrize("side", ["old", "new"])
def test_what_was_deleted_comes_back_as_it_was_once(
    migrated: Database[Any], repaired: MongoRepairedReadings, side: str
) -> None:
    before = document(1, 3, note="inherited") | ({"revision": 4} if side == "new" else {})
    keep(migrated, entry("a", side, before, None))
    assert bring_back(repaired) == Undone(1, (), frozenset({ALICE}))
    back = before | ({"revision": 5} if side == "new" else {})
    assert [*migrated[COLLECTION[side]].find()] == [back], "of the new side under a revision nobody has seen"
    assert [*migrated["repaired_readings"].find()] == [entry("a", side, before, None, undone="back")]
    [meter] = migrated["meters"].find()
    assert (meter["_id"], meter["sourceVersion"]) == ("alice|power", 1)
    assert (meter["dirtyFrom"], meter["dirtyTo"], meter["dirtySince"]) == (day(3), day(3), MOMENT)
    assert bring_back(repaired) == Undone()


def test_what_was_overwritten_is_kept_again_when_it_comes_back(
    migrated: Database[Any], repaired: MongoRepairedReadings
) -> None:
    before, after = document(1, 3, revision=2), document(1, 6, revision=7)
    keep(migrated, entry("a", "new", before, after))
    migrated["source_energy_readings"].insert_one(after)
    assert bring_back(repaired).restored == 1
    assert [*migrated["source_energy_readings"].find()] == [{**before, "revision": 8}]
    [again] = migrated["repaired_readings"].find({"run": "back"}, {"_id": 0})
    assert again == without_id(entry("x", "new", after, {**before, "revision": 8}, run="back", at=MOMENT))
    [meter] = migrated["meters"].find()
    assert (meter["dirtyFrom"], meter["dirtyTo"]) == (day(3), day(6))


def without_id(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "_id"}


def test_what_was_written_twice_comes_back_as_it_was_before_the_first(
    migrated: Database[Any], repaired: MongoRepairedReadings
) -> None:
    first, second, third = (document(1, month) for month in (3, 4, 5))
    keep(migrated, entry("a", "old", first, second), entry("b", "old", second, third))
    migrated["energies"].insert_one(third)
    assert bring_back(repaired) == Undone(1, (), frozenset({ALICE}))
    assert [*migrated["energies"].find()] == [first]
    assert migrated["repaired_readings"].count_documents({"run": "r", "undone": "back"}) == 2


def kept_by_a_run(database: Database[Any], before: Document, after: Document, version: int) -> None:
    """By a process of its own, whatever its clock says, or that of the server."""
    with database.client.start_session() as session:
        repaired_module.keep(database, session, ALICE, Side.OLD, RepairRun("r"), [(before, after)], version, NOW)


@pytest.mark.parametrize("versions", [(7, 8), (8, 7), (9, 10), (10, 9)])
def test_the_way_back_follows_the_versions_of_the_meter_and_no_clock(
    migrated: Database[Any], repaired: MongoRepairedReadings, versions: tuple[int, int]
) -> None:
    states = {min(versions): (3, 4), max(versions): (4, 5)}
    for version in versions:
        before, after = (document(1, month) for month in states[version])
        kept_by_a_run(migrated, before, after, version)
    migrated["energies"].insert_one(document(1, 5))
    assert bring_back(repaired) == Undone(1, (), frozenset({ALICE}))
    assert [*migrated["energies"].find()] == [document(1, 3)]


@pytest.mark.parametrize("at_once", [1, 500])
def test_what_the_former_release_has_kept_of_a_run_is_earlier(
    migrated: Database[Any], repaired: MongoRepairedReadings, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(repaired_module, "AT_ONCE", at_once)
    first, second, third = (document(1, month) for month in (3, 4, 5))
    keep(migrated, entry(ObjectId(), "old", first, second))
    kept_by_a_run(migrated, second, third, 8)
    migrated["energies"].insert_one(third)
    for page in repaired.kept("r"):
        assert repaired.bring_back(page, BACK).left == ()
    assert [*migrated["energies"].find()] == [first]


def test_what_was_written_last_comes_back_first_however_much_was_kept(
    migrated: Database[Any], repaired: MongoRepairedReadings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repaired_module, "AT_ONCE", 1)
    first, second, third = (document(1, month) for month in (3, 4, 5))
    keep(migrated, entry("a", "old", first, second), entry("b", "old", second, third))
    migrated["energies"].insert_one(third)
    done = [repaired.bring_back(page, BACK) for page in repaired.kept("r")]
    assert [(each.restored, each.left) for each in done] == [(1, ()), (1, ())]
    assert [*migrated["energies"].find()] == [first]


def test_what_somebody_has_changed_since_stays(migrated: Database[Any], repaired: MongoRepairedReadings) -> None:
    keep(migrated, entry("a", "old", document(1, 3), document(1, 4)), entry("b", "old", document(2, 3), None))
    present = [document(1, 4, note="since"), document(2, 9)]
    migrated["energies"].insert_many(present)
    done = bring_back(repaired)
    assert (done.restored, why(done)) == (0, {"a": "was changed since", "b": "was changed since"})
    assert [*migrated["energies"].find(sort=[("_id", 1)])] == present
    assert migrated["meters"].count_documents({}) == 0


@pytest.mark.parametrize(("side", "reasons"), [("old", {}), ("new", {"a": "its instant is taken"})])
def test_on_the_new_side_what_has_the_instant_meanwhile_stays_and_on_the_old_one_doubles_may_be(
    migrated: Database[Any], repaired: MongoRepairedReadings, side: str, reasons: dict[str, str]
) -> None:
    keep(migrated, entry("a", side, document(1, 3), None), entry("b", side, document(2, 4), None))
    others = [document(9, 3), document(8, 4) | {"type": "gas"}, document(7, 4) | {"userId": "bob"}]
    migrated[COLLECTION[side]].insert_many(others)
    done = bring_back(repaired)
    assert (done.restored, why(done)) == (2 - len(reasons), reasons)
    brought = migrated[COLLECTION[side]].find({"_id": {"$in": [key(1), key(2)]}}, sort=[("_id", 1)])
    assert [item["_id"] for item in brought] == ([key(2)] if reasons else [key(1), key(2)])


def test_both_meters_are_dirty_where_the_document_named_another_one(
    migrated: Database[Any], repaired: MongoRepairedReadings
) -> None:
    keep(migrated, entry("a", "old", document(1, 3) | {"userId": "bob", "type": "gas"}, None))
    assert bring_back(repaired).meters == {ALICE, ("bob", GAS)}
    assert {meter["_id"] for meter in migrated["meters"].find()} == {"alice|power", "bob|gas"}


def test_nothing_comes_back_to_a_side_that_rests(migrated: Database[Any], repaired: MongoRepairedReadings) -> None:
    migrated["control"].update_one({"_id": "sync_mode"}, {"$set": {"mode": "old_only"}})
    keep(migrated, entry("a", "new", document(1, 3), None))
    with pytest.raises(SyncModeError, match="the new side rests"):
        bring_back(repaired)
    assert migrated["source_energy_readings"].count_documents({}) == 0
