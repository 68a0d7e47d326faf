"""The first copy of a person's meters: twins, meters, views and series by one insert each, in one transaction.

That is what nearly every meter of a backfill needs, where nothing of it is on the new side yet. What is written is what
a reconciliation and then a refresh write. Where anything is there already, or out of the ordinary, nothing is written,
and these two are left to do it. A writer that comes in between makes the same meter, so one of the two does it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from pymongo.client_session import ClientSession

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import AccountErasedError, DuplicateReadingError, UnavailableError
from chalicelib.domain.meters.display_documents import DisplayUpdate
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.values import MeterSnapshot, UserSettings
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, to_datetime
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories import series
from chalicelib.repositories.control import MODE_CHANGES, READ, SYNC_MODE, control_of, state_among
from chalicelib.repositories.database import Collections, Document, MongoDatabase, meter_id
from chalicelib.repositories.difference import twin_of
from chalicelib.repositories.display import stored_view
from chalicelib.repositories.documents import COLLECTION, counted, point_of
from chalicelib.repositories.doubles import without_doubles
from chalicelib.repositories.fence import fence_id
from chalicelib.repositories.owned import below
from chalicelib.repositories.prefetch import OF_OTHERS
from chalicelib.repositories.scope_rules import OWNER
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.settings import UNREADABLE, own_settings
from chalicelib.repositories.snapshot_head import lookup
from chalicelib.repositories.snapshots import snapshot_of
from chalicelib.repositories.transactions import abort, in_transaction

Calculate = Callable[[MeterSnapshot, int], DisplayUpdate]  # of a snapshot, and when it was looked at
BY_METER = [("type", 1), ("date", 1)]
LEFT = ("meters", "views", "parts", "readings")  # what there may be of a meter on the new side
FIRST_VERSION = 1
WRITTEN: Document = {"sourceVersion": FIRST_VERSION, "displayVersion": 0}  # a meter after its first write


@dataclass(frozen=True, slots=True)
class _Copy:
    """What is written of one meter."""

    meter: Document
    twins: Sequence[Document]
    views: Sequence[Document]
    parts: Sequence[Document]


class MongoFirstCopies:
    """First copies on MongoDB. Of a person with more readings than ``at_most`` none is made."""

    def __init__(
        self, database: MongoDatabase, timeout_seconds: float, clock: Clock, calculate: Calculate, at_most: int
    ) -> None:
        self._database = database
        self._timeout = timeout_seconds
        self._clock = clock
        self._calculate = calculate
        self._at_most = at_most

    def copy(self, user_id: str, kinds: Sequence[EnergyType]) -> int | None:
        """Make the first copy of some of a person's meters; returns how many twins it has.

        None: nothing was written, because this would not be the first or is no case for it, or out of time.
        """

        def work(session: ClientSession) -> int | None:
            as_of = self._clock()
            head = _head(self._database, user_id, kinds, session)
            found = None if head is None else self._found(user_id, kinds, session)
            if head is None or found is None:
                abort(session)
                return None
            self._write(user_id, [self._copied(user_id, head, readings, as_of) for readings in found], session)
            return sum(map(len, found))

        try:
            return in_transaction(self._database, self._timeout, work)
        except (AccountErasedError, DuplicateReadingError, UnavailableError):
            return None

    def _found(
        self, user_id: str, kinds: Sequence[EnergyType], session: ClientSession
    ) -> Sequence[Sequence[Document]] | None:
        """The old readings that count, by meter; None where there are too many."""
        readings = ScopedCollection(self._database[COLLECTION[Side.OLD]], user_id, session)
        wanted = counted({"type": {"$in": [*kinds]}})
        most = self._at_most + 1
        found = list(readings.find(wanted, sort=BY_METER, limit=most, batch_size=most))
        if len(found) == most:
            return None
        return [without_doubles([*of_meter]) for _, of_meter in groupby(found, itemgetter("type"))]

    def _copied(self, user_id: str, head: "_Head", readings: Sequence[Document], as_of: int) -> _Copy:
        """What a reconciliation would write of these readings, and a refresh of that."""
        twins = [twin_of(document, None, Side.NEW) for document in readings]
        points = CompactReadings.of(map(point_of, twins))
        kind = EnergyType(twins[0]["type"])
        own: Document = {"_id": meter_id(user_id, kind), "type": kind.value, OWNER: user_id}
        dirty = {"dirtyFrom": twins[0]["date"], "dirtyTo": twins[-1]["date"], "dirtySince": to_datetime(as_of)}
        snapshot = snapshot_of(head.sync, {**own, **WRITTEN, **dirty}, kind, head.settings, points)
        update = self._calculate(replace(snapshot, read=[(FIRST_INSTANT, LAST_INSTANT)]), as_of)
        views = [stored_view(user_id, kind, document) for document in update.documents]
        kept = update.series if update.series and series.storable(update.series.parts.values()) else None
        parts = [] if kept is None else series.documents_of(user_id, kind, kept)
        said = {} if kept is None else series.mark_of(user_id, kind, kept)
        mark = {"version": update.source_version, "calculation": CALCULATION_VERSION, **said}
        meter = {**own, **WRITTEN, "displayVersion": update.source_version, "series": mark}
        return _Copy(meter, twins, views, parts)

    def _write(self, user_id: str, copies: Sequence[_Copy], session: ClientSession) -> None:
        """One insert into each collection; the meters first, where other writers are met."""
        written = {
            Collections.METERS: [copy.meter for copy in copies],
            Collections.READINGS: [twin for copy in copies for twin in copy.twins],
            Collections.DISPLAY: [view for copy in copies for view in copy.views],
            Collections.SERIES: [part for copy in copies for part in copy.parts],
        }
        for name, documents in written.items():
            if documents:
                ScopedCollection(self._database[name], user_id, session).insert_many(documents)


@dataclass(frozen=True, slots=True)
class _Head:
    """In which mode a first copy is made, and how its person's dates are read."""

    sync: SyncState
    settings: UserSettings


