"""Reconciling twins: the one operation by which backfill, sync job, repair and a change of mode mend differences.

It reads the authoritative documents and writes their twins and the meter in one transaction (in two, a delete made
meanwhile would come back: seen on a server), and writes only where they differ. A twin goes only with its document:
where that is still there but cannot be read, or another double hides it, the twin is the last good copy and stays.
What is deleted or overwritten is kept in the same transaction (``repaired``),
and no more is deleted than the caller allows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pymongo.client_session import ClientSession

from chalicelib.domain.backends.sync_mode import Side, other_side
from chalicelib.domain.errors import AccountErasedError, DuplicateReadingError, MassDeletionError
from chalicelib.domain.migration.sync.reconciliation import UNNAMED, Reconciled, RepairRun, Selection
from chalicelib.domain.readings import EnergyType, MeterKey, is_kept
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import Document, MongoDatabase
from chalicelib.repositories.difference import NOTHING, Difference, UnreadableAmong, counting, keepable
from chalicelib.repositories.documents import COLLECTION, counted, meter_of, of_meter
from chalicelib.repositories.fence import erased_among
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.quarantine import unreadable_among
from chalicelib.repositories.repaired import Overwritten, keep
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.transactions import abort, in_transaction
from chalicelib.repositories.undecodable import sendable

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

    def work(session: ClientSession, *, are_strays: bool) -> Reconciled:
        nonlocal seen
        taken = _marked(database, session, meter, *seen, now) if seen else None
        pair = _Pair.of(database, session, meter, run)
        difference = pair.difference(selection) if pair else NOTHING
        if not pair or not difference:
            abort(session)
            return Reconciled(kept=difference.kept)
        if len(difference.gone) > deletes:
            raise MassDeletionError(len(difference.gone), deletes)
        before, seen = seen, difference.span
        is_new = not taken and difference.is_first
        version = taken if taken and seen == before else _marked(database, session, meter, *seen, now, is_new=is_new)
        new = [document["_id"] for document in difference.new] if are_strays else []
        strays = _release(database, session, pair.other, new, now)
        keep(database, session, meter, pair.other, run, _overwritten(difference, strays, pair.other), version, now)
        pair.sides[pair.other].write(difference)
        return difference.written(version)

    def reconciled() -> Reconciled:
        """Ids that are taken elsewhere are so rare that they are looked for only where one was met."""
        try:
            return in_transaction(database, timeout_seconds, partial(work, are_strays=False))
        except DuplicateReadingError:
            return in_transaction(database, timeout_seconds, partial(work, are_strays=True))

    return _unless_erased(reconciled)


def plan(
    database: MongoDatabase, user_id: str, energy_type: EnergyType, timeout_seconds: float, run: RepairRun
) -> Reconciled:
    """What ``reconcile`` would write of a whole meter, at one snapshot; changes nothing. Raises UnavailableError."""

    def work(session: ClientSession) -> Reconciled:
        pair = _Pair.of(database, session, (user_id, energy_type), run)
        difference = pair.difference(Selection()) if pair else NOTHING
        abort(session)
        return difference.written(0) if difference else Reconciled(kept=difference.kept)

    return _unless_erased(lambda: in_transaction(database, timeout_seconds, work))


def _unless_erased(work: Callable[[], Reconciled]) -> Reconciled:
    """Nothing is written of an account that is erased: what is left of it goes, and no side has to follow the other."""
    try:
        return work()
    except AccountErasedError:
        return Reconciled()


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both sides of a meter inside one transaction, and which of them is written."""

    sides: Mapping[Side, "_MeterSide"]
    source: Side
    unreadable: UnreadableAmong

    @classmethod
    def of(cls, database: MongoDatabase, session: ClientSession, meter: MeterKey, run: RepairRun) -> "_Pair | None":
        """None in a mode in which one of them rests."""
        sync = sync_state(database, session, meter[:1])
        source = run.source or sync.authoritative
        if not {source, other_side(source)} <= set(sync.writes):
            return None
        user_id, energy_type = meter
        return cls(
            {
                side: _MeterSide(ScopedCollection(database[COLLECTION[side]], user_id, session), side, energy_type)
                for side in Side
            },
            source,
            partial(unreadable_among, database[COLLECTION[source]], session=session),
        )

    @property
    def other(self) -> Side:
        """The side that is written."""
        return other_side(self.source)

    def difference(self, selection: Selection) -> Difference:
        """What must be written on the other side."""
        date = _dates(self.sides.values(), selection)
        found = self.sides[self.source].documents(date)
        wanted, present = counting(found, self.source), self.sides[self.other].present(date)
        return Difference.of(wanted, present, self.other, keepable(found, wanted, present, self.unreadable))


def _overwritten(difference: Difference, strays: Sequence[Document], side: Side) -> Iterator[Overwritten]:
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
    meters = [(meter, stray) for stray in strays if (meter := meter_of(stray))]
    erased = erased_among(database, {user_id for (user_id, _), _ in meters}, session)
    for meter, stray in meters:
        if meter[0] not in erased:
            _marked(database, session, meter, *Difference([], [], [stray]).span, now)
    return strays


def _marked(
    database: MongoDatabase,
    session: ClientSession,
    meter: MeterKey,
    first: int,
    last: int,
    now: int,
    *,
    is_new: bool = False,
) -> int:
    user_id, energy_type = meter
    meters = MongoMeterRepository(database, user_id, session, is_new=is_new)
    return meters.mark_changed(energy_type, first, last, now)


@dataclass(frozen=True, slots=True)
class _MeterSide:
    """One meter's readings on one side, inside one transaction."""

    collection: ScopedCollection
    side: Side
    energy_type: EnergyType

    def documents(self, date: Document | None) -> list[Document]:
        """The readable documents in the order of their dates, doubles among them."""
        return list(self.collection.find(counted(self._conditions(date)), sort=[("date", 1)]))

    def present(self, date: Document | None) -> dict[Any, Document]:
        """What there is to be compared, by id: on the new side also what cannot be read, for nothing else mends it.

        On the old side that stays as it was inherited.
        """
        conditions = self._conditions(date)
        wanted = counted(conditions) if self.side is Side.OLD else of_meter(conditions)
        found = self.collection.find(wanted, sort=[("date", 1)])
        return {item["_id"]: item for item in found}

    def _conditions(self, date: Document | None) -> Document:
        return {"type": self.energy_type.value} | ({} if date is None else {"date": date})

    def dates_of(self, ids: Sequence[Any]) -> list[Any]:
        """The dates of documents with these ids, readable or not."""
        found = self.collection.find({"_id": {"$in": list(ids)}}, projection={"date": 1})
        return [item["date"] for item in found if is_kept(item.get("date"))]

    def write(self, difference: Difference) -> None:
        """Take away first: on the new side a date may only be taken once."""
        outdated = [before["_id"] for before, _ in difference.changed]
        if ids := [*(item["_id"] for item in difference.gone), *(outdated if self.side is Side.NEW else [])]:
            self.collection.delete_many(sendable({"_id": {"$in": ids}}))
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


def _dates(sides: Iterable[_MeterSide], selection: Selection) -> Document | None:
    """The condition on dates that a selection means; for ids, the dates that either side has them at."""
    if selection.ids:
        return {"$in": [date for side in sides for date in side.dates_of(selection.ids)]}
    if selection.first is None:
        return None
    return {"$gte": selection.first, "$lte": selection.last}
