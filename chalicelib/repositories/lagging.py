"""Meters whose display lags, across users: by the partial indexes on ``dirtySince``, so clean meters cost nothing.

Outdated meters are found by the index on the mark of their calculation (migration 009), where those that are up to
date lie behind the end of what is asked for.

The attempts are kept on the meter (``sweep``: attempts, nextAttempt, error), where the update that publishes a refresh
takes them away.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.cursor import Cursor
from typing_extensions import override

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.lagging import FailingMeter, Lag, LaggingMeter, LaggingMeters
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.calculation_marks import not_newer, outdated
from chalicelib.repositories.database import Collections, Document, MongoDatabase, instant_of, time_limit

# What the partial indexes hold, without damaged values that are no dates: one meter must not stop all others.
DIRTY: Document = {"dirtySince": {"$exists": True, "$lte": datetime.max.replace(tzinfo=UTC)}}
EVER = datetime.fromtimestamp(0, UTC)
NEXT_ATTEMPT = "sweep.nextAttempt"
FAILED: Document = {NEXT_ATTEMPT: {"$gte": EVER}, "sweep.error": {"$type": "string"}}
# An update waits for a transaction that has written the meter: a function killed in a write leaves it open for 45 s.
CLAIM_SECONDS = 1.0
SEEN = ("sweep", "dirtySince")
Order = list[tuple[str, int]] | None
METERS_AT_ONCE = 20  # the server forgets a cursor that nobody asks for ten minutes


class MongoLaggingMeters(LaggingMeters):
    """``LaggingMeters`` on MongoDB."""

    def __init__(
        self, database: MongoDatabase, timeout_seconds: float, calculation_version: int = CALCULATION_VERSION
    ) -> None:
        self._meters = database[Collections.METERS]
        self._timeout = timeout_seconds
        self._outdated = outdated(calculation_version)
        self._ours = not_newer(calculation_version)

    @override
    def lag(self, dirty_before: int) -> Lag:
        """A count and a look at the first, both by the index on ``dirtySince``."""
        dirty = {**DIRTY, **self._ours}
        with time_limit(self._timeout):
            lagging = self._meters.count_documents(self._since(dirty_before))
            oldest = self._meters.find_one(dirty, projection=["dirtySince"], sort=[("dirtySince", 1)])
        return Lag(lagging, instant_of((oldest or {}).get("dirtySince")))

    @override
    def waiting(self, dirty_before: int, now: int, limit: int) -> Sequence[LaggingMeter]:
        """Two looks at the index on next attempt and ``dirtySince``: however many fail, they are not walked over."""
        return self._to_try(self._since(dirty_before), now, limit, [("dirtySince", 1)], [(NEXT_ATTEMPT, 1)])

    @override
    def every(self, dirty_before: int) -> Iterator[LaggingMeter]:
        """Use the index on ``dirtySince``, in small batches."""
        yield from self._each(self._since(dirty_before), [("dirtySince", 1)])

    def outdated(self) -> int:
        """Use the index on the mark: nothing is looked at but what is counted."""
        with time_limit(self._timeout):
            return self._meters.count_documents(self._outdated)

    def waiting_outdated(self, now: int, limit: int) -> Sequence[LaggingMeter]:
        """Two looks at the index on mark and next attempt, in its order: here too nothing fails in anybody's way."""
        return self._to_try(self._outdated, now, limit)

    def every_outdated(self) -> Iterator[LaggingMeter]:
        """Use the index on the mark, in small batches."""
        yield from self._each(self._outdated)

    @override
    def claim(self, meter: LaggingMeter, next_attempt: int) -> bool:
        """Only from the state that was read, and only while the meter is dirty, or outdated as it was."""
        claimed = meter.claimed
        sweep = {"attempts": claimed.attempts, "nextAttempt": to_datetime(next_attempt), "error": claimed.error}
        with time_limit(CLAIM_SECONDS):
            return bool(self._meters.update_one(self._as_read(meter), {"$set": {"sweep": sweep}}).matched_count)

    @override
    def failed(self, claimed: LaggingMeter, error: str) -> None:
        """Nothing where the attempt is not the last one any more."""
        with time_limit(CLAIM_SECONDS):
            self._meters.update_one(self._as_read(claimed), {"$set": {"sweep.error": error}})

    @override
    def failing(self, limit: int) -> tuple[int, Sequence[FailingMeter]]:
        """Two counts and two lists."""
        lagging, outdated = {**DIRTY, **self._ours, **FAILED}, {**self._outdated, **FAILED}
        with time_limit(self._timeout):
            count = self._meters.count_documents(lagging) + self._meters.count_documents(outdated)
            found = list(self._meters.find(lagging, sort=[(NEXT_ATTEMPT, 1)], limit=limit))
            if len(found) < limit:
                found += self._meters.find(outdated, limit=limit - len(found))
            return count, [_failing(document) for document in found]

    def _since(self, dirty_before: int) -> Document:
        return {"dirtySince": {"$lte": to_datetime(dirty_before)}, **self._ours}

    def _to_try(
        self, wanted: Document, now: int, limit: int, never_tried: Order = None, due: Order = None
    ) -> list[LaggingMeter]:
        """Those never tried and those whose pause is over, each in an order that an index has."""
        with time_limit(self._timeout):
            found = self._first({**wanted, NEXT_ATTEMPT: {"$exists": False}}, never_tried, limit)
            if len(found) < limit:
                found += self._first({**wanted, NEXT_ATTEMPT: {"$lte": to_datetime(now)}}, due, limit - len(found))
        return found

    def _each(self, wanted: Document, order: Order = None) -> Iterator[LaggingMeter]:
        with self._meters.find(wanted, projection=SEEN, sort=order, batch_size=METERS_AT_ONCE) as found:
            while document := self._next(found):
                yield _lagging(document)

    def _as_read(self, meter: LaggingMeter) -> Document:
        attempts: Any = meter.attempts or {"$exists": False}
        wanted = self._outdated if meter.outdated else {**DIRTY, **self._ours}
        return {**wanted, "_id": meter.id, "sweep.attempts": attempts}

    def _next(self, found: Cursor[Document]) -> Document | None:
        with time_limit(self._timeout):
            return next(found, None)

    def _first(self, wanted: Document, order: Order, limit: int) -> list[LaggingMeter]:
        return [_lagging(document) for document in self._meters.find(wanted, projection=SEEN, sort=order, limit=limit)]


def _lagging(document: Document) -> LaggingMeter:
    sweep = document.get("sweep") or {}
    return LaggingMeter(
        document["_id"], sweep.get("attempts", 0), sweep.get("error"), outdated="dirtySince" not in document
    )


def _failing(document: Document) -> FailingMeter:
    since, next_attempt = document.get("dirtySince"), document["sweep"]["nextAttempt"]
    return FailingMeter(_lagging(document), instant_of(since), to_ms(next_attempt))
