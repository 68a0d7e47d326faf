"""How far a backfill is: a document of ``control`` that a run after an interruption goes on from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.repositories.control import BACKFILL, control_of
from chalicelib.repositories.database import Collections


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The meter up to which everything is done. Of use in one period of a mode: after it, everything may differ."""

    database: Database[Any]
    sync: SyncState
    say: Callable[[str], None]

    def load(self) -> MeterKey | None:
        """The meter; None at the beginning, when the mode has been another in between, and where it is unreadable."""
        found = control_of(self.database).find_one({"_id": BACKFILL})
        if found is None:
            return None
        meter = self._meter(found)
        if meter is None:
            self.say("the checkpoint is of another period of the mode or unreadable: all meters are looked at")
        return meter

    def save(self, meter: MeterKey) -> None:
        """Remember the meter, by the clock of the database."""
        position = {
            "since": self.sync.since,
            "userId": {"$literal": meter[0]},
            "type": meter[1].value,
            "at": "$$NOW",
        }
        replaced = [{"$replaceWith": {"_id": BACKFILL, **position}}]
        self.database[Collections.CONTROL].update_one({"_id": BACKFILL}, replaced, upsert=True)

    def _meter(self, found: dict[str, Any]) -> MeterKey | None:
        user_id, kind = found.get("userId"), found.get("type")
        types = [energy_type.value for energy_type in EnergyType]
        if found.get("since") != self.sync.since or not isinstance(user_id, str) or kind not in types:
            return None
        return user_id, EnergyType(kind)

    def clear(self) -> None:
        """Forget it: the backfill is complete."""
        self.database[Collections.CONTROL].delete_one({"_id": BACKFILL})
