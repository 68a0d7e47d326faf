"""Walks that are done in ranges, in ``control``: one document a walk, and one for each range that somebody has begun.

A range belongs to the walk whose id is in its own id, so that nothing of another walk counts for it. A worker changes
its range only while its claim holds, by the clock of the server.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import uuid4

from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError
from typing_extensions import override

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.fan_out import FanOut, FanOutRecords, RangeClaim, RangeProgress
from chalicelib.domain.meters.walks import KEPT_FINDINGS, Walk
from chalicelib.repositories.control import FAN_OUT, control_of
from chalicelib.repositories.database import READ_SECONDS, Document, MongoDatabase, time_limit
from chalicelib.repositories.stored import Lax, Stored, readable
from chalicelib.repositories.walk_documents import Meter, StoredSeen, seen_document


class StoredFanOut(Stored):
    """A walk in ranges."""

    walk: Annotated[Walk, Lax]
    id: str
    started: int
    since: int | None
    mode: Annotated[SyncMode, Lax]
    code: str
    up_to: int
    bounds: list[Annotated[Meter, Lax]]
    paused: bool
    finished: int | None
    sent: int | None = None


class StoredRange(StoredSeen):
    """A range that somebody has begun; ``claimed``: whether somebody works on it by the clock of the server."""

    number: int
    after: Annotated[Meter, Lax] | None
    done: bool
    claimed: bool
    tries: int = 0
    token: str | None = None

    def progress(self) -> RangeProgress:
        """Convert to the domain's value."""
        return RangeProgress(self.number, self.seen(), self.after, self.done, self.claimed)


