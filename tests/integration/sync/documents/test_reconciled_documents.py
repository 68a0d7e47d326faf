"""What a reconciliation leaves in the collections, document by document, and what it keeps of what it took away."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import MassDeletionError
from chalicelib.domain.migration.sync.reconciliation import Reconciled, RepairRun, Selection
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.fence import fence_id
from chalicelib.repositories.reconciliation import MongoReconciliationRepository
from tests.integration.repositories.sent_commands import looks_at, sent_commands

POWER, GAS = EnergyType.POWER, EnergyType.GAS
ALICE = ("alice", POWER)
NOW = 1_700_000_000_000
EVERYTHING = Selection()
MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
Document = dict[str, Any]
Reconcile = Callable[..., Reconciled]


def key(number: int) -> ObjectId:
    return ObjectId(f"{number:024x}")


def day(month: int) -> datetime:
    return datetime(2024, month, 1, tzinfo=UTC)


def document(number: int, month: int, amount: Any = 5.5, **more: Any) -> Document:
    return {"_id": key(number), "userId": "alice", "type": "power", "date": day(month), "amount": amount, **more}


@pytest.fixture
def twins(migrated: Database[Any]) -> MongoReconciliationRepository:
    return MongoReconciliationRepository(migrated, 20, lambda: NOW)


@pytest.fixture
def reconcile(twins: MongoReconciliationRepository) -> Reconcile:
    """Of alice's power meter, under the run r."""

    def call(selection: Selection = EVERYTHING, source: Side | None = None, deletes: int = 0) -> Reconciled:
        return twins.reconcile(ALICE, selection, RepairRun("r", source), deletes)

    return call


def old(database: Database[Any], *documents: Document) -> None:
    database["energies"].insert_many(documents)


def new(database: Database[Any], *documents: Document) -> None:
    database["source_energy_readings"].insert_many(documents)


def found(database: Database[Any], name: str) -> list[Document]:
    return list(database[name].find(sort=[("_id", 1)]))


def kept(database: Database[Any]) -> list[tuple[Any, ...]]:
    """What was taken away: of whom, on which side, which document, and its amounts before and after."""
    return [
        (item["userId"], item["side"], item["type"], item["reading"], _amount(item["before"]), _amount(item["after"]))
        for item in database["repaired_readings"].find(sort=[("reading", 1)])
    ]


def _amount(said: Document | None) -> Any:
    return said and said["amount"]


def test_a_new_twin_says_what_its_document_says_and_its_meter_is_dirty_there(
    migrated: Database[Any], reconcile: Reconcile
) -> None:
    old(migrated, document(1, 3, note="inherited"), document(2, 5, 7.25, createdAt=day(6), updatedAt=day(7)))
    assert reconcile() == Reconciled(2, 0, 0, 1, 1_709_251_200_000, 1_714_521_600_000)
    common = {"userId": "alice", "type": "power", "source": "sync", "importBatchId": None}
    first = {"createdAt": day(3), "updatedAt": day(3), "revision": 1_709_251_200_000}
    second = {"createdAt": day(6), "updatedAt": day(7), "revision": 1_719_792_000_000}
    assert found(migrated, "source_energy_readings") == [
        {"_id": key(1), "date": day(3), "amount": Decimal("5.5"), **common, **first},
        {"_id": key(2), "date": day(5), "amount": Decimal("7.25"), **common, **second},
    ]
    versions = {"sourceVersion": 1, "displayVersion": 0}
    dirty = {"dirtyFrom": day(3), "dirtyTo": day(5), "dirtySince": MOMENT}
    assert found(migrated, "meters") == [
        {"_id": "alice|power", "userId": "alice", "type": "power", **versions, **dirty}
    ]
    assert found(migrated, "repaired_readings") == []
    assert reconcile() == Reconciled()
    assert found(migrated, "meters")[0]["sourceVersion"] == 1, "where nothing differs nothing is written"


