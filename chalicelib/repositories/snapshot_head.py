"""The first read of every calculation, in one command: sync mode, meter and settings, and what is asked beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.people import concerning
from chalicelib.repositories import series
from chalicelib.repositories.control import MODE_CHANGES, READ, SYNC_MODE, state_among, sync_state
from chalicelib.repositories.database import Collections, Document, MongoDatabase, meter_id
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.sealed_views import AS_SENT, OpenedView, decoded, opened
from chalicelib.repositories.settings import MongoSettingsWriter, own_settings

LAST_CHANGE: Document = {"$cond": [{"$isArray": "$changes"}, {"$slice": ["$changes", -1]}, "$changes"]}
ID: Document = {"_id": True}


@dataclass(frozen=True, slots=True)
class Head:
    """``meter``: empty where there is none. ``has_readings``: whether the new side has any, where that was asked.

    ``look``: gives the settings, which are damaged for nobody who does not go by them.
    ``views``: those that were looked up beside it, each with whether its seal holds; None where nobody has.
    ``parts``: those of a small meter's series, where they were looked up.
    """

    sync: SyncState
    meter: Document
    look: Callable[[], UserSettings]
    has_readings: bool = False
    views: Sequence[OpenedView] | None = None
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
    readings: bool = False,
    views: Sequence[str] = (),
    few: int | None = None,
    of_large: Sequence[str] = (),
) -> Head:
    """The head of a snapshot, as a session sees it. Raises LostModeError.

    ``readings``: whether there are any, readable or not, is asked too, by their index.
    ``views``: the ids of display documents to look up in the same command, and ``few``: up to this many readings make
    a meter small, so that its series is looked up too; None: of no meter. ``of_large``: more views, of a large meter.
    """
    concerning(user_id)
    any_readings = [_readings(user_id, energy_type)] if readings else []
    shown = [_views(views, of_large, few)] if views or of_large else []
    parts = [_series(meter_id(user_id, energy_type), few)] if few is not None else []
    pipeline = [*_pipeline(user_id, energy_type), *any_readings, *shown, *parts]
    control: Collection[Any] = database.get_collection(Collections.CONTROL, codec_options=AS_SENT)
    found = list(control.aggregate(pipeline, session=session))
    seen = dict(found[0].items()) if found else {}
    sync = state_among([seen, *map(decoded, seen["others"])]) if found else None
    if sync is None:  # no migration has seen this database, or its mode was lost
        return _one_by_one(database, user_id, energy_type, session)
    meters, settings = ([decoded(document) for document in seen[name]] for name in ("meters", "settings"))
    return Head(
        sync,
        meters[0] if meters else {},
        partial(own_settings, settings, user_id),
        has_readings=bool(seen.get("readings")),
        views=[opened(view) for view in seen["views"]] if shown else None,
        parts=[dict(part.items()) for part in seen.get("parts", ())],
    )


def _pipeline(user_id: str, energy_type: EnergyType) -> list[dict[str, Any]]:
    """The lookups name the user by themselves; one document comes back, with the change of mode that its mode is of."""
    return [
        {"$match": {"_id": SYNC_MODE}},
        {"$project": READ},
        lookup(Collections.CONTROL, "others", {"_id": MODE_CHANGES}, {"$project": {"changes": LAST_CHANGE}}),
        lookup(Collections.METERS, "meters", {"_id": meter_id(user_id, energy_type)}),
        lookup(Collections.SETTINGS, "settings", {"_id": user_id}),
    ]


def _readings(user_id: str, energy_type: EnergyType) -> dict[str, Any]:
    own = {"userId": user_id, "type": energy_type.value}
    return lookup(Collections.READINGS, "readings", own, {"$limit": 1}, {"$project": ID})


def _series(meter: str, few: int) -> Document:
    """The parts of a small meter; of a large one the range is empty, so that none is looked at.

    An id begins as its user's does, which may look like a variable of the server: what it is compared with is literal.
    """
    span = series.years_of(meter)
    end = {"$cond": [_is_small(few), {"$literal": span["$lt"]}, {"$literal": span["$gte"]}]}
    within: Document = {"_id": {"$gte": span["$gte"]}, "$expr": {"$lt": ["$_id", "$$end"]}}
    pipeline = [{"$match": within}, {"$sort": {"_id": 1}}]
    return {"$lookup": {"from": Collections.SERIES.value, "let": {"end": end}, "pipeline": pipeline, "as": "parts"}}


def _views(views: Sequence[str], of_large: Sequence[str], few: int | None) -> Document:
    wanted: Document = {"_id": {"$in": [*views, *of_large]}}
    if not of_large or few is None:
        return lookup(Collections.DISPLAY, "views", wanted)
    wanted["$expr"] = {"$or": ["$$isLarge", {"$in": ["$_id", {"$literal": [*views]}]}]}
    found = lookup(Collections.DISPLAY, "views", wanted)
    return {"$lookup": {**found["$lookup"], "let": {"isLarge": {"$not": [_is_small(few)]}}}}


def _is_small(few: int) -> Document:
    count = {"$first": "$meters.series.count"}
    return {"$and": [{"$isNumber": count}, {"$lte": [count, few]}]}


def lookup(collection: Collections, name: str, wanted: Document, *stages: Document) -> Document:
    """A stage that looks up in a collection what does not depend on the document that it is beside."""
    return {"$lookup": {"from": collection.value, "pipeline": [{"$match": wanted}, *stages], "as": name}}


def _one_by_one(database: MongoDatabase, user_id: str, energy_type: EnergyType, session: ClientSession) -> Head:
    return Head(
        sync_state(database, session),
        OwnedDocuments(database, user_id, session).find(Collections.METERS, meter_id(user_id, energy_type)) or {},
        MongoSettingsWriter(database, user_id, session).get,
    )