class MongoFanOutRecords(FanOutRecords):
    """``FanOutRecords`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._control = control_of(database).with_options(write_concern=WriteConcern("majority"))

    @override
    def begin(self, fan_out: FanOut) -> None:
        """The walk first: from then on no range of the one before is worked on."""
        document = {
            "_id": _key(fan_out.walk),
            "walk": fan_out.walk.value,
            "id": fan_out.id,
            "started": fan_out.started,
            "since": fan_out.since,
            "mode": fan_out.mode.value,
            "code": fan_out.code,
            "upTo": fan_out.up_to,
            "bounds": [[*bound] for bound in fan_out.bounds],
            "paused": fan_out.paused,
            "finished": fan_out.finished,
            "sent": fan_out.sent,
        }
        with time_limit(READ_SECONDS):
            before = self._ranges(fan_out.walk)
            self._control.replace_one({"_id": document["_id"]}, document, upsert=True)
            self._control.delete_many(before)

    @override
    def fan_out(self, walk: Walk) -> FanOut | None:
        with time_limit(READ_SECONDS):
            found = self._control.find_one({"_id": _key(walk)})
        stored = readable(StoredFanOut, found, _key(walk)) if found else None
        return FanOut(**{**stored.model_dump(), "bounds": tuple(stored.bounds)}) if stored else None

    @override
    def pause(self, fan_out: FanOut, *, paused: bool) -> bool:
        with time_limit(READ_SECONDS):
            return self._control.update_one(_same(fan_out), {"$set": {"paused": paused}}).matched_count == 1

    @override
    def sending(self, fan_out: FanOut, silent_seconds: float = 0) -> bool:
        """Do it in one update: the second of two who find the same silence sends nothing."""
        silent = {"$lte": [{"$ifNull": ["$sent", 0]}, {"$subtract": [NOW, round(silent_seconds * 1000)]}]}
        with time_limit(READ_SECONDS):
            done = self._control.update_one({**_same(fan_out), "$expr": silent}, [{"$set": {"sent": NOW}}])
        return done.matched_count == 1

    @override
    def lost(self, fan_out: FanOut) -> None:
        with time_limit(READ_SECONDS):
            self._control.update_one(_same(fan_out), {"$set": {"sent": None}})

    @override
    def finish(self, fan_out: FanOut) -> None:
        with time_limit(READ_SECONDS):
            self._control.update_one(_same(fan_out), [{"$set": {"finished": NOW}}])

    @override
    def give_up(self, fan_out: FanOut) -> bool:
        with time_limit(READ_SECONDS):
            found = self._control.delete_one({**_same(fan_out), "finished": None}).deleted_count == 1
            if found:
                self._control.delete_many(_ranges_of(f"{_key(fan_out.walk)}:{fan_out.id}"))
        return found

    @override
    def forget(self, walk: Walk) -> None:
        with time_limit(READ_SECONDS):
            before = self._ranges(walk)
            self._control.delete_one({"_id": _key(walk)})
            self._control.delete_many(before)

    @override
    def claim(self, fan_out: FanOut, number: int, seconds: float) -> RangeClaim | None:
        """Do it in one update: the second of two claims changes nothing."""
        key, token = f"{_key(fan_out.walk)}:{fan_out.id}:{number:06}", uuid4().hex
        try:
            with time_limit(READ_SECONDS):
                found: Any = self._control.find_one_and_update(
                    {"_id": key},
                    [{"$set": {**_begun(fan_out, number), **_claimed(token, seconds)}}, CLAIMED],
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
        except DuplicateKeyError:  # two have begun it at once
            return None
        stored = readable(StoredRange, found, key)
        if stored is None or stored.token != token:
            return None
        return RangeClaim(key, token, stored.progress(), stored.tries)

    @override
    def save(self, claim: RangeClaim, progress: RangeProgress) -> bool:
        changes = {
            **seen_document(progress.seen),
            "after": progress.after and [*progress.after],
            "done": progress.done,
            "tries": 0,
        }
        with time_limit(READ_SECONDS):
            done = self._control.update_one({"_id": claim.key, "token": claim.token}, {"$set": changes})
        return done.matched_count == 1

    @override
    def release(self, claim: RangeClaim) -> None:
        ended = {"$unset": {"token": "", "claimedUntil": ""}}
        with time_limit(READ_SECONDS):
            self._control.update_one({"_id": claim.key, "token": claim.token}, ended)

    @override
    def progress(self, fan_out: FanOut) -> Iterator[RangeProgress]:
        """Look them up by their ids, with the first findings that a walk keeps. What nobody can read is not begun."""
        pipeline: list[Document] = [
            {"$match": _ranges_of(f"{_key(fan_out.walk)}:{fan_out.id}")},
            {"$sort": {"_id": 1}},
            CLAIMED,
            {"$setWindowFields": {"sortBy": {"_id": 1}, "output": {"before": FOUND_BEFORE}}},
            {"$set": {"findings": {"$cond": [{"$isArray": "$findings"}, FIRST_FOUND, "$findings"]}}},
        ]
        with time_limit(READ_SECONDS):
            found = [readable(StoredRange, each, each["_id"]) for each in self._control.aggregate(pipeline)]
        return iter([stored.progress() for stored in found if stored])

    def _ranges(self, walk: Walk) -> Document:
        """The ranges that are stored now, so that deleting them spares a walk that begins meanwhile."""
        return {"_id": {"$in": [each["_id"] for each in self._control.find(_ranges_of(_key(walk)), ["_id"])]}}


NOW: Document = {"$toLong": "$$NOW"}
IS_FREE: Document = {"$lte": [{"$ifNull": ["$claimedUntil", None]}, "$$NOW"]}
FOUND: Document = {"$cond": [{"$isArray": "$findings"}, {"$size": "$findings"}, 0]}
FOUND_BEFORE: Document = {"$sum": FOUND, "window": {"documents": ["unbounded", -1]}}
FIRST_FOUND: Document = {
    "$cond": [
        {"$lt": ["$before", KEPT_FINDINGS]},
        {"$slice": ["$findings", {"$subtract": [KEPT_FINDINGS, "$before"]}]},
        [],
    ]
}
CLAIMED: Document = {"$set": {"claimed": {"$and": [{"$ne": ["$done", True]}, {"$not": [IS_FREE]}]}}}


def _begun(fan_out: FanOut, number: int) -> Document:
    """What a range has from the beginning, where it has not yet."""
    fields = {**seen_document(fan_out.nothing), "number": number, "after": None, "done": False}
    return {name: {"$ifNull": [f"${name}", {"$literal": value}]} for name, value in fields.items()}


def _claimed(token: str, seconds: float) -> Document:
    claimed: Document = {
        "token": token,
        "claimedUntil": {"$add": ["$$NOW", round(seconds * 1000)]},
        "tries": {"$cond": [{"$isNumber": "$tries"}, {"$add": ["$tries", 1]}, 1]},
    }
    may = {"$and": [{"$ne": ["$done", True]}, IS_FREE]}
    return {name: {"$cond": [may, value, f"${name}"]} for name, value in claimed.items()}


def _key(walk: Walk) -> str:
    return f"{FAN_OUT}{walk.value}"


def _same(fan_out: FanOut) -> Document:
    """This walk, unless another one has taken its place."""
    return {"_id": _key(fan_out.walk), "id": fan_out.id}


def _ranges_of(key: str) -> Document:
    return {"_id": {"$regex": f"^{re.escape(key)}:"}}
