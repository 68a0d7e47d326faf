"""The documents of readings on both sides: what a write leaves there, field by field, and what it leaves alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import ConflictError, DuplicateReadingError, NotFoundError
from chalicelib.domain.meters.import_record import IdRange
from chalicelib.domain.ports.values import Change, NewReading, StoredReading
from chalicelib.domain.ports.writing import Expected, WriteTransaction
from chalicelib.domain.readings import EnergyType, Reading
from chalicelib.repositories.transactions import MongoTransactions

T = TypeVar("T")
POWER, GAS = EnergyType.POWER, EnergyType.GAS
OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
OLD, NEW = "energies", "source_energy_readings"
IDS = [ObjectId(f"0123456789abcdef0123456{number}") for number in range(8)]
DAY = 86_400_000
FIRST = datetime(2023, 1, 1, tzinfo=UTC)
SECOND, THIRD = FIRST.replace(day=2), FIRST.replace(day=3)
START = 1_672_531_200_000
NOW, AT = 1_700_000_000_001, datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC)
BEFORE = datetime(2023, 1, 5, tzinfo=UTC)
ORIGIN = {"source": "csv", "importBatchId": "file", "revision": 3}
OLD_DOCUMENT = {
    "_id": IDS[0],
    "userId": "anna",
    "type": "power",
    "date": FIRST,
    "amount": Decimal("1.50"),
    "createdAt": BEFORE,
    "updatedAt": BEFORE,
}
STORED = StoredReading(str(IDS[0]), POWER, START, Decimal("1.50"), "csv", 3, START + 4 * DAY, START + 4 * DAY, "file")
METERS = [
    {"_id": f"anna|{kind}", "userId": "anna", "type": kind, "sourceVersion": 1, "displayVersion": 1}
    for kind in ("power", "gas")
]
Store = Callable[..., None]


@pytest.fixture
def store(migrated: Database[Any]) -> Store:
    """Documents on either side, in a mode that has been so for long."""

    def store(mode: SyncMode, old: list[dict[str, Any]] | None = None, new: list[dict[str, Any]] | None = None) -> None:
        document = {"_id": "sync_mode", "mode": mode.value, "since": datetime(1970, 1, 1, tzinfo=UTC)}
        migrated["control"].replace_one({"_id": "sync_mode"}, document, upsert=True)
        for name, documents in ((OLD, old), (NEW, new)):
            if documents:
                migrated[name].insert_many(documents)

    return store


@pytest.fixture
def run(migrated: Database[Any]) -> Callable[..., Any]:
    transactions = MongoTransactions(migrated, 20)

    def run(work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        return transactions.run("anna", work, expected)

    return run


Run = Callable[..., Any]


def all_of(database: Database[Any], side: str) -> list[dict[str, Any]]:
    return [*database[side].find(sort=[("date", 1), ("_id", 1)])]


@pytest.mark.parametrize("mode", SyncMode)
def test_a_new_reading_is_this_document_on_each_side(
    migrated: Database[Any], store: Store, run: Run, mode: SyncMode
) -> None:
    store(mode)
    reading = NewReading(POWER, START, Decimal("1.50"), "api", "file")
    stored = run(lambda transaction: transaction.readings.add(reading, NOW))
    revision = NOW if mode is OLD_ONLY else 1
    assert stored == StoredReading(stored.id, POWER, START, Decimal("1.50"), "api", revision, NOW, NOW, "file")
    common = OLD_DOCUMENT | {"_id": ObjectId(stored.id), "createdAt": AT, "updatedAt": AT}
    origin = {"source": "api", "importBatchId": "file", "revision": 1}
    assert all_of(migrated, OLD) == ([] if mode is NEW_ONLY else [common])
    assert all_of(migrated, NEW) == ([] if mode is OLD_ONLY else [common | origin])


@pytest.mark.parametrize("mode", SyncMode)
def test_many_new_readings_are_these_documents_on_each_side(
    migrated: Database[Any], store: Store, run: Run, mode: SyncMode
) -> None:
    store(mode)
    readings = [
        NewReading(POWER, START, Decimal("1.50"), "csv", "file"),
        NewReading(GAS, START + DAY, Decimal(2), "manual"),
    ]
    ids = run(lambda transaction: transaction.readings.add_many(readings, NOW))
    keys = [ObjectId(ids.first), ObjectId(f"{ids.first[:-1]}1")]
    assert (ids.length, ids.first[-6:]) == (2, "000000")
    power = OLD_DOCUMENT | {"_id": keys[0], "createdAt": AT, "updatedAt": AT}
    gas = power | {"_id": keys[1], "type": "gas", "date": SECOND, "amount": Decimal(2)}
    assert all_of(migrated, OLD) == ([] if mode is NEW_ONLY else [power, gas])
    origins = (
        {"source": "csv", "importBatchId": "file", "revision": 1},
        {"source": "manual", "importBatchId": None, "revision": 1},
    )
    assert all_of(migrated, NEW) == ([] if mode is OLD_ONLY else [power | origins[0], gas | origins[1]])


@pytest.mark.parametrize("mode", SyncMode)
def test_a_stored_reading_is_read_field_by_field(store: Store, run: Run, mode: SyncMode) -> None:
    store(mode, [OLD_DOCUMENT], [OLD_DOCUMENT | ORIGIN])
    of_old = StoredReading(
        STORED.id, POWER, START, Decimal("1.50"), "manual", STORED.updated_at, STORED.created_at, STORED.updated_at
    )
    for expected in (None, Expected(reading_id=STORED.id)):
        found = run(lambda transaction: transaction.readings.get(STORED.id), expected)
        assert found == (of_old if mode is OLD_ONLY else STORED)
    assert run(lambda transaction: transaction.readings.at(POWER, [START])) == [of_old if mode is OLD_ONLY else STORED]


@pytest.mark.parametrize(
    ("damage", "change"),
    [
        ({"source": "another"}, {"source": "manual"}),
        ({"source": ["csv"]}, {"source": "manual"}),
        ({"revision": "x"}, {"revision": STORED.updated_at}),
        ({"importBatchId": 5}, {"import_batch_id": None}),
        ({"createdAt": "x"}, {"created_at": START}),
        ({"updatedAt": None}, {"updated_at": START}),
        ({"amount": 1.5}, {"amount": Decimal("1.5")}),
        ({"amount": 2}, {"amount": Decimal(2)}),
        ({"amount": Decimal(0)}, {"amount": Decimal(0)}),
    ],
)
def test_what_else_is_damaged_says_nothing(
    store: Store, run: Run, damage: dict[str, Any], change: dict[str, Any]
) -> None:
    store(NEW_ONLY, None, [OLD_DOCUMENT | ORIGIN | damage])
    found = run(lambda transaction: transaction.readings.get(STORED.id))
    for field, value in change.items():
        assert getattr(found, field) == value


@pytest.mark.parametrize("mode", SyncMode)
def test_a_changed_reading_keeps_what_else_an_old_document_says(
    migrated: Database[Any], store: Store, run: Run, mode: SyncMode
) -> None:
    inherited = OLD_DOCUMENT | {"tariff": "night"}
    double = OLD_DOCUMENT | {"_id": IDS[1], "updatedAt": FIRST}
    store(mode, [inherited, double], [OLD_DOCUMENT | ORIGIN])
    after = StoredReading(STORED.id, POWER, START + DAY, Decimal("2.5"), "csv", 4, STORED.created_at, NOW, "file")
    run(lambda transaction: transaction.readings.replace(STORED, after))
    changed = {"date": SECOND, "amount": Decimal("2.5"), "updatedAt": AT}
    assert all_of(migrated, OLD) == ([inherited, double] if mode is NEW_ONLY else [inherited | changed])
    revised = OLD_DOCUMENT | ORIGIN | changed | {"revision": 4}
    assert all_of(migrated, NEW) == [OLD_DOCUMENT | ORIGIN if mode is OLD_ONLY else revised]


def test_a_reading_that_stays_at_its_instant_leaves_its_doubles(
    migrated: Database[Any], store: Store, run: Run
) -> None:
    double = OLD_DOCUMENT | {"_id": IDS[1], "updatedAt": FIRST}
    store(OLD_ONLY, [OLD_DOCUMENT, double])
    after = StoredReading(STORED.id, POWER, START, Decimal("2.5"), "csv", 4, STORED.created_at, NOW, "file")
    run(lambda transaction: transaction.readings.replace(STORED, after))
    assert all_of(migrated, OLD) == [OLD_DOCUMENT | {"amount": Decimal("2.5"), "updatedAt": AT}, double]


def test_a_twin_that_is_missing_is_written_with_a_change(migrated: Database[Any], store: Store, run: Run) -> None:
    store(DUAL_WRITE, [OLD_DOCUMENT])
    after = StoredReading(STORED.id, POWER, START, Decimal("2.5"), "csv", 4, STORED.created_at, NOW, "file")
    run(lambda transaction: transaction.readings.replace(STORED, after))
    changed = {"amount": Decimal("2.5"), "updatedAt": AT}
    assert all_of(migrated, NEW) == [OLD_DOCUMENT | ORIGIN | changed | {"revision": 4}]


@pytest.mark.parametrize("mode", SyncMode)
def test_a_removed_reading_goes_with_its_doubles_and_no_other(
    migrated: Database[Any], store: Store, run: Run, mode: SyncMode
) -> None:
    double = OLD_DOCUMENT | {"_id": IDS[1]}
    others = [
        OLD_DOCUMENT | {"_id": IDS[2], "userId": "berta"},
        OLD_DOCUMENT | {"_id": IDS[3], "type": "gas"},
        OLD_DOCUMENT | {"_id": IDS[4], "date": SECOND},
    ]
    store(mode, [OLD_DOCUMENT, double, *others], [OLD_DOCUMENT, *others])
    run(lambda transaction: transaction.readings.remove(STORED, NOW))
    assert all_of(migrated, OLD) == ([OLD_DOCUMENT, double, *others] if mode is NEW_ONLY else others)
    assert all_of(migrated, NEW) == ([OLD_DOCUMENT, *others] if mode is OLD_ONLY else others)


@pytest.mark.parametrize("mode", SyncMode)
def test_of_many_that_are_removed_the_doubles_stay(
    migrated: Database[Any], store: Store, run: Run, mode: SyncMode
) -> None:
    double = OLD_DOCUMENT | {"_id": IDS[1]}
    store(mode, [OLD_DOCUMENT, double], [OLD_DOCUMENT])
    run(lambda transaction: transaction.readings.remove_many([STORED], NOW))
    assert all_of(migrated, OLD) == ([OLD_DOCUMENT, double] if mode is NEW_ONLY else [double])
    assert all_of(migrated, NEW) == ([OLD_DOCUMENT] if mode is OLD_ONLY else [])


@pytest.mark.parametrize("mode", SyncMode)
def test_many_changed_readings_get_their_amounts_and_keep_the_rest(
    migrated: Database[Any], store: Store, run: Run, mode: SyncMode
) -> None:
    number = 101  # one more than one update takes
    days = [START + day * DAY for day in range(number)]
    inherited = [
        OLD_DOCUMENT | {"_id": f"key {day:03}", "date": datetime.fromtimestamp(at // 1000, UTC), "tariff": "night"}
        for day, at in enumerate(days)
    ]
    store(mode, inherited, [document | ORIGIN for document in inherited])
    before = run(lambda transaction: transaction.readings.at(POWER, days))
    assert len(before) == number
    after = [
        StoredReading(each.id, each.type, each.instant, Decimal(day), each.source, 9, each.created_at, NOW, "file")
        for day, each in enumerate(before)
    ]
    changes = [*map(Change, before, after)]
    run(lambda transaction: transaction.readings.replace_many(changes, NOW))
    changed = [document | {"amount": Decimal(day), "updatedAt": AT} for day, document in enumerate(inherited)]
    assert all_of(migrated, OLD) == (inherited if mode is NEW_ONLY else changed)
    unchanged = [document | ORIGIN for document in inherited]
    revised = [document | ORIGIN | {"revision": 9} for document in changed]
    assert all_of(migrated, NEW) == (unchanged if mode is OLD_ONLY else revised)


@pytest.mark.parametrize(
    ("twin", "place"),
    [
        (None, None),
        ({"date": SECOND}, ("anna|power", SECOND)),
        ({"type": "gas"}, ("anna|gas", FIRST)),
        ({"date": "x"}, None),
        ({"type": "water"}, None),
    ],
    ids=["missing", "moved", "gas", "without a date", "without a type"],
)
def test_of_many_changed_readings_a_twin_that_is_elsewhere_is_written_whole(
    migrated: Database[Any], store: Store, run: Run, twin: dict[str, Any] | None, place: tuple[str, datetime] | None
) -> None:
    migrated["meters"].insert_many(METERS)
    other = OLD_DOCUMENT | {"_id": IDS[1], "date": THIRD}
    twins = [] if twin is None else [OLD_DOCUMENT | ORIGIN | twin | {"note": "elsewhere"}]
    store(DUAL_WRITE, [OLD_DOCUMENT, other], [*twins, other | ORIGIN | {"note": "kept"}])
    changes = [
        Change(STORED, StoredReading(key, POWER, at, Decimal(7), "csv", 9, STORED.created_at, NOW, "file"))
        for key, at in ((str(IDS[0]), START), (str(IDS[1]), START + 2 * DAY))
    ]
    run(lambda transaction: transaction.readings.replace_many(changes, NOW))
    changed = ORIGIN | {"amount": Decimal(7), "updatedAt": AT, "revision": 9}
    assert all_of(migrated, NEW) == [OLD_DOCUMENT | changed, other | changed | {"note": "kept"}]
    marked = [(meter["_id"], meter["dirtyFrom"]) for meter in migrated["meters"].find({"dirtyFrom": {"$exists": True}})]
    assert marked == ([] if place is None else [place])


@pytest.mark.parametrize("way", ["one", "many", "removed", "many removed"])
def test_where_a_twin_was_is_marked_as_changed(migrated: Database[Any], store: Store, run: Run, way: str) -> None:
    migrated["meters"].insert_many(METERS)
    store(DUAL_WRITE, [OLD_DOCUMENT], [OLD_DOCUMENT | ORIGIN | {"date": SECOND}])
    after = StoredReading(STORED.id, POWER, START, Decimal("2.5"), "csv", 4, STORED.created_at, NOW, "file")
    ways: dict[str, Callable[[WriteTransaction], object]] = {
        "one": lambda transaction: transaction.readings.replace(STORED, after),
        "many": lambda transaction: transaction.readings.replace_many([Change(STORED, after)], NOW),
        "removed": lambda transaction: transaction.readings.remove(STORED, NOW),
        "many removed": lambda transaction: transaction.readings.remove_many([STORED], NOW),
    }
    run(ways[way])
    [meter] = migrated["meters"].find({"dirtyFrom": {"$exists": True}})
    assert (meter["_id"], meter["dirtyFrom"], meter["dirtyTo"]) == ("anna|power", SECOND, SECOND)
    assert [document["date"] for document in all_of(migrated, NEW)] == ([] if "removed" in way else [FIRST])


@pytest.mark.parametrize("mode", SyncMode)
def test_an_instant_is_taken_once(store: Store, run: Run, mode: SyncMode) -> None:
    store(mode, [OLD_DOCUMENT], [OLD_DOCUMENT | ORIGIN])
    new = NewReading(POWER, START, Decimal(2), "manual")
    for expected in (None, Expected(POWER, START), Expected(POWER, START, asks=True)):
        with pytest.raises(DuplicateReadingError):
            run(lambda transaction: transaction.readings.add(new, NOW), expected)
    run(lambda transaction: transaction.readings.add(NewReading(GAS, START, Decimal(2), "manual"), NOW))
    run(lambda transaction: transaction.readings.add(NewReading(POWER, START + 1, Decimal(2), "manual"), NOW))


def test_a_twin_whose_old_document_is_gone_is_replaced_by_who_comes_to_its_instant(
    migrated: Database[Any], store: Store, run: Run
) -> None:
    left = OLD_DOCUMENT | ORIGIN | {"_id": IDS[5]}
    others = [left | {"_id": IDS[6], "date": SECOND}, left | {"_id": IDS[7], "type": "gas"}]
    store(DUAL_WRITE, None, [left, *others])
    stored = run(lambda transaction: transaction.readings.add(NewReading(POWER, START, Decimal(2), "manual"), NOW))
    assert {document["_id"] for document in all_of(migrated, NEW)} == {ObjectId(stored.id), IDS[6], IDS[7]}


@pytest.mark.parametrize("damage", [{"amount": "much"}, {"amount": -1}, {"userId": None}, {"date": "x"}])
def test_the_last_good_copy_of_a_damaged_reading_is_neither_changed_nor_displaced(
    migrated: Database[Any], store: Store, run: Run, damage: dict[str, Any]
) -> None:
    twin = OLD_DOCUMENT | ORIGIN
    store(DUAL_WRITE, [OLD_DOCUMENT | damage], [twin])
    with pytest.raises(DuplicateReadingError, match="damaged; its last good copy is kept"):
        run(lambda transaction: transaction.readings.add(NewReading(POWER, START, Decimal(2), "manual"), NOW))
    with pytest.raises(ConflictError, match="damaged; its last good copy is kept"):
        run(lambda transaction: transaction.readings.get(STORED.id))
    assert all_of(migrated, NEW) == [twin]


def test_where_nothing_is_damaged_a_twin_alone_is_no_reading(store: Store, run: Run) -> None:
    store(DUAL_WRITE, None, [OLD_DOCUMENT | ORIGIN])
    with pytest.raises(NotFoundError, match="there is no such reading"):
        run(lambda transaction: transaction.readings.get(STORED.id))


def test_of_ids_that_were_made_together_those_that_are_left_are_found(store: Store, run: Run) -> None:
    within = [OLD_DOCUMENT | {"_id": IDS[number], "date": FIRST.replace(day=number + 1)} for number in range(5)]
    store(NEW_ONLY, None, [document | ORIGIN for document in within])
    found = run(lambda transaction: transaction.readings.within(IdRange(str(IDS[1]), 3)))
    assert sorted(reading.id for reading in found) == [str(key) for key in IDS[1:4]]
    found = run(lambda transaction: transaction.readings.by_ids([str(IDS[0]), str(IDS[4]), str(IDS[7])]))
    assert sorted(reading.id for reading in found) == [str(IDS[0]), str(IDS[4])]
    assert run(lambda transaction: transaction.readings.by_ids([])) == []


@pytest.mark.parametrize("mode", SyncMode)
@pytest.mark.parametrize("asks", [True, False])
def test_neighbours_highest_and_instants(store: Store, run: Run, mode: SyncMode, asks: bool) -> None:
    amounts = {IDS[0]: (FIRST, 30), IDS[1]: (SECOND, 10), IDS[2]: (THIRD, 20)}
    documents = [OLD_DOCUMENT | {"_id": key, "date": at, "amount": n} for key, (at, n) in amounts.items()]
    others = [OLD_DOCUMENT | {"_id": IDS[3], "type": "gas", "amount": 99}]
    others += [OLD_DOCUMENT | {"_id": IDS[4], "userId": "berta", "amount": 99}]
    store(mode, documents + others, documents + others)
    middle, first, last = (Reading(START + day * DAY, Decimal(n)) for day, n in ((1, 10), (0, 30), (2, 20)))
    expected = Expected(POWER, START + DAY, asks=asks)

    def readings(work: Callable[[Any], object], expected: Expected = expected) -> object:
        return run(lambda transaction: work(transaction.readings), expected)

    assert readings(lambda each: each.neighbours(POWER, START + DAY)) == (first, last)
    assert readings(lambda each: each.neighbours(POWER, START + DAY + 1)) == (middle, last)
    assert readings(lambda each: each.neighbours(POWER, START)) == (None, middle)
    assert readings(lambda each: each.neighbours(POWER, START + 2 * DAY)) == (middle, None)
    own = Expected(reading_id=str(IDS[1]), instant=START + 1, asks=True)
    moved = readings(lambda each: each.neighbours(POWER, START + 1, str(IDS[1])), own)
    assert moved == (first, last)
    assert readings(lambda each: each.highest(POWER)) == Decimal(30)
    assert run(lambda transaction: transaction.readings.highest(GAS)) == Decimal(99)
    assert readings(lambda each: each.instants_between(POWER, START, START + DAY)) == {START, START + DAY}
    assert readings(lambda each: [*each.stored_between(POWER, START + DAY, START + 2 * DAY)]) == [middle, last]
    assert readings(lambda each: [*each.between(POWER, START, START + DAY, str(IDS[1]))]) == [first]


def test_of_nothing_the_highest_amount_is_zero(store: Store, run: Run) -> None:
    store(NEW_ONLY)
    assert run(lambda transaction: transaction.readings.highest(POWER)) == 0


@pytest.mark.parametrize(
    ("one", "other", "counts"),
    [
        ({"updatedAt": SECOND}, {"updatedAt": FIRST}, 0),
        ({"updatedAt": FIRST}, {"updatedAt": SECOND}, 1),
        ({"updatedAt": FIRST}, {"updatedAt": FIRST}, 1),
        ({"updatedAt": "x"}, {"updatedAt": datetime(2022, 1, 1, tzinfo=UTC)}, 0),
        ({"updatedAt": datetime(2022, 1, 1, tzinfo=UTC)}, {"updatedAt": None}, 1),
    ],
)
def test_of_doubles_the_one_updated_last_counts(
    store: Store, run: Run, one: dict[str, Any], other: dict[str, Any], counts: int
) -> None:
    store(OLD_ONLY, [OLD_DOCUMENT | one, OLD_DOCUMENT | {"_id": IDS[1]} | other])
    assert [each.id for each in run(lambda transaction: transaction.readings.at(POWER, [START]))] == [str(IDS[counts])]
    assert run(lambda transaction: transaction.readings.get(str(IDS[counts]))).id == str(IDS[counts])
    with pytest.raises(NotFoundError, match="there is no such reading"):
        run(lambda transaction: transaction.readings.get(str(IDS[1 - counts])))
