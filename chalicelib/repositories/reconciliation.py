"""Both sides of all users' readings, for system jobs: which meters there are, what differs, what the display shows."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from typing import Any

from pymongo.client_session import ClientSession

from chalicelib.domain.ports import Clock, DisplayDocument
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync.modes import Side
from chalicelib.domain.sync.reconciliation import (
    UNNAMED,
    Finding,
    MeterKey,
    ReadingKey,
    Reconciled,
    RepairRun,
    Selection,
)
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.display import view_of
from chalicelib.repositories.documents import COLLECTION, counted
from chalicelib.repositories.doubles import without_doubles
from chalicelib.repositories.reconcile import differ, meter_of, plan, reconcile
from chalicelib.repositories.scoped import ScopedCollection

BY_METER = [("userId", 1), ("type", 1), ("date", 1)]
TYPES = [energy_type.value for energy_type in EnergyType]
METER = {"_id": 0, "userId": 1, "type": 1}
SHOWN = {"date": 1, "amount": 1, "updatedAt": 1}
_AMOUNT = {"$convert": {"input": "$amount", "to": "decimal", "onError": None, "onNull": None}}
# The server's hash takes the whole part of a number only, so it gets millionths; the exact sum stands beside it.
_MILLIONTHS = {
    "$convert": {
        "input": {"$round": [{"$multiply": [_AMOUNT, 1_000_000]}, 0]},
        "to": "long",
        "onError": None,
        "onNull": None,
    }
}
_HASH = {"$toHashedIndexKey": {"id": "$_id", "date": "$date", "amount": _MILLIONTHS}}
_DIGEST: Document = {
    "_id": {"userId": "$userId", "type": "$type"},
    "count": {"$sum": 1},
    "amounts": {"$sum": _AMOUNT},
    "hashes": {"$sum": {"$toDecimal": _HASH}},  # whole numbers, so the sum is exact in any order
}


class MongoReconciliationRepository:
    """Implements ``ReconciliationRepository``."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float, clock: Clock) -> None:
        self._database = database
        self._timeout = timeout_seconds
        self._clock = clock

    def meters(self, after: MeterKey | None = None) -> Iterator[MeterKey]:
        """Meters in order, from one to the next by the index: memory stays flat however many there are."""
        collections = (*COLLECTION.values(), Collections.DISPLAY)
        return (meter for meter, _ in groupby(merge(*(self._in(collection, after) for collection in collections))))

    def owners(self, ids: Sequence[ReadingKey]) -> Mapping[MeterKey, Sequence[ReadingKey]]:
        """The meters of readings; one whose type was changed belongs to two."""
        owners: dict[MeterKey, set[ReadingKey]] = {}
        for collection in COLLECTION.values():
            with time_limit(self._timeout):
                for document in self._database[collection].find(
                    {"_id": {"$in": list(ids)}}, projection=METER | {"_id": 1}
                ):
                    if meter := meter_of(document):
                        owners.setdefault(meter, set()).add(document["_id"])
        return {meter: tuple(keys) for meter, keys in owners.items()}

    def count_meters(self) -> int:
        """By the collection's own count."""
        return self._estimated(Collections.METERS)

    def count_readings(self, side: Side) -> int:
        """By the collection's own count."""
        return self._estimated(COLLECTION[side])

    def reconcile(
        self, meter: MeterKey, selection: Selection, run: RepairRun = UNNAMED, deletes: int = 0
    ) -> Reconciled:
        """One transaction."""
        return reconcile(self._database, *meter, selection, self._clock(), self._timeout, run, deletes)

    def plan(self, meter: MeterKey, run: RepairRun) -> Reconciled:
        """One transaction that ends without a write."""
        return plan(self._database, *meter, self._timeout, run)

    def prepare(self, side: Side) -> None:
        """A collection that was dropped comes back without its indexes, and every look at a meter would be a scan."""
        with time_limit(self._timeout):
            collection = self._database[COLLECTION[side]]
            if BY_METER not in [list(index["key"]) for index in collection.index_information().values()]:
                collection.create_index(BY_METER, unique=side is Side.NEW)

    def digests(self, side: Side, users: Collection[str]) -> Mapping[MeterKey, Hashable]:
        """Calculated by the server. Inherited doubles count here, so their meters look different."""
        pipeline = [{"$match": counted(side, {"userId": {"$in": list(users)}})}, {"$group": _DIGEST}]
        with time_limit(self._timeout):
            found = list(self._database[COLLECTION[side]].aggregate(pipeline))
        return {
            meter: (group["count"], group["amounts"], group["hashes"])
            for group in found
            if (meter := meter_of(group["_id"]))
        }

    def differences(self, meter: MeterKey) -> list[Finding]:
        """Both sides at one snapshot: a write that happens meanwhile is no difference."""
        with time_limit(self._timeout), self._database.client.start_session(snapshot=True) as session:
            old, new = (self._readings(meter, side, session) for side in Side)
        return [_finding(meter, key, old.get(key), new.get(key)) for key in {**old, **new} if _unequal(key, old, new)]

    def displayed(self, meter: MeterKey) -> list[DisplayDocument]:
        """By the index on meter, kind and year."""
        user_id, energy_type = meter
        display = ScopedCollection(self._database[Collections.DISPLAY], user_id)
        with time_limit(READ_SECONDS):
            return [view_of(document) for document in display.find({"type": energy_type.value})]

    def _estimated(self, collection: Collections) -> int:
        with time_limit(self._timeout):
            return self._database[collection].estimated_document_count()

    def _in(self, collection: Collections, meter: MeterKey | None) -> Iterator[MeterKey]:
        while meter := self._next(collection, meter):
            yield meter

    def _next(self, collection: Collections, after: MeterKey | None) -> MeterKey | None:
        user_id, energy_type = after or ("", "")
        same_user = {"userId": user_id, "type": {"$in": [kind for kind in TYPES if kind > energy_type]}}
        behind = {"$or": [same_user, {"userId": {"$gt": user_id}, "type": {"$in": TYPES}}]}
        with time_limit(self._timeout):
            found = self._database[collection].find_one(behind, projection=METER, sort=[("userId", 1), ("type", 1)])
        return None if found is None else meter_of(found)

    def _readings(self, meter: MeterKey, side: Side, session: ClientSession) -> dict[Any, Document]:
        user_id, energy_type = meter
        readings = ScopedCollection(self._database[COLLECTION[side]], user_id, session)
        wanted = counted(side, {"type": energy_type.value})
        found = list(readings.find(wanted, projection=SHOWN, sort=[("date", 1)]))
        return {item["_id"]: item for item in (without_doubles(found) if side is Side.OLD else found)}


def _unequal(key: Any, old: Mapping[Any, Document], new: Mapping[Any, Document]) -> bool:
    return key not in old or key not in new or differ(old[key], new[key])


def _finding(meter: MeterKey, key: Any, old: Document | None, new: Document | None) -> Finding:
    user_id, energy_type = meter
    kind = _MISSING[old is None] if old is None or new is None else "readings differ"
    problem = f"{_said(old)} in {Collections.ENERGIES}, {_said(new)} in {Collections.READINGS}"
    return Finding(user_id, energy_type, Collections.READINGS.value, str(key), problem, kind)


_MISSING = {True: f"nothing in {Collections.ENERGIES}", False: f"nothing in {Collections.READINGS}"}


def _said(document: Document | None) -> str:
    return "nothing" if document is None else f"{document.get('amount')} at {document['date']:%Y-%m-%dT%H:%M:%SZ}"
