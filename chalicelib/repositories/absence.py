"""Known absence: whether a meter that is not there has no reading either, in the command that looks for it.

These stages come behind those that find the meters. The server goes into them only where one is missing: the limit
ends the command once all are found. It looks at the readings last, so that it misses none that was acknowledged
before, as long as the new side is complete. Where there is one, the meter may have been lost, or written meanwhile; and
where the mode looks lost, it may have changed meanwhile: then somebody has to look closer, at one snapshot.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import LostModeError
from chalicelib.domain.ports.values import MeterSnapshot
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories.control import MODE_CHANGES, SYNC_MODE, state_among
from chalicelib.repositories.database import Collections, Document
from chalicelib.repositories.settings import UNREADABLE, own_settings
from chalicelib.repositories.snapshot_head import lookup
from chalicelib.repositories.snapshots import snapshot_of

EMPTY = CompactReadings.of(())


def absence_of(user_id: str, kinds: Iterable[EnergyType], *beside: Document) -> list[Document]:
    """Stages behind those that find some meters of a user: what ``nothing_in`` reads, where one of them is missing.

    It reads ``settings`` too, which are looked up in ``beside`` or behind all of this.
    """
    wanted = [*kinds]
    own = [(kind.value, {"userId": user_id, "type": kind.value}) for kind in wanted]
    pipeline = [
        {"$match": {"_id": SYNC_MODE}},
        lookup(Collections.CONTROL, "others", {"_id": MODE_CHANGES}),
        *(lookup(Collections.READINGS, kind, match, {"$limit": 1}) for kind, match in own),
        *beside,
    ]
    return [{"$unionWith": {"coll": Collections.CONTROL.value, "pipeline": pipeline}}, {"$limit": len(wanted)}]


def is_absence(found: Mapping[str, Any]) -> bool:
    """Whether this is what those stages give: the id of a meter has a bar."""
    return found.get("_id") == SYNC_MODE


def nothing_in(found: Document, user_id: str, energy_type: EnergyType) -> MeterSnapshot | None:
    """The snapshot of a missing meter without readings; None: somebody has to look closer."""
    with suppress(LostModeError, *UNREADABLE):
        # Nobody asks what is shown when its mode was read, and asking the server for it takes 4 % of the command.
        sync = state_among([{**found, "readAt": found.get("since")}, *map(_latest, found["others"])])
        if sync is None or sync.reads(Backend.NEW) is not Side.NEW or found[energy_type.value]:
            return None
        return snapshot_of(sync, {}, energy_type, own_settings(found["settings"], user_id), EMPTY)
    return None


def _latest(history: Document) -> Document:
    """The history of the mode as every other reader gets it: cutting it on the server takes 7 % of the command."""
    changes = history.get("changes")
    return {**history, "changes": changes[-1:] if isinstance(changes, list) else changes}