def test_a_twin_that_differs_gets_another_revision_and_the_one_before_is_kept(
    migrated: Database[Any], reconcile: Reconcile
) -> None:
    old(migrated, document(1, 3))
    before = document(1, 4, Decimal(9), source="import", importBatchId="b", revision=4, createdAt=day(1))
    new(migrated, before)
    assert reconcile() == Reconciled(0, 1, 0, 1, 1_709_251_200_000, 1_711_929_600_000)
    own = {"source": "import", "importBatchId": "b", "revision": 5, "createdAt": day(3), "updatedAt": day(3)}
    after = document(1, 3, Decimal("5.5"), **own)
    assert found(migrated, "source_energy_readings") == [after]
    [entry] = found(migrated, "repaired_readings")
    del entry["_id"]
    said = {"run": "r", "at": MOMENT, "side": "new", "userId": "alice", "type": "power", "reading": key(1)}
    assert entry == {**said, "before": before, "after": after}


def test_of_an_old_document_only_date_amount_and_its_update_change(
    migrated: Database[Any], reconcile: Reconcile
) -> None:
    old(migrated, document(1, 3, note="inherited", createdAt=day(1)), document(2, 5))
    new(migrated, document(1, 4, Decimal(9), updatedAt=day(8), revision=2), document(2, 5, Decimal("5.5")))
    assert reconcile(source=Side.NEW).replaced == 1
    assert found(migrated, "energies") == [
        document(1, 4, Decimal(9), note="inherited", createdAt=day(1), updatedAt=day(8)),
        document(2, 5),
    ]
    assert kept(migrated) == [("alice", "old", "power", key(1), 5.5, Decimal(9))]


def test_an_old_document_without_a_twin_goes_and_a_new_one_gets_no_field_of_the_new_side(
    migrated: Database[Any], reconcile: Reconcile
) -> None:
    old(migrated, document(1, 3))
    new(migrated, document(2, 4, Decimal(9), source="manual", revision=2))
    assert reconcile(source=Side.NEW, deletes=1) == Reconciled(1, 0, 1, 1, 1_709_251_200_000, 1_711_929_600_000)
    assert found(migrated, "energies") == [document(2, 4, Decimal(9), createdAt=day(4), updatedAt=day(4))]
    assert kept(migrated) == [("alice", "old", "power", key(1), 5.5, None)]


@pytest.mark.parametrize(("deletes", "left"), [(2, []), (1, [key(1), key(2)])])
def test_as_many_go_as_the_caller_allows_and_of_more_none(
    migrated: Database[Any], reconcile: Reconcile, deletes: int, left: Sequence[ObjectId]
) -> None:
    new(migrated, document(1, 3, Decimal(1)), document(2, 4, Decimal(2)))
    try:
        assert reconcile(deletes=deletes).deleted == 2
    except MassDeletionError:
        assert left
    assert [item["_id"] for item in found(migrated, "source_energy_readings")] == left
    assert len(kept(migrated)) == 2 - len(left)
    assert len(found(migrated, "meters")) == (0 if left else 1)


@pytest.mark.parametrize(
    ("stray", "meter"),
    [({"type": "gas"}, "alice|gas"), ({"userId": "bob"}, "bob|power"), ({"type": "water"}, None)],
)
def test_what_has_the_id_elsewhere_goes_is_kept_and_its_meter_is_dirty_too(
    migrated: Database[Any], reconcile: Reconcile, stray: Document, meter: str | None
) -> None:
    old(migrated, document(1, 3))
    other = document(2, 9, Decimal(1))
    new(migrated, document(1, 8, Decimal(9)) | stray, other | {"userId": "carol"})
    assert reconcile().inserted == 1
    mended, left = found(migrated, "source_energy_readings")
    assert (mended["userId"], mended["type"], mended["date"], left["userId"]) == ("alice", "power", day(3), "carol")
    assert kept(migrated) == [("alice", "new", "power", key(1), Decimal(9), Decimal("5.5"))]
    dirty = {item["_id"]: (item["dirtyFrom"], item["dirtyTo"]) for item in found(migrated, "meters")}
    assert dirty == {"alice|power": (day(3), day(3))} | ({meter: (day(8), day(8))} if meter else {})


def test_the_meter_of_an_erased_person_is_not_marked_where_their_document_has_the_id(
    migrated: Database[Any], reconcile: Reconcile
) -> None:
    old(migrated, document(1, 3))
    new(migrated, document(1, 8, Decimal(9)) | {"userId": "bob"})
    migrated["control"].insert_one({"_id": fence_id("bob"), "erasedAt": day(1), "opensAt": day(2)})
    assert reconcile().inserted == 1
    assert [item["_id"] for item in found(migrated, "meters")] == ["alice|power"]
    assert [item["userId"] for item in found(migrated, "source_energy_readings")] == ["alice"]