def _head(database: MongoDatabase, user_id: str, kinds: Sequence[EnergyType], session: ClientSession) -> _Head | None:
    """By one command; None where another mode is on, anything is left of the meters, or the settings are damaged.

    Raises:
        AccountErasedError: nothing is written for this person.
        UnavailableError: the mode cannot be read.
    """
    found = list(control_of(database).aggregate(_pipeline(user_id, kinds), session=session))
    sync = state_among([found[0], *found[0]["others"]]) if found else None
    if sync is None or sync.mode is not SyncMode.DUAL_WRITE or sync.authoritative is not Side.OLD:
        return None
    if any(found[0][name] for name in LEFT):
        return None
    try:
        return _Head(sync, own_settings(found[0]["settings"], user_id))
    except UNREADABLE:
        return None


def _pipeline(user_id: str, kinds: Sequence[EnergyType]) -> list[Document]:
    """Views and readings are found by what they say too: under whichever ids there are any, this is no first copy."""
    meters = [meter_id(user_id, kind) for kind in kinds]
    ids = [{"_id": below(meter)} for meter in meters]
    claims: Document = {OWNER: user_id, "type": {"$in": [*kinds]}}
    others = {"_id": {"$in": [MODE_CHANGES, fence_id(user_id)]}}
    one: list[Document] = [{"$limit": 1}, {"$project": {"_id": True}}]
    return [
        {"$match": {"_id": SYNC_MODE}},
        {"$project": READ},
        lookup(Collections.CONTROL, "others", others, {"$project": OF_OTHERS}),
        lookup(Collections.SETTINGS, "settings", {"_id": user_id}),
        lookup(Collections.METERS, "meters", {"_id": {"$in": meters}}, *one),
        lookup(Collections.DISPLAY, "views", {"$or": [*ids, claims]}, *one),
        lookup(Collections.SERIES, "parts", {"$or": ids}, *one),
        lookup(Collections.READINGS, "readings", claims, *one),
    ]
