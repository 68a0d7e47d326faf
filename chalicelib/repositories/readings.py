"""The readings of one user inside one transaction, on every side that the sync mode names.

Reads inside the transaction go to the authoritative side, so that in ``dual_write`` a reading that has no twin yet is
found all the same; its twin is written with the first change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import repeat
from typing import Any

from chalicelib.domain.errors import DuplicateReadingError
from chalicelib.domain.ports import NewReading, StoredReading
from chalicelib.domain.readings import EnergyType, Reading, to_datetime, to_ms
from chalicelib.domain.rollout.decision import Backend
from chalicelib.domain.sync.modes import Side, SyncState
from chalicelib.repositories.database import Document
from chalicelib.repositories.documents import (
    POINT,
    counted,
    document_of,
    id_of,
    new_document,
    new_ids,
    new_reading,
    point_of,
    reading_of,
    with_origin,
)
from chalicelib.repositories.doubles import document_that_counts, last_updated
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.scoped import ScopedCollection

OF_TWIN = {"_id": 0, "revision": 1, "source": 1, "importBatchId": 1}
TYPES = [energy_type.value for energy_type in EnergyType]
PLACE = {"_id": 0, "type": 1, "date": 1}


class MongoEnergyRepository:
    """Implements ``EnergyRepository`` on the scoped collections of both sides."""

    def __init__(
        self,
        sides: Mapping[Side, ScopedCollection],
        sync: SyncState,
        meters: MongoMeterRepository,
        *,
        release: bool = False,
    ) -> None:
        self._meters = meters
        self._written = {side: sides[side] for side in sync.writes}
        self._side = sync.authoritative
        self._read = sides[self._side]
        self._revisions_count = sync.reads(Backend.NEW) is Side.NEW
        self._release_taken = release and self._side is Side.OLD and Side.NEW in self._written

    def add(self, reading: NewReading, now: int) -> StoredReading:
        """Insert one reading on each side."""
        self._refuse_taken(reading.type, reading.instant)
        self._release(reading.type, [to_datetime(reading.instant)])
        stored = self._revised(new_reading(reading, now))
        for side, collection in self._written.items():
            collection.insert_one(document_of(stored, side))
        return stored

    def add_many(self, readings: Sequence[NewReading], now: int) -> None:
        """Insert readings in one command per side; the caller has left out the instants that are taken."""
        moment = to_datetime(now)
        documents = [*map(new_document, new_ids(len(readings)), readings, repeat(moment))]
        for energy_type in {reading.type for reading in readings}:
            self._release(energy_type, [item["date"] for item in documents if item["type"] == energy_type.value])
        both = {Side.OLD: documents, Side.NEW: map(with_origin, documents, readings)}
        for side, collection in self._written.items():
            collection.insert_many(both[side])

    def get(self, reading_id: str) -> StoredReading:
        """One reading, with what only its twin knows where it has one."""
        document = document_that_counts(self._read, self._side, reading_id)
        if self._side is Side.NEW or not self._revisions_count:
            return reading_of(document)
        twin = self._written[Side.NEW].find_one({"_id": document["_id"]}, projection=OF_TWIN)
        return reading_of(document | (twin or {}))

    def replace(self, before: StoredReading, after: StoredReading) -> StoredReading:
        """Write a reading's new state on each side, its twin anew where it was missing."""
        if before.instant != after.instant:
            self._refuse_taken(after.type, after.instant)
        self._release(after.type, [to_datetime(after.instant)])
        after = self._revised(after)
        for side, collection in self._written.items():
            if side is Side.OLD:
                self._change_old(collection, before, after)
            else:
                document = document_of(after, side)
                same = {"_id": document["_id"]}
                twin = collection.find_one_and_replace(same, document, projection=PLACE, upsert=True)
                self._mark_where_it_was(twin, before, after.updated_at)
        return after

    def remove(self, reading: StoredReading, now: int) -> None:
        """Delete a reading on each side; on the old one with its doubles, or one of them would come back."""
        for side, collection in self._written.items():
            if side is Side.OLD:
                collection.delete_many({"type": reading.type.value, "date": to_datetime(reading.instant)})
            else:
                twin = collection.find_one_and_delete({"_id": id_of(reading.id)}, projection=PLACE)
                self._mark_where_it_was(twin, reading, now)

    def neighbours(
        self, energy_type: EnergyType, instant: int, but: str | None = None
    ) -> tuple[Reading | None, Reading | None]:
        """The reading before and the reading after an instant, both by index."""
        return (
            self._nearest(energy_type, {"$lt": to_datetime(instant)}, -1, but),
            self._nearest(energy_type, {"$gt": to_datetime(instant)}, 1, but),
        )

    def instants_between(self, energy_type: EnergyType, first: int, last: int) -> set[int]:
        """Instants that carry a reading, read from the index alone on the new side."""
        between = {"type": energy_type.value, "date": {"$gte": to_datetime(first), "$lte": to_datetime(last)}}
        documents = self._read.find(counted(self._side, between), projection={"_id": 0, "date": 1})
        return {to_ms(document["date"]) for document in documents}

    def _nearest(self, energy_type: EnergyType, date: Document, direction: int, but: str | None) -> Reading | None:
        nearest = self._edge(energy_type, date, direction, but)
        if nearest is None:
            return None
        there = counted(self._side, self._at(energy_type, to_datetime(nearest), but))
        return point_of(last_updated(list(self._read.find(there, projection={**POINT, "updatedAt": 1}))))

    def _edge(self, energy_type: EnergyType, date: Document | None, direction: int, but: str | None) -> int | None:
        document = self._read.find_one(
            counted(self._side, self._at(energy_type, date, but)),
            projection={"_id": 0, "date": 1},
            sort=[("date", direction)],
        )
        return None if document is None else to_ms(document["date"])

    def _at(self, energy_type: EnergyType, date: Any, but: str | None) -> Document:
        conditions: Document = {"type": energy_type.value}
        if date is not None:
            conditions["date"] = date
        if but is not None:
            conditions["_id"] = {"$ne": id_of(but)}
        return conditions

    def _change_old(self, collection: ScopedCollection, before: StoredReading, after: StoredReading) -> None:
        """Keep what else an inherited document says; doubles at the old instant would come back, so they go."""
        document = document_of(after, Side.OLD)
        changed = {field: document[field] for field in ("date", "amount", "updatedAt")}
        collection.update_one({"_id": document["_id"]}, {"$set": changed})
        if before.instant != after.instant:
            collection.delete_many(self._at(before.type, to_datetime(before.instant), after.id))

    def _mark_where_it_was(self, twin: Document | None, known: StoredReading, now: int) -> None:
        """Another application may have moved the old document: its twin is displayed where that was before."""
        place = _place_of(twin or {})
        if place and place != (known.type, known.instant):
            energy_type, instant = place
            self._meters.mark_changed(energy_type, instant, instant, now)

    def _revised(self, reading: StoredReading) -> StoredReading:
        """The old side keeps no revision: where nothing else is read, a reading's last update stands for it."""
        return reading if self._revisions_count else replace(reading, revision=reading.updated_at)

    def _release(self, energy_type: EnergyType, dates: Sequence[datetime]) -> None:
        """Take away twins of readings that are gone from the old side: their instants are free."""
        if not self._release_taken:
            return
        there: Document = {"type": energy_type.value, "date": {"$in": list(dates)}}
        taken = [item["date"] for item in self._read.find(counted(Side.OLD, there), projection={"date": 1})]
        free = [date for date in dates if date not in taken]
        self._written[Side.NEW].delete_many(there | {"date": {"$in": free}})

    def _refuse_taken(self, energy_type: EnergyType, instant: int) -> None:
        """The old side has no unique index. Its meter serialises writers, so what is not there cannot come between."""
        there = counted(self._side, self._at(energy_type, to_datetime(instant), None))
        if self._side is Side.OLD and self._read.find_one(there, projection={"_id": 1}):
            raise DuplicateReadingError("a reading of this type at this instant is already stored")


def _place_of(document: Document) -> tuple[EnergyType, int] | None:
    """The meter and the instant that a document stands at; None where it was damaged and stands nowhere."""
    energy_type, date = document.get("type"), document.get("date")
    if energy_type not in TYPES or not isinstance(date, datetime):
        return None
    return EnergyType(energy_type), to_ms(date)