@pytest.mark.parametrize(
    ("selection", "mended"),
    [
        (Selection(day(2), day(3)), [2, 3]),
        (Selection(day(3), day(3)), [3]),
        (Selection(ids=(key(2),)), [2]),
        (Selection(ids=(key(1), key(3))), [1, 3]),
        (Selection(), [1, 2, 3, 4]),
    ],
)
def test_only_the_selected_readings_are_mended(
    migrated: Database[Any], reconcile: Reconcile, selection: Selection, mended: list[int]
) -> None:
    old(migrated, *(document(number, number) for number in (1, 2, 3, 4)), {**document(9, 3), "type": "gas"})
    new(migrated, document(2, 2, Decimal(1)))
    done = reconcile(selection)
    assert (done.inserted + done.replaced, done.deleted) == (len(mended), 0)
    said = {item["_id"]: item["amount"] for item in found(migrated, "source_energy_readings")}
    assert said == {key(2): Decimal(1)} | {key(number): Decimal("5.5") for number in mended}


def test_a_selected_reading_is_looked_for_at_the_dates_of_both_sides(
    migrated: Database[Any], reconcile: Reconcile
) -> None:
    old(migrated, document(1, 3), document(2, 4))
    new(migrated, document(1, 4, Decimal("5.5")))
    assert reconcile(Selection(ids=(key(1),))) == Reconciled(1, 1, 0, 1, 1_709_251_200_000, 1_711_929_600_000)
    dates = [(item["_id"], item["date"]) for item in found(migrated, "source_energy_readings")]
    assert dates == [(key(1), day(3)), (key(2), day(4))], "what takes the place of another goes with it"


def test_a_meter_is_read_in_the_order_of_its_index_on_both_sides(migrated: Database[Any], mongodb_uri: str) -> None:
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        twins = MongoReconciliationRepository(database, 20, lambda: NOW)
        twins.reconcile(ALICE, EVERYTHING)
        twins.differences(ALICE)
    looks = [looks_at(sent, name) for name in ("energies", "source_energy_readings")]
    assert [[look.get("sort") for look in each] for each in looks] == [[{"date": 1}] * 2] * 2
    both = [each[-1]["readConcern"]["level"] for each in looks]
    assert both == ["snapshot", "snapshot"], "a write that happens meanwhile is no difference"
    shown = {"date": 1, "amount": 1, "updatedAt": 1}
    assert [each[-1]["projection"] for each in looks] == [shown] * 2


def test_a_plan_says_the_same_and_writes_nothing(migrated: Database[Any], twins: MongoReconciliationRepository) -> None:
    old(migrated, document(1, 3), document(2, 5))
    new(migrated, document(2, 6, Decimal(1)), document(3, 7, Decimal(1)))
    planned = twins.plan(ALICE, RepairRun("r"))
    assert planned == Reconciled(1, 1, 1, 0, 1_709_251_200_000, 1_719_792_000_000)
    assert found(migrated, "meters") == found(migrated, "repaired_readings") == []
    assert [item["_id"] for item in found(migrated, "source_energy_readings")] == [key(2), key(3)]


@pytest.mark.parametrize("mode", ["old_only", "new_only"])
def test_a_side_that_rests_is_not_written(
    migrated: Database[Any], reconcile: Reconcile, twins: MongoReconciliationRepository, mode: str
) -> None:
    migrated["control"].update_one({"_id": "sync_mode"}, {"$set": {"mode": mode}})
    old(migrated, document(1, 3))
    assert reconcile() == twins.plan(ALICE, RepairRun("r")) == Reconciled()
    assert found(migrated, "source_energy_readings") == []


