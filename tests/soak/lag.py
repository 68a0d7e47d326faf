"""Measuring the time from a write's commit to its display, for every write of all meters, by MongoDB's own clock."""

from collections import defaultdict, deque
from datetime import datetime
from threading import Event
from typing import Any

from pymongo.database import Database

LOOK_MS = 200


class LagWatch:
    """Follows the change stream of ``meters`` from the moment it is made."""

    def __init__(self, database: Database[Any]) -> None:
        self.seconds: list[float] = []
        self._stream = database["meters"].watch(max_await_time_ms=LOOK_MS)
        self._waiting: dict[str, deque[tuple[int, datetime]]] = defaultdict(deque)

    def follow(self, enough: Event) -> None:
        """Read changes until it is enough and none is left."""
        with self._stream:
            while (change := self._stream.try_next()) or not enough.is_set():
                if change:
                    self._take(change)

    def _take(self, change: Any) -> None:
        meter, at = change["documentKey"]["_id"], change["wallTime"]
        said = change.get("fullDocument") or change["updateDescription"]["updatedFields"]
        if "sourceVersion" in said:
            self._waiting[meter].append((said["sourceVersion"], at))
        self._shown(self._waiting[meter], said.get("displayVersion", 0), at)

    def _shown(self, waiting: deque[tuple[int, datetime]], version: int, at: datetime) -> None:
        while waiting and waiting[0][0] <= version:
            self.seconds.append((at - waiting.popleft()[1]).total_seconds())
