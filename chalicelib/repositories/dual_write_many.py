"""Many readings of one user at once, inside one transaction, on every side that the sync mode names.

What single writes need as well lives here too: ``dual_write`` builds on it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from bson import ObjectId
from pymongo import ReplaceOne

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.errors import DuplicateReadingError
from chalicelib.domain.meters.import_record import IdRange
from chalicelib.domain.ports.values import Change, NewReading, StoredReading
from chalicelib.domain.readings import EnergyType, is_kept, to_datetime, to_ms
from chalicelib.repositories.alike import Values
from chalicelib.repositories.database import Document, halves_of
from chalicelib.repositories.documents import (
    TYPES,
    counted,
    document_of,
    id_of,
    new_document,
    new_ids,
    reading_of,
    same_batch,
    with_origin,
)
from chalicelib.repositories.doubles import without_doubles
from chalicelib.repositories.history import KeptReadings
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.prefetch import NOTHING, Prefetched
from chalicelib.repositories.scoped import ScopedCollection

ORIGIN = ("revision", "source", "importBatchId")  # what only the new side stores
PLACE = ("type", "date")
# Which of these ids have a document on the authoritative side that cannot be read, whomever it names as its owner.
UnreadableAmong = Callable[[Sequence[Any]], Sequence[Any]]
DAMAGED = (
    "the stored document of this reading is damaged; its last good copy is kept until an operator has corrected it"
)
AMENDED = {Side.OLD: ("amount", "updatedAt"), Side.NEW: ("amount", "updatedAt", "revision")}
AT_ONCE = 100
BY_TYPE = attrgetter("type")
BUT_ITS_VALUES = attrgetter("type", "source", "import_batch_id")  # of a new reading


class ManyReadings:
    """The writes of many readings, and what they share with the writes of one."""

    def __init__(
        self,
        sides: Mapping[Side, ScopedCollection],
        sync: SyncState,
        meters: MongoMeterRepository,
        kept: KeptReadings,
        unreadable_among: UnreadableAmong,
        prefetched: Prefetched = NOTHING,
        *,
        release: bool,
    ) -> None:
        self._meters = meters
        self._kept = kept
        self._unreadable_among = unreadable_among
        self._prefetched = prefetched
        self._written = {side: sides[side] for side in sync.writes}
        self._side = sync.authoritative
        self._read = sides[self._side]
        self._revisions_count = sync.reads(Backend.NEW) is Side.NEW
        self._release_taken = release and self._side is Side.OLD and Side.NEW in self._written

    def add_many(self, readings: Sequence[NewReading], now: int) -> IdRange:
        """Insert readings in one command per side; the caller has left out the instants that are taken."""
        ids = [*new_ids(len(readings))]
        left = iter(ids)
        for _, alike in groupby(readings, key=BUT_ITS_VALUES):
            self._add_alike([*alike], left, now)
        return IdRange(str(ObjectId(ids[0])), len(ids))

    def at(self, energy_type: EnergyType, instants: Sequence[int]) -> list[StoredReading]:
        """The readings at some instants, with what only their twins know."""
        dates = {"$in": [*map(to_datetime, instants)]}
        documents = list(self._read.find(counted(self._at(energy_type, dates, None))))
        if self._side is Side.NEW:
            return [*map(reading_of, documents)]
        counting = without_doubles(documents)
        twins = self._twins(counting, ORIGIN) if self._revisions_count else {}
        return [reading_of(document | twins.get(document["_id"], {})) for document in counting]

    def within(self, ids: IdRange) -> list[StoredReading]:
        """The readings left of those that were stored together, also those that a double hides by now."""
        return [*map(reading_of, self._read.find(counted({"_id": same_batch(ids)})))]

    def by_ids(self, ids: Sequence[str]) -> list[StoredReading]:
        """The readings that are left of those with these ids; on the old side doubles may hide some."""
        wanted = {"_id": {"$in": [*map(id_of, ids)]}}
        found = list(self._read.find(counted(wanted), projection=PLACE)) if ids else []
        known = {str(document["_id"]) for document in found}
        kinds = {EnergyType(document["type"]) for document in found}
        stored = [
            self.at(kind, [to_ms(each["date"]) for each in found if each["type"] == kind.value]) for kind in kinds
        ]
        return [reading for group in stored for reading in group if reading.id in known]

    def replace_many(self, changes: Sequence[Change], now: int) -> None:
        """Write the new amounts on each side; a twin that is missing, or is somewhere else, is written as a whole."""
        after = [self._revised(change.after) for change in changes]
        for energy_type, group in groupby(sorted(after, key=BY_TYPE), key=BY_TYPE):
            self._release(energy_type, [to_datetime(reading.instant) for reading in group])
        for side, collection in self._written.items():
            documents = [document_of(reading, side) for reading in after]
            apart = self._mark_where_twins_were(after, now) if side is Side.NEW else set()
            if whole := [_replacing(document) for document in documents if document["_id"] in apart]:
                collection.bulk_write(whole)
            known = [document for document in documents if document["_id"] not in apart]
            for start in range(0, len(known), AT_ONCE):
                collection.update_many(*_amending(known[start : start + AT_ONCE], AMENDED[side]))

    def remove_many(self, readings: Sequence[StoredReading], now: int) -> None:
        """Delete readings on each side; a double of them is what another application has written, and stays."""
        these = {"_id": {"$in": [id_of(reading.id) for reading in readings]}}
        for side, collection in self._written.items():
            if side is Side.NEW:
                self._mark_where_twins_were(readings, now)
                collection.delete_many(these)
            else:
                collection.delete_many(counted(these))

    def _add_alike(self, readings: Sequence[NewReading], ids: Iterator[bytes], now: int) -> None:
        """Insert readings that differ in instant and amount alone, under the next ids."""
        self._release(readings[0].type, (to_datetime(reading.instant) for reading in readings))
        values = [Values(next(ids), reading.instant, *halves_of(reading.amount)) for reading in readings]
        document = new_document(ObjectId(values[0].key), readings[0], to_datetime(now))
        examples = {Side.OLD: document, Side.NEW: with_origin(document, readings[0])}
        for side, collection in self._written.items():
            collection.insert_alike(examples[side], values)

    def _mark_where_twins_were(self, readings: Sequence[StoredReading], now: int) -> set[Any]:
        """Where the new side is not the authoritative one, another application may have moved its originals.

        Returns the ids of the twins that are missing or somewhere else.
        """
        if self._side is Side.NEW:
            return set()
        twins = self._twins([{"_id": id_of(reading.id)} for reading in readings], PLACE)
        for reading in readings:
            self._mark_where_it_was(twins.get(id_of(reading.id)), reading, now)
        return {
            id_of(each.id) for each in readings if _place_of(twins.get(id_of(each.id), {})) != (each.type, each.instant)
        }

    def _twins(self, documents: Sequence[Document], projection: Sequence[str]) -> dict[Any, Document]:
        ids = {"_id": {"$in": [document["_id"] for document in documents]}}
        return {twin["_id"]: twin for twin in self._written[Side.NEW].find(ids, projection=projection)}

    def _at(self, energy_type: EnergyType, date: Any, but: str | None) -> Document:
        conditions: Document = {"type": energy_type.value}
        if date is not None:
            conditions["date"] = date
        if but is not None:
            conditions["_id"] = {"$ne": id_of(but)}
        return conditions

    def _mark_where_it_was(self, twin: Document | None, known: StoredReading, now: int) -> None:
        """Mark the place where a twin is displayed as dirty, where another application has moved the old document."""
        place = _place_of(twin or {})
        if place and place != (known.type, known.instant):
            energy_type, instant = place
            self._meters.mark_changed(energy_type, instant, instant, now)

    def _revised(self, reading: StoredReading) -> StoredReading:
        """The old side keeps no revision: where nothing else is read, a reading's last update takes its place."""
        return reading if self._revisions_count else replace(reading, revision=reading.updated_at)

    def _release(self, energy_type: EnergyType, dates: Iterable[datetime]) -> None:
        """Take away twins of readings that are gone from the old side: their instants are free.

        Raises:
            DuplicateReadingError: one of them is the last good copy of a reading that was damaged on the old side.
        """
        if not self._release_taken:
            return
        wanted = [*dates]
        there: Document = {"type": energy_type.value, "date": {"$in": wanted}}
        taken = {item["date"] for item in self._read.find(counted(there), projection=["date"])}
        free = [date for date in wanted if date not in taken]
        if self._of_damaged(there, taken):
            raise DuplicateReadingError("a reading of this type at this instant is already stored; " + DAMAGED)
        self._written[Side.NEW].delete_many(there | {"date": {"$in": free}})

    def _of_damaged(self, there: Document, known: Collection[datetime]) -> list[datetime]:
        """The dates, besides those known, of twins whose old document is still there but cannot be read."""
        twins = list(self._written[Side.NEW].find(counted(there), projection=["date"]))
        alone = {twin["_id"]: twin["date"] for twin in twins if twin["date"] not in known}
        return [alone[key] for key in self._unreadable_among([*alone])]


def _replacing(document: Document) -> ReplaceOne[Document]:
    return ReplaceOne({"_id": document["_id"]}, document, upsert=True)


def _amending(documents: Sequence[Document], fields: Sequence[str]) -> tuple[Document, list[Document]]:
    """Filter and update that give documents some of their fields, and keep what else they say.

    A hundred at once: an update of its own for each document costs the server more than searching such an array.
    """
    ids = [document["_id"] for document in documents]
    place = {"$indexOfArray": [{"$literal": ids}, "$_id"]}
    changed = {
        field: {"$arrayElemAt": [{"$literal": [document[field] for document in documents]}, place]} for field in fields
    }
    return {"_id": {"$in": ids}}, [{"$set": changed}]


def _place_of(document: Document) -> tuple[EnergyType, int] | None:
    """The meter and the instant of a document; None where it is damaged and has none."""
    energy_type, date = document.get("type"), document.get("date")
    if not isinstance(energy_type, str) or energy_type not in TYPES or not is_kept(date):
        return None
    return EnergyType(energy_type), to_ms(date)