def test_the_twin_of_what_cannot_be_read_stays_and_is_marked(migrated: Database[Any], reconcile: Reconcile) -> None:
    doubles = [document(2, 4, 2.0, updatedAt=day(6)), document(3, 4, 3.0, updatedAt=day(5))]
    old(migrated, document(1, 3, "much"), *doubles)
    new(migrated, document(1, 3, Decimal(1)), document(2, 4, Decimal(2)), document(3, 8, Decimal(3)))
    assert set(reconcile(deletes=9).kept) == {key(1), key(3)}
    marked = {item["_id"]: item["reasons"] for item in found(migrated, "quarantined_readings")}
    assert marked == {key(1): ["unusable amount"], key(3): ["double of one instant"]}


INDEX = [("userId", 1), ("type", 1), ("date", 1)]


@pytest.mark.parametrize(
    ("side", "name", "unique"), [(Side.NEW, "source_energy_readings", True), (Side.OLD, "energies", None)]
)
def test_a_side_gets_its_index_back_and_only_where_it_is_gone(
    migrated: Database[Any], twins: MongoReconciliationRepository, side: Side, name: str, unique: bool | None
) -> None:
    before = migrated[name].index_information()
    twins.prepare(side)
    assert migrated[name].index_information() == before
    migrated[name].drop()
    twins.prepare(side)
    indexes = migrated[name].index_information().values()
    assert [(index["key"], index.get("unique")) for index in indexes] == [([("_id", 1)], None), (INDEX, unique)]


def test_readings_belong_to_the_meters_that_both_sides_name(
    migrated: Database[Any], twins: MongoReconciliationRepository
) -> None:
    old(migrated, document(1, 3), document(2, 4), document(3, 5) | {"type": "water"}, {**document(4, 6), "_id": 5})
    new(migrated, document(1, 3) | {"type": "gas"}, document(2, 4))
    owners = twins.owners((key(1), key(2), key(3), 5, key(9)))
    assert {meter: sorted(keys) for meter, keys in owners.items()} == {
        ALICE: [key(1), key(2)],
        ("alice", GAS): [key(1)],
    }


def test_whose_readings_are_is_read_without_the_rest_of_them(migrated: Database[Any], mongodb_uri: str) -> None:
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        MongoReconciliationRepository(database, 20, lambda: NOW).owners((key(1),))
    looks = looks_at(sent, "energies") + looks_at(sent, "source_energy_readings")
    assert [look["projection"] for look in looks] == [{"_id": 1, "userId": 1, "type": 1}] * 2


def test_a_digest_is_of_ids_dates_and_amounts_alone(
    migrated: Database[Any], twins: MongoReconciliationRepository
) -> None:
    old(migrated, document(1, 3, 5.25, note="x"), document(2, 4, 7))
    new(migrated, document(1, 3, Decimal("5.250"), revision=3), document(2, 4, Decimal(7)))
    new(migrated, document(3, 3, Decimal(1)) | {"userId": "bob"})

    def equal() -> bool:
        return twins.digests(Side.OLD, {"alice"}) == twins.digests(Side.NEW, {"alice"})

    assert twins.digests(Side.OLD, {"alice"}).keys() == {ALICE}
    assert equal()
    changes: list[Document] = [{"date": day(9)}, {"amount": Decimal("5.2500001")}, {"amount": "much"}, {"amount": None}]
    for change in changes:
        migrated["source_energy_readings"].update_one({"_id": key(1)}, {"$set": change})
        assert not equal()
        new_one = {"date": day(3), "amount": Decimal("5.25")}
        migrated["source_energy_readings"].update_one({"_id": key(1)}, {"$set": new_one})
        assert equal()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({}, "5.5 at 2024-03-01T00:00:00Z"),
        ({"amount": "much"}, "the amount a string at 2024-03-01T00:00:00Z"),
        ({"amount": True}, "the amount a truth value at 2024-03-01T00:00:00Z"),
        ({"date": "soon"}, "5.5 with the date a string"),
    ],
)
def test_a_difference_says_what_each_side_has(
    migrated: Database[Any], twins: MongoReconciliationRepository, damage: Document, said: str
) -> None:
    new(migrated, document(1, 3) | damage)
    [finding] = twins.differences(ALICE)
    assert finding.problem == f"nothing in energies, {said} in source_energy_readings"
    assert (finding.user_id, finding.type, finding.collection) == ("alice", POWER, "source_energy_readings")
    assert (finding.document, finding.kind) == (str(key(1)), "nothing in energies")
