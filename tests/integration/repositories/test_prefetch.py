"""What a write has prefetched makes it shorter and nothing else: whatever is stored, it ends as without."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from bson import ObjectId
from bson.decimal128 import Decimal128
from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.ports.writing import Expected, Transactions, WriteTransaction
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.transactions import MongoTransactions
from chalicelib.services.recording.energy_crud import EnergyCrudService, ReadingCorrection, ReadingDraft
from infra.simulation.memory.publisher import FakePublisher

T = TypeVar("T")
POWER = EnergyType.POWER
START = datetime(2022, 10, 31, 23, tzinfo=UTC)  # midnight where most people are
NOW = to_ms(datetime(2023, 1, 1, tzinfo=UTC))
DAYS = 8
KINDS = ("both", "both", "both", "old", "new", "double", "damaged old", "damaged new", "moved twin", "gas twin", "none")


def midnight(day: int) -> datetime:
    return START + timedelta(days=day)


class WithoutPrefetch(Transactions):
    """Transactions that never learn in advance what their work is about."""

    def __init__(self, inner: Transactions) -> None:
        self._inner = inner

    def run(self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        assert expected is not None
        return self._inner.run(user_id, work)


class Household:
    """Somebody with readings in any state; two of the same seed differ in nothing but their ids."""

    def __init__(self, database: Database[Any], transactions: Transactions, seed: int) -> None:
        self.user, self.ids = uuid4().hex, list[ObjectId]()
        self._database = database
        self._energy = EnergyCrudService(transactions, FakePublisher(), lambda: NOW)
        self._ahead = timedelta(hours=14 if seed % 2 else 1)  # of UTC; what people write is their local time
        random = Random(seed)
        for day in range(DAYS):
            self._store(random.choice(KINDS), midnight(day), 100 + 8 * day)
        if seed % 2:
            database["user_settings"].insert_one({"_id": self.user, "userId": self.user, "zone": "Pacific/Kiritimati"})
        for meter in EnergyType:
            sound = {"userId": self.user, "type": meter, "sourceVersion": 1, "displayVersion": 1}
            database["meters"].insert_one({"_id": f"{self.user}|{meter}", **sound})

    def write(self, random: Random) -> Any:
        """Something that a person does; what came of it."""
        kind, place = random.choice(["create", "update", "move", "move", "delete"]), random.randrange(len(self.ids))
        day = random.choice([place, random.randrange(DAYS)])
        date = f"{random.choice([midnight(day), midnight(day) + timedelta(hours=12)]) + self._ahead:%Y-%m-%dT%H:%M}"
        amount, confirm = Decimal(random.choice([0, 120, 130, 99_000])), random.random() < 0.4
        key = str(self.ids[place])
        try:
            if kind == "create":
                self._energy.create(self.user, ReadingDraft(POWER, date, amount, confirm))
            elif kind == "update":
                self._energy.update(self.user, key, ReadingCorrection(None, amount, confirm))
            elif kind == "move":
                self._energy.update(self.user, key, ReadingCorrection(date, None, confirm))
            else:
                self._energy.delete(self.user, key)
        except EnergyMonitorError as error:
            return kind, place, type(error), str(error)
        return kind, place

    def stored(self) -> Any:
        """Everything of theirs, except what differs by itself."""
        left = {"_id": 0, "userId": 0, "createdAt": 0, "updatedAt": 0, "dirtySince": 0, "revision": 0}
        return {
            name: sorted(map(repr, self._database[name].find({"userId": self.user}, left)))
            for name in ("energies", "source_energy_readings", "meters")
        }

    def _store(self, kind: str, date: datetime, amount: int) -> None:
        key = ObjectId()
        self.ids.append(key)
        common = {"userId": self.user, "type": "power", "createdAt": START, "updatedAt": START}
        common |= {"date": date, "amount": Decimal128(Decimal(amount))}
        old, new = common, common | {"source": "manual", "importBatchId": None, "revision": 3}
        if kind == "damaged old":
            old = old | {"amount": "abc"}
        elif kind == "damaged new":
            new = new | {"amount": "abc"}
        elif kind == "moved twin":
            new = new | {"date": date + timedelta(hours=12)}
        elif kind == "gas twin":
            new = new | {"type": "gas"}
        if kind not in ("new", "none"):
            self._database["energies"].insert_one({"_id": key, **old})
        if kind not in ("old", "none"):
            self._database["source_energy_readings"].insert_one({"_id": key, **new})
        if kind == "double":
            double = {
                "amount": Decimal128(Decimal(amount + 5_000)),
                "updatedAt": START + timedelta(days=1 if amount // 8 % 2 else -1),
            }
            self.ids.append(self._database["energies"].insert_one({**common, **double}).inserted_id)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("mode", SyncMode)
def test_every_write_ends_as_if_nothing_had_been_prefetched(migrated: Database[Any], mode: SyncMode, seed: int) -> None:
    every_write_ends_alike(migrated, sync_document(mode, NOW), seed)


@pytest.mark.parametrize("seed", range(8))
def test_so_it_does_while_the_old_side_catches_up(migrated: Database[Any], seed: int) -> None:
    every_write_ends_alike(migrated, sync_document(SyncMode.DUAL_WRITE, NOW, Side.NEW), seed)


def every_write_ends_alike(migrated: Database[Any], mode: dict[str, Any], seed: int) -> None:
    migrated["control"].replace_one({"_id": "sync_mode"}, mode, upsert=True)
    household = Household(migrated, MongoTransactions(migrated, 20), seed)
    other = Household(migrated, WithoutPrefetch(MongoTransactions(migrated, 20)), seed)
    for step in range(10):
        assert household.write(Random(f"{seed} {step}")) == other.write(Random(f"{seed} {step}"))
        assert household.stored() == other.stored()


@pytest.mark.parametrize("mode", SyncMode)
def test_a_reading_that_moves_back_is_not_what_comes_after_it(migrated: Database[Any], mode: SyncMode) -> None:
    migrated["control"].replace_one({"_id": "sync_mode"}, sync_document(mode, NOW), upsert=True)
    energy = EnergyCrudService(MongoTransactions(migrated, 20), FakePublisher(), now)
    energy.create("anna", ReadingDraft(POWER, "2022-01-01", Decimal(100)))
    moved = energy.create("anna", ReadingDraft(POWER, "2022-01-09", Decimal(140))).reading
    after = energy.update("anna", moved.id, ReadingCorrection("2022-01-08", Decimal(145))).reading
    assert after.amount == 145, "nobody is asked why the register falls to what it showed there before"


def test_a_clean_meter_that_was_read_beforehand_lags_since_this_write(migrated: Database[Any]) -> None:
    transactions = MongoTransactions(migrated, 20)
    energy = EnergyCrudService(transactions, FakePublisher(), now)
    energy.create("anna", ReadingDraft(POWER, "2024-01-01", Decimal(1)))
    meters = migrated["meters"]
    dirty = ["dirtyFrom", "dirtyTo", "dirtySince"]
    meters.update_one({}, [{"$set": {"displayVersion": "$sourceVersion"}}, {"$unset": dirty}])
    before = datetime.now(UTC)
    energy.create("anna", ReadingDraft(POWER, "2024-01-02", Decimal(2)))
    [meter] = meters.find()
    assert before - timedelta(seconds=5) <= meter["dirtySince"] <= datetime.now(UTC)
