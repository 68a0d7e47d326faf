"""Where a backfill stands: a document of ``control`` that a run after an interruption goes on from."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from pymongo.database import Database

from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync import SyncState
from chalicelib.domain.twins import MeterKey
from chalicelib.repositories.database import Collections

CHECKPOINT = "backfill"
CHECKPOINT_SECONDS = 1.0


@dataclass(slots=True)
class Checkpoint:
    """How far a backfill has come: behind ``meter``, or within it from ``first`` on. Of use in one mode period."""

    database: Database[Any]
    since: int | None
    seconds: float
    meter: MeterKey | None = None
    first: datetime | None = None
    written: float = field(default_factory=monotonic)

    @classmethod
    def load(cls, database: Database[Any], sync: SyncState, seconds: float) -> "Checkpoint":
        """The stored one; the beginning when the mode has been another in between."""
        found = database[Collections.CONTROL].find_one({"_id": CHECKPOINT, "since": sync.since})
        if found is None:
            return cls(database, sync.since, seconds)
        return cls(database, sync.since, seconds, (found["userId"], EnergyType(found["type"])), found["first"])

    def reach(self, meter: MeterKey, first: datetime | None = None) -> None:
        """Remember the position, in the database at most once in ``seconds``."""
        self.meter, self.first = meter, first
        if monotonic() - self.written < self.seconds:
            return
        position = {"_id": CHECKPOINT, "since": self.since, "userId": meter[0], "type": meter[1], "first": first}
        self.database[Collections.CONTROL].replace_one(
            {"_id": CHECKPOINT}, {**position, "at": datetime.now(UTC)}, upsert=True
        )
        self.written = monotonic()

    def clear(self) -> None:
        """Forget it: the backfill is complete."""
        self.database[Collections.CONTROL].delete_one({"_id": CHECKPOINT})
