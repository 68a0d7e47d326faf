"""Copies of what repair and the jobs delete or overwrite, kept in the same transaction, and bringing them back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, groupby, islice
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession
from typing_extensions import override

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.migration.sync.reconciliation import RepairRun
from chalicelib.domain.migration.sync.repairs import KeptDocument, KeptRun, RepairedReadings, Undone
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import EnergyType, MeterKey, to_datetime, to_ms
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.documents import COLLECTION, meter_of
from chalicelib.repositories.fence import erased_among
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.transactions import in_transaction
from chalicelib.repositories.undecodable import sendable

Overwritten = tuple[Document, Document | None]  # as it was, and what took its place
AT_ONCE = 500  # in one transaction
LATEST_FIRST = [("run", -1), ("userId", -1), ("type", -1), ("_id", -1)]


def keep(
    database: MongoDatabase,
    session: ClientSession,
    meter: MeterKey,
    side: Side,
    run: RepairRun,
    overwritten: Iterable[Overwritten],
    version: int,
    now: int,
) -> None:
    """Keep what a transaction takes away from a meter's side, in the order of the meter's versions.

    Ids that a process or a server makes go by its clock, and another one's may be behind.
    """
    user_id, energy_type = meter
    common = {"run": run.id, "at": to_datetime(now), "side": side.value, "type": energy_type.value}
    entries = [
        {
            "_id": f"{version:019}|{ObjectId()}",
            **common,
            "reading": before["_id"],
            "before": sendable(before),
            "after": after and sendable({"userId": user_id, **after}),
        }
        for before, after in overwritten
    ]
    if entries:
        ScopedCollection(database[Collections.REPAIRED], user_id, session).insert_many(entries)


class MongoRepairedReadings(RepairedReadings):
    """``RepairedReadings`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float, clock: Clock) -> None:
        self._database = database
        self._kept = database[Collections.REPAIRED]
        self._timeout = timeout_seconds
        self._clock = clock

    @override
    def runs(self) -> list[KeptRun]:
        """Counted by the index alone."""
        undone = {"$sum": {"$cond": ["$undone", 1, 0]}}
        runs = {"_id": "$run", "at": {"$min": "$at"}, "documents": {"$sum": 1}, "undone": undone}
        with time_limit(self._timeout):
            found = list(
                self._kept.aggregate([{"$sort": {"run": 1}}, {"$group": runs}, {"$sort": {"at": 1, "_id": 1}}])
            )
        return [KeptRun(item["_id"], to_ms(item["at"]), item["documents"], item["undone"]) for item in found]

    @override
    def kept(self, run: str) -> Iterator[list[KeptDocument]]:
        """Use the index, some hundreds at once: memory stays flat."""
        wanted = {"run": run, "undone": {"$exists": False}}
        fields = ["userId", "type", "side", "reading"]
        found = chain.from_iterable(
            self._kept.find(wanted | {"_id": {"$type": kind}}, projection=fields, sort=LATEST_FIRST, batch_size=AT_ONCE)
            for kind in ("string", "objectId")
        )
        documents = (
            KeptDocument(item["_id"], (item["userId"], EnergyType(item["type"])), Side(item["side"]), item["reading"])
            for item in found
        )
        for _, of_meter in groupby(documents, lambda item: item.meter):
            while page := list(islice(of_meter, AT_ONCE)):
                yield page

    @override
    def bring_back(self, documents: Sequence[KeptDocument], run: RepairRun) -> Undone:
        """One transaction."""
        now = self._clock()

        def work(session: ClientSession) -> Undone:
            return _BringingBack(self._database, session, run, now).of(documents)

        return in_transaction(self._database, self._timeout, work)


class _BringingBack:
    """One transaction of an undo."""

    def __init__(self, database: MongoDatabase, session: ClientSession, run: RepairRun, now: int) -> None:
        self._database = database
        self._session = session
        self._run = run
        self._now = now
        self._writes = sync_state(database, session).writes

    def of(self, documents: Sequence[KeptDocument]) -> Undone:
        """Bring back what nobody has changed since."""
        kept = {item.key: item for item in documents}
        entries = list(self._database[Collections.REPAIRED].find({"_id": {"$in": list(kept)}}, session=self._session))
        done = Undone()
        for side, of_side in groupby(sorted(entries, key=_side), _side):
            done = done.plus(self._on(Side(side), list(of_side), kept))
        return done

    def _on(self, side: Side, entries: Sequence[Document], kept: Mapping[Any, KeptDocument]) -> Undone:
        if side not in self._writes:
            raise SyncModeError(f"the {side} side rests in this mode; nothing is brought back to it")
        collection = self._database[COLLECTION[side]]
        ids = {"_id": {"$in": [entry["reading"] for entry in entries]}}
        present = {item["_id"]: item for item in collection.find(ids, session=self._session)}
        merged, changed = _merged(entries, present)
        erased = self._of_erased(merged)
        taken = [entry for entry in merged if side is Side.NEW and self._is_taken(entry["before"])]
        chosen = [entry for entry in merged if entry not in taken and entry not in erased]
        if chosen:
            self._write(side, chosen, present)
        left = [
            *((entry, "was changed since") for entry in changed),
            *((entry, "its account was erased") for entry in erased),
            *((entry, "its instant is taken") for entry in taken if entry not in erased),
        ]
        return Undone(
            len(chosen),
            tuple((kept[entry["_id"]], why) for entry, why in left),
            frozenset(meter for entry in chosen for meter in _meters(entry)),
        )

    def _of_erased(self, entries: Sequence[Document]) -> list[Document]:
        """What is about to go for good: it does not come back."""
        meters = {entry["_id"]: {user_id for user_id, _ in _meters(entry)} for entry in entries}
        erased = erased_among(self._database, set().union(*meters.values()), self._session)
        return [entry for entry in entries if meters[entry["_id"]] & erased]

    def _is_taken(self, before: Document) -> bool:
        there = {field: before.get(field) for field in ("userId", "type", "date")} | {"_id": {"$ne": before["_id"]}}
        return self._database[Collections.READINGS].find_one(sendable(there), session=self._session) is not None

    def _write(self, side: Side, entries: Sequence[Document], present: Mapping[Any, Document]) -> None:
        collection, kept = self._database[COLLECTION[side]], self._database[Collections.REPAIRED]
        versions = {
            meter: self._mark(meter, min(instants), max(instants)) for meter, instants in _instants(entries).items()
        }
        for meter, of_meter in groupby(sorted(entries, key=_owner), _owner):
            overwritten = [(present[item["reading"]], _next_life(side, item)) for item in of_meter if item["after"]]
            keep(self._database, self._session, meter, side, self._run, overwritten, versions[meter], self._now)
        ids = [entry["reading"] for entry in entries]
        collection.delete_many({"_id": {"$in": ids}}, session=self._session)
        collection.insert_many([sendable(_next_life(side, entry)) for entry in entries], session=self._session)
        undone = {"$set": {"undone": self._run.id}}
        done = {"_id": {"$in": [key for entry in entries for key in entry["keys"]]}}
        kept.update_many(done, undone, session=self._session)

    def _mark(self, meter: MeterKey, first: int, last: int) -> int:
        user_id, energy_type = meter
        meters = MongoMeterRepository(self._database, user_id, self._session)
        return meters.mark_changed(energy_type, first, last, self._now)


def _place(entry: Document) -> tuple[bool, str]:
    """The former release kept documents under ids of the driver's: what this one keeps in the same run is later."""
    return isinstance(entry["_id"], str), str(entry["_id"])


def _side(entry: Document) -> str:
    return str(entry["side"])


def _merged(entries: Sequence[Document], present: Mapping[Any, Document]) -> tuple[list[Document], list[Document]]:
    """One entry per reading, as it was before the run, and the entries after which somebody has changed it.

    A job may write a reading more than once in one run: the way back goes from the latest version to the first.
    """
    merged: dict[Any, Document] = {}
    changed: list[Document] = []
    for entry in sorted(entries, key=_place, reverse=True):
        later = merged.get(entry["reading"])
        if entry["after"] != (later["before"] if later else present.get(entry["reading"])):
            changed.append(entry)
            continue
        newest = later or {**entry, "keys": []}
        merged[entry["reading"]] = {**newest, "before": entry["before"], "keys": [*newest["keys"], entry["_id"]]}
    return list(merged.values()), changed


def _owner(entry: Document) -> MeterKey:
    return entry["userId"], EnergyType(entry["type"])


def _meters(entry: Document) -> Iterator[MeterKey]:
    """The meters that an entry concerns: the one that was mended, and the one that the document named."""
    yield _owner(entry)
    if meter := meter_of(entry["before"]):
        yield meter


def _instants(entries: Sequence[Document]) -> dict[MeterKey, list[int]]:
    """Where figures of each meter change."""
    instants: dict[MeterKey, list[int]] = {}
    for entry in entries:
        dates = [(entry[name] or {}).get("date") for name in ("before", "after")]
        found = [to_ms(date) for date in dates if isinstance(date, datetime)] or [0]
        for meter in _meters(entry):
            instants.setdefault(meter, []).extend(found)
    return instants


def _next_life(side: Side, entry: Document) -> Document:
    """The document as it was; on the new side with a revision that nobody has seen: old ETags never fit again."""
    before: Document = entry["before"]
    if side is Side.OLD:
        return before
    seen = [item.get("revision") for item in (before, entry["after"] or {})]
    return before | {"revision": max((number for number in seen if isinstance(number, int)), default=0) + 1}
