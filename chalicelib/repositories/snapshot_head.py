"""The first read of every calculation, in one command: sync mode, meter, settings, and whether there is any reading.

Where the new side is read and has none, that is all a calculation needs: the absence of readings is known by one look
at their index.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pymongo.client_session import ClientSession

from chalicelib.domain.backends.sides import SyncState
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.people import concerning
from chalicelib.repositories import series
from chalicelib.repositories.control import MODE_CHANGES, READ, SYNC_MODE, control_of, state_among, sync_state
from chalicelib.repositories.database import Collections, Document, MongoDatabase, meter_id
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.settings import MongoSettingsWriter, own_settings

LAST_CHANGE: Document = {"$cond": [{"$isArray": "$changes"}, {"$slice": ["$changes", -1]}, "$changes"]}
ID: Document = {"_id": 1}


@dataclass(frozen=True, slots=True)
class Head:
    """``meter``: empty where there is none. ``has_readings``: whether the new side may have any, readable or not.

    ``look``: gives the settings, which are damaged for nobody who does not go by them.
    ``views``: those that were looked up beside it, None where nobody has.
    ``parts``: those of a small meter's series, where they were looked up.
    """

    sync: SyncState
    meter: Document
    look: Callable[[], UserSettings]
    has_readings: bool
    views: Sequence[Document] | None = None
    parts: Sequence[Document] = ()

    @property
    def settings(self) -> UserSettings:
        """The user's settings."""
        return self.look()


def head_of(
    database: MongoDatabase,
    user_id: str,
    energy_type: EnergyType,
    session: ClientSession,
    *,
    of_new: bool = True,
    views: Sequence[str] = (),
    few: int = -1,
) -> Head:
    """The head of a snapshot, as a session sees it; for the old backend no look at readings. Raises LostModeError.

    ``views``: the ids of display documents to look up in the same command, and ``few``: up to this many readings make
    a meter small, so that its series is looked up too.
    """
    concerning(user_id)
    readings = [_readings(user_id, energy_type)] if of_new else []
    shown = [_lookup(Collections.DISPLAY, "views", {"_id": {"$in": [*views]}})] if views else []
    parts = [_series(meter_id(user_id, energy_type), few)] if few >= 0 else []
    pipeline = [*_pipeline(user_id, energy_type), *readings, *shown, *parts]
    found = list(control_of(database).aggregate(pipeline, session=session))
    sync = state_among([found[0], *found[0]["others"]]) if found else None
    if sync is None:  # no migration has seen this database, or its mode was lost
        return _one_by_one(database, user_id, energy_type, session)
    [seen] = found
    meters, settings = seen["meters"], partial(own_settings, seen["settings"], user_id)
    has_readings = bool(seen.get("readings", True))
    return Head(sync, meters[0] if meters else {}, settings, has_readings, seen.get("views"), seen.get("parts", ()))


def _pipeline(user_id: str, energy_type: EnergyType) -> list[dict[str, Any]]:
    """The lookups name the user by themselves; one document comes back, with the change of mode that its mode is of."""
    return [
        {"$match": {"_id": SYNC_MODE}},
        {"$project": READ},
        _lookup(Collections.CONTROL, "others", {"_id": MODE_CHANGES}, {"$project": {"changes": LAST_CHANGE}}),
        _lookup(Collections.METERS, "meters", {"_id": meter_id(user_id, energy_type)}),
        _lookup(Collections.SETTINGS, "settings", {"_id": user_id}),
    ]


def _readings(user_id: str, energy_type: EnergyType) -> dict[str, Any]:
    own = {"userId": user_id, "type": energy_type.value}
    return _lookup(Collections.READINGS, "readings", own, {"$limit": 1}, {"$project": ID})


def _series(meter: str, few: int) -> Document:
    """The parts of a small meter; of a large one the range is empty, so that none is looked at."""
    span = series.years_of(meter)
    is_small = {"$lte": [{"$ifNull": [{"$first": "$meters.series.count"}, few + 1]}, few]}
    end = {"$cond": [is_small, span["$lt"], span["$gte"]]}
    within: Document = {"_id": {"$gte": span["$gte"]}, "$expr": {"$lt": ["$_id", "$$end"]}}
    pipeline = [{"$match": within}, {"$sort": {"_id": 1}}]
    return {"$lookup": {"from": Collections.SERIES.value, "let": {"end": end}, "pipeline": pipeline, "as": "parts"}}


def _lookup(collection: Collections, name: str, wanted: Document, *stages: Document) -> Document:
    return {"$lookup": {"from": collection.value, "pipeline": [{"$match": wanted}, *stages], "as": name}}


def _one_by_one(database: MongoDatabase, user_id: str, energy_type: EnergyType, session: ClientSession) -> Head:
    return Head(
        sync_state(database, session),
        OwnedDocuments(database, user_id, session).find(Collections.METERS, meter_id(user_id, energy_type)) or {},
        MongoSettingsWriter(database, user_id, session).get,
        has_readings=True,
    )
