"""Both sides of all users' readings, for system jobs: which meters there are, what differs, what the display shows."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from pymongo.client_session import ClientSession
from typing_extensions import override

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.meters.walks import Finding, Unreadable
from chalicelib.domain.migration.sync.mode_changes import ReadingKey
from chalicelib.domain.migration.sync.reconciliation import (
    UNNAMED,
    Reconciled,
    ReconciliationRepository,
    RepairRun,
    Selection,
)
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import MeterKey, kind_of
from chalicelib.repositories import quarantine, unreadable
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.difference import differ, keepable
from chalicelib.repositories.displayed_meters import METER, MongoDisplayedMeters
from chalicelib.repositories.documents import COLLECTION, READABLE, counted, meter_of, of_meter
from chalicelib.repositories.doubles import without_doubles
from chalicelib.repositories.reconcile import plan, reconcile
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.undecodable import sendable

BY_METER = [("userId", 1), ("type", 1), ("date", 1)]
SHOWN = ["date", "amount", "updatedAt"]
_AMOUNT = {"$convert": {"input": "$amount", "to": "decimal", "onError": None, "onNull": None}}
# The server's hash takes the whole part of a number only, so it gets millionths; the exact sum is beside it.
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


class MongoReconciliationRepository(MongoDisplayedMeters, ReconciliationRepository):
    """``ReconciliationRepository`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float, clock: Clock) -> None:
        super().__init__(database, timeout_seconds)
        self._energies = database[Collections.ENERGIES]
        self._clock = clock

    @override
    def owners(self, ids: Sequence[ReadingKey]) -> Mapping[MeterKey, Sequence[ReadingKey]]:
        """The meters of readings; one whose type was changed belongs to two."""
        owners: dict[MeterKey, set[ReadingKey]] = {}
        for collection in COLLECTION.values():
            with time_limit(self._timeout):
                known = {"$and": [{"_id": {"$in": list(ids)}}, {"_id": READABLE["_id"]}]}
                for document in self._database[collection].find(sendable(known), projection=METER | {"_id": 1}):
                    if meter := meter_of(document):
                        owners.setdefault(meter, set()).add(document["_id"])
        return {meter: tuple(keys) for meter, keys in owners.items()}

    @override
    def count_readings(self, side: Side) -> int:
        """Use the collection's own count."""
        return self._estimated(COLLECTION[side])

    @override
    def reconcile(
        self, meter: MeterKey, selection: Selection, run: RepairRun = UNNAMED, deletes: int = 0
    ) -> Reconciled:
        """One transaction; then the twins that stay are marked."""
        done = reconcile(self._database, *meter, selection, self._clock(), self._timeout, run, deletes)
        if done.kept:
            with time_limit(self._timeout):
                quarantine.quarantine_kept(self._database, run.source or self._authoritative(), done.kept)
        return done

    @override
    def plan(self, meter: MeterKey, run: RepairRun) -> Reconciled:
        """One transaction that ends without a write."""
        return plan(self._database, *meter, self._timeout, run)

    @override
    def prepare(self, side: Side) -> None:
        """A collection that was dropped comes back without its indexes, and every look at a meter would be a scan."""
        with time_limit(self._timeout):
            collection = self._database[COLLECTION[side]]
            if BY_METER not in [list(index["key"]) for index in collection.index_information().values()]:
                collection.create_index(BY_METER, unique=side is Side.NEW)

    @override
    def digests(self, side: Side, users: Collection[str]) -> Mapping[MeterKey, Hashable]:
        """Calculated by the server. Inherited doubles count here, and what is unreadable on the new side: their meters
        look different.
        """
        of_users: Document = {"userId": {"$in": list(users)}}
        pipeline = [{"$match": counted(of_users) if side is Side.OLD else of_users}, {"$group": _DIGEST}]
        with time_limit(self._timeout):
            found = list(self._database[COLLECTION[side]].aggregate(pipeline))
        return {
            meter: (group["count"], group["amounts"], group["hashes"])
            for group in found
            if (meter := meter_of(group["_id"]))
        }

    @override
    def differences(self, meter: MeterKey) -> list[Finding]:
        """Both sides at one snapshot: a write that happens meanwhile is no difference."""
        with time_limit(self._timeout), self._database.client.start_session(snapshot=True) as session:
            found, new = self._old(meter, session), self._new(meter, session)
            old = {item["_id"]: item for item in without_doubles(found)}
            kept = keepable(found, old, new, partial(quarantine.unreadable_among, self._energies, session=session))
            known = kept and quarantine.known_among(self._database, Side.OLD, [*kept], session)
        return [
            _kept(meter, key, new[key]) if key in kept else _finding(meter, key, old.get(key), new.get(key))
            for key in {**old, **new}
            if key not in known and _unequal(key, old, new)
        ]

    @override
    def unreadable(self, user_id: str | None = None) -> Unreadable:
        """Pass over both collections in small parts."""
        return unreadable.unreadable(self._database, user_id)

    @override
    def quarantine(self, ids: Sequence[ReadingKey] | None = None) -> None:
        """Let the server copy; what is in the quarantine already is only looked up."""
        if ids is None:
            quarantine.quarantine_all(self._database, self._authoritative())
        else:
            with time_limit(self._timeout):
                quarantine.quarantine(self._database, self._authoritative(), ids)

    def _authoritative(self) -> Side:
        with time_limit(READ_SECONDS):
            return sync_state(self._database).authoritative

    def _old(self, meter: MeterKey, session: ClientSession) -> list[Document]:
        readings = ScopedCollection(self._energies, meter[0], session)
        wanted = counted({"type": meter[1].value})
        return list(readings.find(wanted, projection=SHOWN, sort=[("date", 1)]))

    def _new(self, meter: MeterKey, session: ClientSession) -> dict[Any, Document]:
        """What cannot be read is a difference here: the old side says what it should be."""
        readings = ScopedCollection(self._database[Collections.READINGS], meter[0], session)
        wanted = of_meter({"type": meter[1].value})
        return {item["_id"]: item for item in readings.find(wanted, projection=SHOWN, sort=[("date", 1)])}


def _unequal(key: Any, old: Mapping[Any, Document], new: Mapping[Any, Document]) -> bool:
    return key not in old or key not in new or differ(old[key], new[key])


def _finding(meter: MeterKey, key: Any, old: Document | None, new: Document | None) -> Finding:
    user_id, energy_type = meter
    kind = _MISSING[old is None] if old is None or new is None else "readings differ"
    problem = f"{said(old)} in {Collections.ENERGIES}, {said(new)} in {Collections.READINGS}"
    return Finding(user_id, energy_type, Collections.READINGS.value, str(key), problem, kind)


_MISSING = {True: f"nothing in {Collections.ENERGIES}", False: f"nothing in {Collections.READINGS}"}


def _kept(meter: MeterKey, key: Any, twin: Document) -> Finding:
    problem = (
        f"damaged or hidden by a double in {Collections.ENERGIES} and not in the quarantine yet; its twin "
        f"({said(twin)}) stays"
    )
    return Finding(*meter, Collections.READINGS.value, str(key), problem)


def said(document: Document | None) -> str:
    """What a document says of date and amount; where a value is no such thing, what kind of value it is."""
    if document is None:
        return "nothing"
    date, amount = document.get("date"), document.get("amount")
    number = isinstance(amount, int | float | Decimal) and not isinstance(amount, bool)
    shown = str(amount) if number else f"the amount {kind_of(amount)}"
    return (
        f"{shown} at {date:%Y-%m-%dT%H:%M:%SZ}"
        if isinstance(date, datetime)
        else f"{shown} with the date {kind_of(date)}"
    )
