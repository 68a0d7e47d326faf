"""Meters whose display lags, across users: by the partial indexes on ``dirtySince``, so clean meters cost nothing.

The attempts are kept on the meter (``sweep``: attempts, nextAttempt, error), where the update that publishes a refresh
takes them away.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.cursor import Cursor
from typing_extensions import override

from chalicelib.domain.lagging_meters import FailingMeter, Lag, LaggingMeter, LaggingMeters
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.database import Collections, Document, MongoDatabase, instant_of, time_limit

# What the partial indexes hold, but for what was damaged and is no date: one meter must not stop all others.
DIRTY: Document = {"dirtySince": {"$exists": True, "$lte": datetime.max.replace(tzinfo=UTC)}}
EVER = datetime.fromtimestamp(0, UTC)
FAILING: Document = {**DIRTY, "sweep.nextAttempt": {"$gte": EVER}, "sweep.error": {"$type": "string"}}
NEXT_ATTEMPT = "sweep.nextAttempt"
# An update waits for a transaction that has written the meter: a function killed in a write leaves it open for 45 s.
CLAIM_SECONDS = 1.0
METERS_AT_ONCE = 20  # the server forgets a cursor that nobody asks for ten minutes


class MongoLaggingMeters(LaggingMeters):
    """``LaggingMeters`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._meters = database[Collections.METERS]
        self._timeout = timeout_seconds

    @override
    def lag(self, dirty_before: int) -> Lag:
        """A count and a look at the first, both by the index on ``dirtySince``."""
        with time_limit(self._timeout):
            lagging = self._meters.count_documents({"dirtySince": {"$lte": to_datetime(dirty_before)}})
            oldest = self._meters.find_one(DIRTY, projection={"dirtySince": 1}, sort=[("dirtySince", 1)])
        return Lag(lagging, instant_of((oldest or {}).get("dirtySince")))

    @override
    def waiting(self, dirty_before: int, now: int, limit: int) -> Sequence[LaggingMeter]:
        """Two looks at the index on next attempt and ``dirtySince``: however many fail, they are not walked over."""
        since: Document = {"dirtySince": {"$lte": to_datetime(dirty_before)}}
        never = {**since, NEXT_ATTEMPT: {"$exists": False}}
        due = {**since, NEXT_ATTEMPT: {"$lte": to_datetime(now)}}
        with time_limit(self._timeout):
            found = self._first(never, "dirtySince", limit)
            return found + (self._first(due, NEXT_ATTEMPT, limit - len(found)) if len(found) < limit else [])

    @override
    def every(self, dirty_before: int) -> Iterator[LaggingMeter]:
        """By the index on ``dirtySince``, in small batches."""
        since: Document = {"dirtySince": {"$lte": to_datetime(dirty_before)}}
        found = self._meters.find(since, projection={"sweep": 1}, sort=[("dirtySince", 1)], batch_size=METERS_AT_ONCE)
        with found:
            while document := self._next(found):
                yield _lagging(document)

    @override
    def claim(self, meter: LaggingMeter, next_attempt: int) -> bool:
        """Only from the state that was read, and only while the meter is dirty."""
        claimed = meter.claimed
        sweep = {"attempts": claimed.attempts, "nextAttempt": to_datetime(next_attempt), "error": claimed.error}
        with time_limit(CLAIM_SECONDS):
            return bool(self._meters.update_one(_as_read(meter), {"$set": {"sweep": sweep}}).matched_count)

    @override
    def failed(self, claimed: LaggingMeter, error: str) -> None:
        """Nothing where the attempt is not the last one any more."""
        with time_limit(CLAIM_SECONDS):
            self._meters.update_one(_as_read(claimed), {"$set": {"sweep.error": error}})

    @override
    def failing(self, limit: int) -> tuple[int, Sequence[FailingMeter]]:
        """A count and a list."""
        with time_limit(self._timeout):
            found = self._meters.find(FAILING, sort=[(NEXT_ATTEMPT, 1)], limit=limit)
            return self._meters.count_documents(FAILING), [_failing(document) for document in found]

    def _next(self, found: Cursor[Document]) -> Document | None:
        with time_limit(self._timeout):
            return next(found, None)

    def _first(self, wanted: Document, order: str, limit: int) -> list[LaggingMeter]:
        found = self._meters.find(wanted, projection={"sweep": 1}, sort=[(order, 1)], limit=limit)
        return [_lagging(document) for document in found]


def _as_read(meter: LaggingMeter) -> Document:
    attempts: Any = meter.attempts or {"$exists": False}
    return {**DIRTY, "_id": meter.id, "sweep.attempts": attempts}


def _lagging(document: Document) -> LaggingMeter:
    sweep = document.get("sweep") or {}
    return LaggingMeter(document["_id"], sweep.get("attempts", 0), sweep.get("error"))


def _failing(document: Document) -> FailingMeter:
    return FailingMeter(_lagging(document), to_ms(document["dirtySince"]), to_ms(document["sweep"]["nextAttempt"]))
