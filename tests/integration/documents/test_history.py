"""Many readings at once: how they are asked for, and when the compact series is not believed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.ports.values import Change
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType, Reading
from chalicelib.repositories.history import KeptReadings, points_between, points_of
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.transactions import MongoTransactions
from tests.integration.documents.conftest import Sent

POWER = EnergyType.POWER
FIRST, START, DAY = datetime(2023, 1, 1, tzinfo=UTC), 1_672_531_200_000, 86_400_000
SIDES = {Side.OLD: "energies", Side.NEW: "source_energy_readings"}


def fill(database: Database[Any], name: str, days: int) -> None:
    database[name].insert_many(
        {
            "_id": f"day {day}",
            "userId": "anna",
            "type": "power",
            "date": FIRST + timedelta(days=day),
            "amount": Decimal(day),
        }
        for day in range(days)
    )


@pytest.mark.parametrize("side", Side)
def test_readings_come_in_one_batch_in_their_order(seen: Database[Any], sent: Sent, side: Side) -> None:
    fill(seen, SIDES[side], 150)
    sent.commands.clear()
    found = points_of(ScopedCollection(seen[SIDES[side]], "anna"), side, {"type": "power"})
    assert [*found] == [Reading(START + day * DAY, Decimal(day)) for day in range(150)]
    [command] = sent.commands
    assert (command["batchSize"], command["sort"]) == (10_000, {"date": 1})
    of_doubles = {"updatedAt": 1} if side is Side.OLD else {"_id": 0}
    assert command["projection"] == {"date": 1, "amount": 1, **of_doubles}


def test_on_the_new_side_the_first_ones_alone_can_be_asked_for(migrated: Database[Any]) -> None:
    fill(migrated, "source_energy_readings", 5)
    readings = ScopedCollection(migrated["source_energy_readings"], "anna")
    found = points_between(readings, POWER, (START + DAY, START + 3 * DAY))
    assert [point.instant for point in found] == [START + day * DAY for day in (1, 2, 3)]
    found = points_between(readings, POWER, (START + DAY, START + 3 * DAY), 2)
    assert [point.instant for point in found] == [START + day * DAY for day in (1, 2)]
    assert len(points_between(readings, EnergyType.GAS, (START, START + 3 * DAY))) == 0


SOUND = {"_id": "anna|power", "userId": "anna", "type": "power", "sourceVersion": 2, "displayVersion": 2}


@pytest.mark.parametrize(
    "meter",
    [None, SOUND, SOUND | {"packing": {}}, SOUND | {"displayVersion": 3}, SOUND | {"series": {"version": 2}}],
)
@pytest.mark.parametrize("mode", [SyncMode.OLD_ONLY, SyncMode.NEW_ONLY])
def test_where_no_series_is_kept_none_is_believed(
    migrated: Database[Any], meter: dict[str, Any] | None, mode: SyncMode
) -> None:
    if meter:
        migrated["meters"].insert_one(meter)
    series = ScopedCollection(migrated["meter_series"], "anna")
    kept = KeptReadings(series, MongoMeterRepository(migrated, "anna", None), SyncState(mode))
    assert kept.between(POWER, START, START + DAY) is None


def test_a_write_asks_for_no_more_of_a_document_than_it_looks_at(seen: Database[Any], sent: Sent) -> None:
    mode = {"_id": "sync_mode", "mode": "dual_write", "since": datetime(1970, 1, 1, tzinfo=UTC)}
    seen["control"].replace_one({"_id": "sync_mode"}, mode, upsert=True)
    for name in SIDES.values():
        fill(seen, name, 2)
    seen["energies"].insert_one({"userId": "anna", "type": "power", "date": FIRST, "amount": 1})
    sent.commands.clear()

    def work(transaction: WriteTransaction) -> None:
        readings = transaction.readings
        readings.neighbours(POWER, START + DAY)
        readings.instants_between(POWER, START, START + DAY)
        changes = [Change(reading, reading) for reading in readings.by_ids(["day 0", "day 1"])]
        readings.replace_many(changes, START)
        readings.replace(*changes[0])
        readings.remove(changes[0].after, START)

    MongoTransactions(seen, 20).run("anna", work)
    point, origin = ["amount", "date", "updatedAt"], ["importBatchId", "revision", "source"]
    asked = [(each["find"], sorted(each.get("projection", {})), each.get("limit")) for each in sent.of("find")]
    assert [each for each in asked if each[0] in SIDES.values()] == [
        ("energies", point, 2),
        ("energies", point, None),
        ("energies", point, 2),
        ("energies", ["_id", "date"], None),  # dates alone, as the index holds them
        ("energies", ["date", "type"], None),
        ("energies", [], None),
        ("source_energy_readings", origin, None),
        ("source_energy_readings", ["date", "type"], None),
    ]
    fields = [(each["findAndModify"], sorted(each.get("fields", {}))) for each in sent.of("findAndModify")]
    twins = [said for said in fields if said[0] == "source_energy_readings"]
    assert twins == [("source_energy_readings", ["date", "type"])] * 2
