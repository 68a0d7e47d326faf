"""Bringing twins together: backfill, sync job, repair and a change of mode all mend differences by this one operation.

It reads the authoritative documents and writes their twins and the meter in one transaction (in two, a delete made
meanwhile would come back: tried), and writes only where they differ. What it deletes or overwrites is kept in the same
transaction (``repaired``), and it deletes no more than its caller allows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pymongo.client_session import ClientSession

from chalicelib.domain.errors import MassDeletionError
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.domain.sync.modes import Side
from chalicelib.domain.sync.reconciliation import UNNAMED, MeterKey, RepairRun
from chalicelib.domain.sync.reconciliation import Reconciled as Reconciled
from chalicelib.domain.sync.reconciliation import Selection as Selection
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import Collections, Document, MongoDatabase
from chalicelib.repositories.documents import COLLECTION, amount_of, counted
from chalicelib.repositories.doubles import without_doubles
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.repaired import Overwritten, keep
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.transactions import abort, in_transaction

OTHER = {Side.OLD: Side.NEW, Side.NEW: Side.OLD}
CHANGED_OLD = ("date", "amount", "updatedAt")  # what else an inherited document says stays


def reconcile(
    database: MongoDatabase,
    user_id: str,
    energy_type: EnergyType,
    selection: Selection,
    now: int,
    timeout_seconds: float,
    run: RepairRun = UNNAMED,
    deletes: int = 0,
) -> Reconciled:
    """Make the other side of a meter equal to the one that is believed, as far as ``selection`` goes.

    In a mode that writes one side only nothing is written: the other side rests. Where a writer came in between, the
    meter is taken before it is read again: a long read would meet the next write, and the one after, without end.

    Raises:
        MassDeletionError: more than ``deletes`` documents would go; nothing was written.
        UnavailableError: the database did not answer in time; nothing was written.
    """

    seen: tuple[int, int] | None = None
    meter = (user_id, energy_type)

    def work(session: ClientSession) -> Reconciled:
        nonlocal seen
        if seen:
            _marked(database, session, meter, *seen, now)
        pair = _Pair.of(database, session, meter, run)
        difference = pair and pair.difference(selection)
        if not pair or not difference:
            abort(session)
            return Reconciled()
        if len(difference.gone) > deletes:
            raise MassDeletionError(len(difference.gone), deletes)
        seen = first, last = difference.span
        version = _marked(database, session, meter, first, last, now)
        strays = _release(database, session, pair.other, [document["_id"] for document in difference.new], now)
        keep(database, session, meter, pair.other, run, _overwritten(difference, strays, pair.other), now)
        pair.sides[pair.other].write(difference)
        return difference.written(version)

    return in_transaction(database, timeout_seconds, work)


def plan(
    database: MongoDatabase, user_id: str, energy_type: EnergyType, timeout_seconds: float, run: RepairRun
) -> Reconciled:
    """What ``reconcile`` would write of a whole meter, at one snapshot; changes nothing. Raises UnavailableError."""

    def work(session: ClientSession) -> Reconciled:
        pair = _Pair.of(database, session, (user_id, energy_type), run)
        difference = pair and pair.difference(Selection())
        abort(session)
        return difference.written(0) if difference else Reconciled()

    return in_transaction(database, timeout_seconds, work)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both sides of a meter inside one transaction, and which of them is written."""

    sides: Mapping[Side, "_MeterSide"]
    source: Side

    @classmethod
    def of(cls, database: MongoDatabase, session: ClientSession, meter: MeterKey, run: RepairRun) -> "_Pair | None":
        """None in a mode in which one of them rests."""
        sync = sync_state(database, session)
        source = run.source or sync.authoritative
        if not {source, OTHER[source]} <= set(sync.writes):
            return None
        user_id, energy_type = meter
        return cls(
            {
                side: _MeterSide(ScopedCollection(database[COLLECTION[side]], user_id, session), side, energy_type)
                for side in Side
            },
            source,
        )

    @property
    def other(self) -> Side:
        """The side that is written."""
        return OTHER[self.source]

    def difference(self, selection: Selection) -> "Difference":
        """What must be written on the other side."""
        date = _dates(self.sides.values(), selection)
        wanted, present = self.sides[self.source], self.sides[self.other]
        return Difference.of(wanted.documents(date), present.documents(date, doubles=True), self.other)


def _overwritten(difference: "Difference", strays: Sequence[Document], side: Side) -> Iterator[Overwritten]:
    """What goes with the difference, and what takes its place."""
    twins = {document["_id"]: document for document in difference.new}
    yield from ((document, None) for document in difference.gone)
    for before, after in difference.changed:
        yield before, after if side is Side.NEW else before | {field: after[field] for field in CHANGED_OLD}
    yield from ((stray, twins[stray["_id"]]) for stray in strays)


def _release(
    database: MongoDatabase, session: ClientSession, side: Side, ids: Sequence[Any], now: int
) -> Sequence[Document]:
    """Take away what has these ids elsewhere, and return it: the type was changed, or a document was damaged."""
    collection = database[COLLECTION[side]]
    strays = list(collection.find({"_id": {"$in": ids}}, session=session)) if ids else []
    if strays:
        collection.delete_many({"_id": {"$in": [stray["_id"] for stray in strays]}}, session=session)
    for stray in strays:
        if meter := meter_of(stray):
            instants = Difference([], [], [stray]).span
            _marked(database, session, meter, *instants, now)
    return strays


