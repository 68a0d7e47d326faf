"""Of inherited doubles beside a new reading the one updated last counts, however many there are."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import mongo_ports
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.readings import DAY_MS, EnergyType, Reading, to_ms
from chalicelib.repositories.control import sync_document
from infra.simulation.memory.publisher import FakePublisher

POWER = EnergyType.POWER
DAY = datetime(2023, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("doubles", [1, 2, 3])
def test_the_double_that_was_updated_last_is_the_neighbour(migrated: Database[Any], doubles: int) -> None:
    old_only = sync_document(SyncMode.OLD_ONLY, to_ms(DAY))
    migrated["control"].replace_one({"_id": "sync_mode"}, old_only, upsert=True)
    user = f"doubles-{doubles}"
    for date in (DAY, DAY + timedelta(days=2)):
        document = {"userId": user, "type": "power", "date": date, "createdAt": DAY}
        for number in range(doubles):
            double = {"amount": 100 + number, "updatedAt": DAY - timedelta(hours=number)}
            migrated["energies"].insert_one({**document, **double})
    transactions = mongo_ports(migrated, FakePublisher()).transactions
    between = to_ms(DAY) + DAY_MS
    found = transactions.run(user, lambda transaction: transaction.readings.neighbours(POWER, between))
    assert found == (Reading(to_ms(DAY), Decimal(100)), Reading(to_ms(DAY) + 2 * DAY_MS, Decimal(100)))


def test_a_double_that_cannot_be_read_is_no_neighbour(migrated: Database[Any]) -> None:
    old_only = sync_document(SyncMode.OLD_ONLY, to_ms(DAY))
    migrated["control"].replace_one({"_id": "sync_mode"}, old_only, upsert=True)
    for amount, hours in ((100, 0), (101, 1), ("much", 2)):
        document = {"userId": "anna", "type": "power", "date": DAY, "createdAt": DAY}
        migrated["energies"].insert_one({**document, "amount": amount, "updatedAt": DAY + timedelta(hours=hours)})
    transactions = mongo_ports(migrated, FakePublisher()).transactions
    found = transactions.run("anna", lambda transaction: transaction.readings.neighbours(POWER, to_ms(DAY) + 1))
    assert found == (Reading(to_ms(DAY), Decimal(101)), None)
