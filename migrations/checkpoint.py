"""Where a backfill stands: a document of ``control`` that a run after an interruption goes on from."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync.modes import SyncState
from chalicelib.domain.sync.reconciliation import MeterKey
from chalicelib.repositories.database import Collections

CHECKPOINT = "backfill"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The meter up to which everything is done. Of use in one period of a mode: after it, everything may differ."""

    database: Database[Any]
    sync: SyncState

    def load(self) -> MeterKey | None:
        """The meter, None at the beginning and when the mode has been another in between."""
        found = self.database[Collections.CONTROL].find_one({"_id": CHECKPOINT, "since": self.sync.since})
        return None if found is None else (found["userId"], EnergyType(found["type"]))

    def save(self, meter: MeterKey) -> None:
        """Remember the meter."""
        position = {"since": self.sync.since, "userId": meter[0], "type": meter[1].value, "at": datetime.now(UTC)}
        self.database[Collections.CONTROL].replace_one({"_id": CHECKPOINT}, position, upsert=True)

    def clear(self) -> None:
        """Forget it: the backfill is complete."""
        self.database[Collections.CONTROL].delete_one({"_id": CHECKPOINT})