def _marked(database: MongoDatabase, session: ClientSession, meter: MeterKey, first: int, last: int, now: int) -> int:
    user_id, energy_type = meter
    meters = MongoMeterRepository(ScopedCollection(database[Collections.METERS], user_id, session), user_id)
    return meters.mark_changed(energy_type, first, last, now)


def meter_of(document: Document) -> MeterKey | None:
    """The meter that a document names; None where it names none that there can be."""
    known = document.get("type") in set(EnergyType) and isinstance(document.get("userId"), str)
    return (document["userId"], EnergyType(document["type"])) if known else None


@dataclass(frozen=True, slots=True)
class Difference:
    """What must be written on a side to make it equal: documents as they should be, and those that should not be."""

    new: Sequence[Document]
    changed: Sequence[tuple[Document, Document]]
    gone: Sequence[Document]

    @classmethod
    def of(cls, wanted: Mapping[Any, Document], present: Mapping[Any, Document], side: Side) -> "Difference":
        """Compare the authoritative documents with their twins on ``side``."""
        return cls(
            new=[_twin(document, None, side) for key, document in wanted.items() if key not in present],
            changed=[
                (present[key], _twin(document, present[key], side))
                for key, document in wanted.items()
                if key in present and differ(document, present[key])
            ],
            gone=[document for key, document in present.items() if key not in wanted],
        )

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def written(self, source_version: int) -> Reconciled:
        """How much it is, as a reconciliation says it."""
        return Reconciled(len(self.new), len(self.changed), len(self.gone), source_version, *self.span)

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last instant that a figure changes at."""
        documents = [*self.new, *self.gone, *(document for pair in self.changed for document in pair)]
        instants = [to_ms(item["date"]) for item in documents if isinstance(item.get("date"), datetime)] or [0]
        return min(instants), max(instants)


@dataclass(frozen=True, slots=True)
class _MeterSide:
    """One meter's readings on one side, inside one transaction."""

    collection: ScopedCollection
    side: Side
    energy_type: EnergyType

    def documents(self, date: Document | None, *, doubles: bool = False) -> dict[Any, Document]:
        """The documents that count, by id; with ``doubles`` also those that could count if another went."""
        conditions: Document = {"type": self.energy_type.value} | ({} if date is None else {"date": date})
        found = list(self.collection.find(counted(self.side, conditions), sort=[("date", 1)]))
        kept = found if doubles or self.side is Side.NEW else without_doubles(found)
        return {item["_id"]: item for item in kept}

    def dates_of(self, ids: Sequence[Any]) -> list[Any]:
        """The dates of documents with these ids, whatever else they say."""
        return [item["date"] for item in self.collection.find({"_id": {"$in": list(ids)}}, projection={"date": 1})]

    def write(self, difference: Difference) -> None:
        """Take away first: on the new side a date may only be taken once."""
        outdated = [before["_id"] for before, _ in difference.changed]
        if ids := [*(item["_id"] for item in difference.gone), *(outdated if self.side is Side.NEW else [])]:
            self.collection.delete_many({"_id": {"$in": ids}})
        if self.side is Side.OLD:
            self._change_old(after for _, after in difference.changed)
        added = [*difference.new, *((after for _, after in difference.changed) if self.side is Side.NEW else ())]
        if added:
            self.collection.insert_many(added)

    def _change_old(self, documents: Iterable[Document]) -> None:
        """Keep what else an inherited document says."""
        for document in documents:
            changed = {field: document[field] for field in CHANGED_OLD}
            self.collection.update_one({"_id": document["_id"]}, {"$set": changed})


def differ(one: Document, other: Document) -> bool:
    """Whether two twins say different things; a damaged one may say anything."""
    return one["date"] != other["date"] or _amount(one) != _amount(other)


def _amount(document: Document) -> Decimal | None:
    try:
        return amount_of(document.get("amount"))
    except InvalidOperation:
        return None


def _twin(document: Document, present: Document | None, side: Side) -> Document:
    """The document that ``side`` should have; on the new side with what only that side knows.

    A new twin's revision begins at the last update, not at 1: a twin that was dropped and comes back (a migration
    reverted and applied again) must never meet an ETag of its former life.
    """
    date = document["date"]
    updated = document.get("updatedAt") or date
    twin: Document = {
        "_id": document["_id"],
        "type": document["type"],
        "date": date,
        "amount": amount_of(document["amount"]),
        "createdAt": document.get("createdAt") or date,
        "updatedAt": updated,
    }
    if side is Side.NEW:
        known: Document = {"source": "sync", "importBatchId": None, "revision": to_ms(updated) - 1} | (present or {})
        twin |= {field: known[field] for field in ("source", "importBatchId")} | {"revision": known["revision"] + 1}
    return twin


def _dates(sides: Iterable[_MeterSide], selection: Selection) -> Document | None:
    """The condition on dates that a selection means; for ids, the dates that either side has them at."""
    if selection.ids:
        return {"$in": [date for side in sides for date in side.dates_of(selection.ids)]}
    if selection.first is None:
        return None
    return {"$gte": selection.first, "$lte": selection.last}
