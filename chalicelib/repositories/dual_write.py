"""The readings of one user inside one transaction, on every side that the sync mode names.

Reads inside the transaction go to the authoritative side, so that in ``dual_write`` a reading that has no twin yet is
found all the same; its twin is written with the first change. Where somebody has damaged the authoritative document,
its twin is the last good copy: no write changes it or takes its instant.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from typing_extensions import override

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import ConflictError, DuplicateReadingError, NotFoundError
from chalicelib.domain.ports.values import NewReading, StoredReading
from chalicelib.domain.ports.writing import EnergyRepository
from chalicelib.domain.readings import EnergyType, Reading, to_datetime, to_ms
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories.database import Document
from chalicelib.repositories.documents import (
    amount_of,
    counted,
    document_of,
    id_of,
    new_reading,
    point_of,
    reading_of,
)
from chalicelib.repositories.doubles import document_that_counts, last_updated
from chalicelib.repositories.dual_write_many import DAMAGED, ORIGIN, PLACE, ManyReadings
from chalicelib.repositories.history import POINT, points_of
from chalicelib.repositories.prefetch import Where
from chalicelib.repositories.scoped import ScopedCollection


class MongoEnergyRepository(ManyReadings, EnergyRepository):
    """``EnergyRepository`` on MongoDB on the scoped collections of both sides."""

    @override
    def add(self, reading: NewReading, now: int) -> StoredReading:
        self._refuse_taken(reading.type, reading.instant)
        self._release(reading.type, [to_datetime(reading.instant)])
        stored = self._revised(new_reading(reading, now))
        for side, collection in self._written.items():
            collection.insert_many([document_of(stored, side)])
        return stored

    @override
    def get(self, reading_id: str) -> StoredReading:
        """One reading, with what only its twin knows where it has one. Raises ConflictError where it is damaged."""
        document = self._prefetched.reading(reading_id) or self._that_counts(reading_id)
        if self._side is Side.NEW or not self._revisions_count:
            return reading_of(document)
        return reading_of(document | self._of_twin(document["_id"]))

    @override
    def replace(self, before: StoredReading, after: StoredReading) -> StoredReading:
        """Write a reading's new state on each side; a missing twin is inserted."""
        if before.instant != after.instant:
            self._refuse_taken(after.type, after.instant)
        self._release(after.type, [to_datetime(after.instant)])
        after = self._revised(after)
        for side, collection in self._written.items():
            if side is Side.OLD:
                self._change_old(collection, before, after)
            else:
                twin = self._replace_new(collection, before, document_of(after, side))
                self._mark_where_it_was(twin, before, after.updated_at)
        return after

    @override
    def remove(self, reading: StoredReading, now: int) -> None:
        """Delete a reading on each side; on the old one with its doubles, or one of them would come back."""
        for side, collection in self._written.items():
            if side is Side.OLD:
                self._remove_old(collection, reading)
            else:
                self._mark_where_it_was(self._remove_new(collection, reading), reading, now)

    @override
    def neighbours(
        self, energy_type: EnergyType, instant: int, but: str | None = None
    ) -> tuple[Reading | None, Reading | None]:
        return (
            self._next(energy_type, instant, "before", but),
            self._next(energy_type, instant, "after", but),
        )

    @override
    def between(self, energy_type: EnergyType, first: int, last: int, but: str | None = None) -> CompactReadings:
        """What was displayed, and in the dirty range what is stored now."""
        kept = self._kept.between(energy_type, first, last)
        if kept is None:
            return self._stored(energy_type, first, last, but)
        first, last = max(first, kept.dirty_from), min(last, kept.dirty_to)
        if first > last:
            return kept.readings
        return kept.readings.with_range(first, last, self._stored(energy_type, first, last, but))

    @override
    def stored_between(self, energy_type: EnergyType, first: int, last: int) -> CompactReadings:
        return self._stored(energy_type, first, last, None)

    @override
    def highest(self, energy_type: EnergyType) -> Decimal:
        """The highest amount of a meter; all of its readings are looked at, which a change of modulus does anyway."""
        highest = {"$group": {"_id": None, "amount": {"$max": "$amount"}}}
        found = list(self._read.aggregate([{"$match": counted({"type": energy_type.value})}, highest]))
        return amount_of(found[0]["amount"]) if found else Decimal(0)

    @override
    def instants_between(self, energy_type: EnergyType, first: int, last: int) -> set[int]:
        """Instants that carry a reading. On the new side each can be taken once, readable or not: the index decides."""
        between = {"type": energy_type.value, "date": {"$gte": to_datetime(first), "$lte": to_datetime(last)}}
        wanted = between if self._side is Side.NEW else counted(between)
        found = (document["date"] for document in self._read.find(wanted, projection={"_id": False, "date": True}))
        dates = {date for date in found if isinstance(date, datetime)}
        kept = self._of_damaged(between, dates) if self._release_taken else []
        return {to_ms(date) for date in (*dates, *kept)}

    def _stored(self, energy_type: EnergyType, first: int, last: int, but: str | None) -> CompactReadings:
        date = {"$gte": to_datetime(first), "$lte": to_datetime(last)}
        return points_of(self._read, self._side, self._at(energy_type, date, but))

    def _that_counts(self, reading_id: str) -> Document:
        try:
            return document_that_counts(self._read, self._side, reading_id)
        except NotFoundError:
            self._refuse_damaged(reading_id)
            raise

    def _of_twin(self, key: Any) -> Document:
        """What only the new side knows of a reading."""
        known = self._prefetched.twin
        if known and known[0]["_id"] == key:
            return {name: known[0][name] for name in ORIGIN if name in known[0]}
        return self._written[Side.NEW].find_one({"_id": key}, projection=ORIGIN) or {}

    def _next(self, energy_type: EnergyType, instant: int, where: Where, but: str | None) -> Reading | None:
        """The next reading before or behind an instant, as it was before this transaction's own writes.

        What was prefetched leaves out the reading that is written.
        """
        known = self._prefetched.nearest(energy_type, instant, where)
        if known is not None:
            return known[0] if known else None
        relation, direction = ("$lt", -1) if where == "before" else ("$gt", 1)
        return self._nearest(energy_type, {relation: to_datetime(instant)}, direction, but)

    def _nearest(self, energy_type: EnergyType, date: Document, direction: int, but: str | None) -> Reading | None:
        """One command, and a second one only where there are doubles."""
        order = [("date", direction)]
        near = list(self._read.find(counted(self._at(energy_type, date, but)), projection=POINT, sort=order, limit=2))
        match near:
            case [{"date": one}, {"date": other}] if one == other:
                there = counted(self._at(energy_type, one, but))
                return point_of(last_updated(list(self._read.find(there, projection=POINT))))
            case [nearest, *_]:
                return point_of(nearest)
        return None

    def _change_old(self, collection: ScopedCollection, before: StoredReading, after: StoredReading) -> None:
        """Keep what else an inherited document says; doubles at the old instant would come back, so they go."""
        document = document_of(after, Side.OLD)
        changed = {field: document[field] for field in ("date", "amount", "updatedAt")}
        collection.update_one({"_id": document["_id"]}, {"$set": changed})
        if before.instant != after.instant and not self._is_known(before):
            collection.delete_many(counted(self._at(before.type, to_datetime(before.instant), after.id)))

    def _replace_new(self, collection: ScopedCollection, before: StoredReading, document: Document) -> Document | None:
        """Replace what the new side has of a reading, or insert it; returns the twin that was there."""
        same, twins = {"_id": document["_id"]}, self._known_twins(before)
        if twins is None:
            return collection.find_one_and_replace(same, document, projection=PLACE, upsert=True)
        collection.replace_one(same, document, upsert=True)
        return next(iter(twins), None)

    def _remove_new(self, collection: ScopedCollection, reading: StoredReading) -> Document | None:
        same, twins = {"_id": id_of(reading.id)}, self._known_twins(reading)
        if twins is None:
            return collection.find_one_and_delete(same, projection=PLACE)
        collection.delete_one(same)
        return next(iter(twins), None)

    def _remove_old(self, collection: ScopedCollection, reading: StoredReading) -> None:
        if self._is_known(reading):
            collection.delete_one({"_id": id_of(reading.id)})
        else:
            collection.delete_many(counted(self._at(reading.type, to_datetime(reading.instant), None)))

    def _known_twins(self, reading: StoredReading) -> Sequence[Document] | None:
        """What the new side has of a reading of the old one, where it was looked up; None: it was not.

        A reading of the new side has none: it was read itself. A command that need not answer with what it replaces or
        deletes takes the server two thirds of the time.
        """
        if self._side is Side.NEW:
            return ()
        return self._prefetched.twin if self._is_known(reading) else None

    def _is_known(self, reading: StoredReading) -> bool:
        """Whether a reading of the old side was looked up; then nothing else is at its instant there."""
        return self._side is Side.OLD and self._prefetched.reading(reading.id) is not None

    def _refuse_damaged(self, reading_id: str) -> None:
        key = id_of(reading_id)
        others = [collection for side, collection in self._written.items() if side is not self._side]
        has_twin = any(collection.find_one(counted({"_id": key})) for collection in others)
        if has_twin and self._unreadable_among([key]):
            raise ConflictError(DAMAGED)

    def _refuse_taken(self, energy_type: EnergyType, instant: int) -> None:
        """Raise DuplicateReadingError where an instant is taken.

        The old side has no unique index; writers of a meter wait for each other.
        """
        if self._side is Side.OLD and self._is_taken(energy_type, instant):
            raise DuplicateReadingError("a reading of this type at this instant is already stored")

    def _is_taken(self, energy_type: EnergyType, instant: int) -> bool:
        known = self._prefetched.taken(energy_type, instant)
        if known is not None:
            return known
        there = counted(self._at(energy_type, to_datetime(instant), None))
        return self._read.find_one(there) is not None
