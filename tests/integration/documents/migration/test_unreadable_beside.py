"""Beside what is read or written lies a document that nobody can read: it is passed over, and stays as it is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.bootstrap.container import mongo_ports
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.meters.import_record import IdRange
from chalicelib.domain.ports.values import NewReading, StoredReading
from chalicelib.domain.ports.writing import EnergyRepository
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.documents import READABLE, reading_of
from chalicelib.repositories.transactions import MongoTransactions
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.inherited_database import set_mode

POWER = EnergyType.POWER
T, AT = 1_709_251_200_000, datetime(2024, 3, 1, tzinfo=UTC)
LATER = AT + timedelta(days=1)
KEYS = [ObjectId(f"65e100000123456789abcde{number}") for number in range(4)]
COMMON = {"userId": "anna", "type": "power", "date": AT, "createdAt": AT, "updatedAt": AT}
GOOD: dict[str, Any] = {"_id": KEYS[0], **COMMON, "amount": 5}
# One at its instant, updated later; one by itself; one of no type that there is.
DAMAGED: list[dict[str, Any]] = [
    {"_id": KEYS[1], **COMMON, "amount": "much", "updatedAt": LATER},
    {"_id": KEYS[2], **COMMON, "amount": "more", "date": LATER},
    {"_id": KEYS[3], **COMMON, "amount": 7, "type": "water", "date": LATER},
]
READING = reading_of(GOOD)
Use = Callable[[EnergyRepository], Any]


@pytest.fixture
def energies(migrated: Database[Any]) -> Database[Any]:
    set_mode(migrated, SyncMode.OLD_ONLY)
    migrated["energies"].insert_many([GOOD, *DAMAGED])
    return migrated


def run(database: Database[Any], use: Use) -> Any:
    return MongoTransactions(database, 20).run("anna", lambda transaction: use(transaction.readings))


@pytest.mark.parametrize(
    ("use", "wanted"),
    [
        (lambda readings: readings.get(READING.id), READING),
        (lambda readings: readings.highest(POWER), Decimal(5)),
        (lambda readings: readings.instants_between(POWER, T, T + 2 * 86_400_000), {T}),
        (lambda readings: readings.at(POWER, [T, T + 86_400_000]), [READING]),
        (lambda readings: readings.within(IdRange(READING.id, 4)), [READING]),
        (lambda readings: readings.by_ids([*map(str, KEYS)]), [READING]),
    ],
)
def test_no_look_meets_it(energies: Database[Any], use: Use, wanted: object) -> None:
    assert run(energies, use) == wanted


@pytest.mark.parametrize(
    "use",
    [
        lambda readings: readings.remove(READING, T),
        lambda readings: readings.remove_many([READING, *(replace(READING, id=str(key)) for key in KEYS[1:])], T),
        lambda readings: readings.replace(READING, replace(READING, instant=T + 9)),
    ],
)
def test_it_neither_goes_nor_changes_with_what_lies_beside_it(energies: Database[Any], use: Use) -> None:
    run(energies, use)
    left = [*energies["energies"].find(sort=[("_id", 1)])]
    assert [document for document in left if document["_id"] != KEYS[0]] == DAMAGED


@pytest.fixture
def twins(energies: Database[Any]) -> Database[Any]:
    """Of the damaged ones the first has a twin that cannot be read either."""
    set_mode(energies, SyncMode.DUAL_WRITE)
    energies["source_energy_readings"].insert_one({**DAMAGED[1], "revision": 1})
    return energies


def test_a_twin_that_cannot_be_read_either_is_no_good_copy(twins: Database[Any]) -> None:
    with pytest.raises(NotFoundError):
        run(twins, lambda readings: readings.get(str(KEYS[2])))
    unreadable = mongo_ports(twins, FakePublisher()).twins.unreadable("anna")
    assert (unreadable.count, {document.twin for document in unreadable.documents}) == (4, {""})


def test_nor_does_it_keep_its_instant(twins: Database[Any]) -> None:
    def add(readings: EnergyRepository) -> StoredReading:
        return readings.add(NewReading(POWER, T + 86_400_000, Decimal(6), "manual"), T)

    transactions = MongoTransactions(twins, 20)
    added = transactions._run("anna", lambda transaction: add(transaction.readings), None, release=True)
    [twin] = twins["source_energy_readings"].find()
    assert str(twin["_id"]) == added.id


def test_on_the_old_side_it_is_in_no_digest_and_no_difference(energies: Database[Any]) -> None:
    set_mode(energies, SyncMode.DUAL_WRITE)
    found = mongo_ports(energies, FakePublisher()).twins
    [(meter, digest)] = found.digests(Side.OLD, ["anna"]).items()
    energies["energies"].delete_many({"_id": {"$ne": KEYS[0]}})
    assert found.digests(Side.OLD, ["anna"]) == {meter: digest}
    energies["energies"].insert_many(DAMAGED)
    assert [finding.document for finding in found.differences(("anna", POWER))] == [str(KEYS[0])]


def test_a_list_of_an_amount_is_no_amount(energies: Database[Any]) -> None:
    amounts: list[Any] = [[Decimal(0)], [5], [Decimal(5)]]
    energies["energies"].insert_many([{**COMMON, "amount": amount} for amount in amounts])
    assert [document["_id"] for document in energies["energies"].find(READABLE)] == [KEYS[0]]
