"""The lock that lets one runner work at a time: a document with owner, heartbeat and expiry by the server's clock."""

import os
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from time import monotonic
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from migrations.errors import LockedError

LOCK = "lock"
LOCK_SECONDS = 30.0
LONG_AGO = datetime.fromtimestamp(0, UTC)


class Lock:
    """Held while the block runs and kept alive by a thread; a runner that dies loses it after ``seconds``.

    Raises LockedError on entering when another runner holds it.
    """

    def __init__(self, records: Collection[dict[str, Any]], seconds: float = LOCK_SECONDS) -> None:
        self._records = records
        self._seconds = seconds
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name="migration-lock", daemon=True)
        self._valid_until = -inf

    def __enter__(self) -> Self:
        asked = monotonic()
        # an upsert cannot ask for the server's time, so the document comes first and is taken then
        self._records.update_one({"_id": LOCK}, {"$setOnInsert": {"expiresAt": LONG_AGO}}, upsert=True)
        free = {"_id": LOCK, "$expr": {"$lte": ["$expiresAt", "$$NOW"]}}
        taken = {"owner": self.owner, "acquiredAt": "$$NOW", **self._alive()}
        if not self._records.update_one(free, [{"$set": taken}]).matched_count:
            raise LockedError(self._who_holds_it())
        self._valid_until = asked + self._seconds
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._thread.join()
        # out of reach, the lock expires by itself
        with suppress(PyMongoError):
            self._records.update_one({"_id": LOCK, "owner": self.owner}, {"$set": {"expiresAt": LONG_AGO}})

    def check(self) -> None:
        """Raise LockedError when the lock could be somebody else's by now."""
        if monotonic() >= self._valid_until:
            raise LockedError("this runner has lost its lock (it could not renew it in time); run the command again")

    def _keep_alive(self) -> None:
        while not self._released.wait(self._seconds / 3):
            asked = monotonic()
            try:
                mine = self._records.update_one({"_id": LOCK, "owner": self.owner}, [{"$set": self._alive()}])
            except PyMongoError:
                continue  # asked again in a moment; ``check`` knows when it has been too long
            self._valid_until = asked + self._seconds if mine.matched_count else 0.0

    def _alive(self) -> dict[str, Any]:
        return {"heartbeatAt": "$$NOW", "expiresAt": {"$add": ["$$NOW", int(self._seconds * 1000)]}}

    def _who_holds_it(self) -> str:
        other = holder(self._records)
        if other is None:
            return "another runner has just held the lock; run the command again"
        return (
            f"{other['owner']} has held the lock since {other['acquiredAt']:%Y-%m-%d %H:%M:%S} UTC "
            f"(last sign of life {other['heartbeatAt']:%H:%M:%S}); wait for it. If that process is dead, "
            f"its lock ends by itself at {other['expiresAt']:%H:%M:%S} UTC"
        )


def holder(records: Collection[dict[str, Any]]) -> dict[str, Any] | None:
    """The lock's document while somebody holds it."""
    return records.find_one({"_id": LOCK, "$expr": {"$gt": ["$expiresAt", "$$NOW"]}})
