"""Display documents: read with the state of their meter, replaced only by a newer version of it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import DeleteMany, InsertOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import DamagedMeterError, DuplicateReadingError
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument, DisplayUpdate
from chalicelib.domain.meters.invariants import (
    is_ahead,
    is_believable,
    is_version,
    latest_shown,
    view_id,
)
from chalicelib.domain.ports.values import MeterState, Shown
from chalicelib.domain.readings import EnergyType, to_datetime, to_ms
from chalicelib.monitoring.metrics import timed
from chalicelib.monitoring.names import MetricName
from chalicelib.repositories import series
from chalicelib.repositories.absence import absence_of, is_absence, nothing_in
from chalicelib.repositories.calculation_marks import behind
from chalicelib.repositories.control import SYNC_MODE, sync_state
from chalicelib.repositories.database import (
    READ_SECONDS,
    Collections,
    Document,
    MongoDatabase,
    meter_id,
    time_limit,
)
from chalicelib.repositories.meters import begin_again, published, state_of
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.packing_marks import STEP
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.sealed_views import AS_SENT, decoded, encoded_data, opened, sealed
from chalicelib.repositories.settings import UNREADABLE, own_settings
from chalicelib.repositories.snapshot_head import lookup
from chalicelib.repositories.transactions import in_transaction

VERSIONS = ["sourceVersion", "displayVersion"]
NO_METER = RawBSONDocument(bson.encode({}), AS_SENT)
SHOWN = (Collections.DISPLAY, Collections.SERIES)


class MongoDisplayDataRepository:
    """Implements ``DisplayDataRepository`` for the documents of one calculation version."""

    def __init__(
        self, database: MongoDatabase, timeout_seconds: float, calculation_version: int = CALCULATION_VERSION
    ) -> None:
        self._database = database
        # Making the handle each time would be a tenth of a read.
        self._meters: Collection[Any] = database.get_collection(Collections.METERS, codec_options=AS_SENT)
        self._timeout = timeout_seconds
        self._calculation_version = calculation_version

    def find(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
    ) -> tuple[DisplayDocument | None, MeterState]:
        """Meter and document in one command: two lookups by ``_id``, joined by ``$lookup``.

        A refresh between the two makes the document look newer than its meter: then one moment is looked at.
        """
        view = view_id(user_id, energy_type, data_type, year, self._calculation_version)
        with timed(MetricName.DISPLAY_QUERY_DURATION), time_limit(READ_SECONDS):
            found = self._looked_up(user_id, energy_type, _view_pipeline(meter_id(user_id, energy_type), view))
        return found.document, found.state

    def look_up(
        self,
        user_id: str,
        energy_type: EnergyType,
        data_type: DataType,
        year: int | None = None,
        *,
        zoned: bool = False,
    ) -> Shown:
        """The settings are a third lookup of the same command, and where there is no meter, its absence is one more."""
        view = view_id(user_id, energy_type, data_type, year, self._calculation_version)
        found = _view_pipeline(meter_id(user_id, energy_type), view)
        settings = _settings_of(user_id)
        beside, behind = ([], [settings]) if zoned else ([settings], [])
        pipeline = [*found, *absence_of(user_id, [energy_type], *beside), *behind]
        with timed(MetricName.DISPLAY_QUERY_DURATION), time_limit(READ_SECONDS):
            return self._looked_up(user_id, energy_type, pipeline)

    def summaries(self, user_id: str) -> Mapping[EnergyType, Shown]:
        """All meters in one command. A view that a refresh has just replaced is read again by itself."""
        meters = {kind: meter_id(user_id, kind) for kind in EnergyType}
        view = view_id(user_id, EnergyType.POWER, "summary", None, self._calculation_version)
        views = _views_pipeline([*meters.values()], view.removeprefix(meters[EnergyType.POWER]))
        pipeline = [*views, *absence_of(user_id, EnergyType, _settings_of(user_id))]
        with timed(MetricName.DISPLAY_QUERY_DURATION), time_limit(READ_SECONDS):
            found = {sent["_id"]: sent for sent in self._meters.aggregate(pipeline)}
        absence = found.get(SYNC_MODE, NO_METER)
        seen = {kind: self._seen(user_id, kind, found.get(meter, absence)) for kind, meter in meters.items()}
        damaged = [kind for kind, shown in seen.items() if shown.state.damaged]
        return seen | {kind: self.look_up(user_id, kind, "summary") for kind in damaged}

    def encoded(self, data: Mapping[str, Any]) -> bytes:
        """The documents in the driver's encoding."""
        return encoded_data(data)

    def _looked_up(self, user_id: str, energy_type: EnergyType, pipeline: list[Document]) -> Shown:
        shown = self._seen(user_id, energy_type, self._read(pipeline, None))
        if not shown.state.damaged:
            return shown
        with self._database.client.start_session(snapshot=True) as session:
            return self._seen(user_id, energy_type, self._read(pipeline, session))

    def _read(self, pipeline: list[Document], session: ClientSession | None) -> RawBSONDocument:
        return next(self._meters.aggregate(pipeline, session=session), NO_METER)

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        """The versions of a meter."""
        owned = OwnedDocuments(self._database, user_id)
        with time_limit(READ_SECONDS):
            return state_of(owned.find(Collections.METERS, meter_id(user_id, energy_type)))

    def publish(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> bool:
        """Advance the meter where it is behind the update, and only then touch its documents."""

        def work(session: ClientSession) -> bool:
            meters = ScopedCollection(self._database[Collections.METERS], user_id, session)
            wanted = behind(update.source_version, self._calculation_version, whole=update.whole)
            kept = update.series if update.series and series.storable(update.series.parts.values()) else None
            mark = None if kept is None else series.mark_of(user_id, energy_type, kept)
            seen = update.packing
            changed = published(update.source_version, self._calculation_version, update.as_of, mark, seen.ranges)
            meter = {"_id": meter_id(user_id, energy_type), STEP: seen.step}
            before = meters.find_one_and_update({**meter, **wanted}, changed, projection=VERSIONS)
            if before is None:
                return False
            if update.whole:
                self._refuse_newer(user_id, energy_type, latest_shown(before), session)
                self._clear(user_id, energy_type, session, SHOWN if update.packing.ranges is None else SHOWN[:1])
            self._replace(user_id, energy_type, update, before, session)
            stored = series.parts_of(self._database, user_id, session)
            series.replace(stored, user_id, energy_type, kept)
            return True

        try:
            return in_transaction(self._database, self._timeout, work)
        except DuplicateReadingError as error:
            raise DamagedMeterError(f"a display document of {meter_id(user_id, energy_type)} is in the way") from error

    def begin_again(self, user_id: str, energy_type: EnergyType) -> None:
        """Do it in one transaction with everything that is stored of it, which goes."""

        def work(session: ClientSession) -> None:
            sync_state(self._database, session, [user_id])
            begin_again(OwnedDocuments(self._database, user_id, session), user_id, energy_type)
            self._clear(user_id, energy_type, session)

        in_transaction(self._database, self._timeout, work)

    def _seen(self, user_id: str, energy_type: EnergyType, sent: RawBSONDocument) -> Shown:
        """A meter with the view that was looked up for it: the view only where both can be believed."""
        if is_absence(sent):
            return Shown(None, MeterState(), nothing=nothing_in(decoded(sent), user_id, energy_type))
        views, state = self._believed(sent)
        return Shown(view_of(views[0]) if views else None, state, _zone_beside(sent, user_id))

    def _believed(self, sent: RawBSONDocument) -> tuple[list[Document], MeterState]:
        """Of a meter with its looked up views those that can be believed.

        Beside a meter that another calculation shows, a view of ours is left over from before that.
        """
        meter = dict(sent.items())
        state, views = state_of(meter), [opened(view) for view in meter.get("views", ())]
        if state.damaged or not views:
            return [], state
        if any(is_ahead(view, meter) for view, _ in views):
            return [], MeterState(damaged=True)
        ours = state.calculation_version == self._calculation_version
        return [view for view, sealed in views if ours and is_believable(view, meter, is_sealed=sealed)], state

    def _replace(
        self, user_id: str, energy_type: EnergyType, update: DisplayUpdate, before: Document, session: ClientSession
    ) -> None:
        """One command for all documents: a backfill spends half its time on commands.

        A document that is newer than what its meter showed is not matched, so that its ``_id`` is in the way.
        """
        display = ScopedCollection(self._database[Collections.DISPLAY], user_id, session)
        stored = [stored_view(user_id, energy_type, document) for document in update.documents]
        if update.whole:
            display.bulk_write([InsertOne(document) for document in stored])
            return
        older = {"sourceVersion": {"$lte": before["displayVersion"]}}
        outside = {"type": energy_type.value, **_not_stored(update.stored_years)}
        replaced = [ReplaceOne({"_id": document["_id"], **older}, document, upsert=True) for document in stored]
        display.bulk_write([*replaced, DeleteMany(outside)])

    def _refuse_newer(self, user_id: str, energy_type: EnergyType, latest: int, session: ClientSession) -> None:
        owned = OwnedDocuments(self._database, user_id, session)
        views = owned.of_meter(Collections.DISPLAY, energy_type, ["sourceVersion"])
        if any(is_version(version := view.get("sourceVersion")) and version > latest for view in views):
            raise DamagedMeterError(f"{meter_id(user_id, energy_type)} has a display document that is newer than it")

    def _clear(
        self,
        user_id: str,
        energy_type: EnergyType,
        session: ClientSession,
        collections: Sequence[Collections] = SHOWN,
    ) -> None:
        """Take away everything that a meter shows or seems to show, in its own name or under its ids."""
        owned = OwnedDocuments(self._database, user_id, session)
        for collection in collections:
            owned.delete(collection, (each["_id"] for each in owned.of_meter(collection, energy_type, ["_id"])))
        display = ScopedCollection(self._database[Collections.DISPLAY], user_id, session)
        display.delete_many({"type": energy_type.value})


def _view_pipeline(meter: str, view: str) -> list[dict[str, Any]]:
    """All ids begin with the user's: no other user's document can match, and a lookup by ``_id`` is the fastest."""
    views = [{"$match": {"_id": view}}]
    return [
        {"$match": {"_id": meter}},
        {"$lookup": {"from": Collections.DISPLAY.value, "pipeline": views, "as": "views"}},
    ]


def _views_pipeline(meters: list[str], suffix: str) -> list[dict[str, Any]]:
    """Some meters, each with the view whose id is the meter's with a suffix."""
    view = {"from": Collections.DISPLAY.value, "localField": "view", "foreignField": "_id", "as": "views"}
    return [
        {"$match": {"_id": {"$in": meters}}},
        {"$set": {"view": {"$concat": ["$_id", suffix]}}},
        {"$lookup": view},
    ]


def _settings_of(user_id: str) -> Document:
    return lookup(Collections.SETTINGS, "settings", {"_id": user_id})


def _zone_beside(meter: Mapping[str, Any], user_id: str) -> ZoneInfo | None:
    """The zone of a meter's user from the settings that were looked up for it.

    None where none were, or they cannot be read: a stored view is right all the same.
    """
    found = meter.get("settings")
    with suppress(*UNREADABLE):
        return None if found is None else own_settings(found, user_id).zone
    return None


def _not_stored(years: range) -> dict[str, Any]:
    """What matches the yearly documents outside the stored years: all of them when nothing is left."""
    if not years:
        return {"dataType": "monthly"}
    return {"dataType": "monthly", "$or": [{"year": {"$lt": years[0]}}, {"year": {"$gt": years[-1]}}]}


def view_of(document: Document) -> DisplayDocument:
    """A stored view from its document."""
    return DisplayDocument(
        data_type=document["dataType"],
        year=document["year"],
        data=document["data"],
        source_version=document["sourceVersion"],
        calculation_version=document["calculationVersion"],
        calculated_at=to_ms(document["calculatedAt"]),
        text=document.get("text"),
    )


def stored_view(user_id: str, energy_type: EnergyType, document: DisplayDocument) -> Document:
    """The document of a view, sealed."""
    return sealed(
        {
            "_id": view_id(user_id, energy_type, document.data_type, document.year, document.calculation_version),
            "type": energy_type.value,
            "dataType": document.data_type,
            "year": document.year,
            "data": document.data,
            "sourceVersion": document.source_version,
            "calculationVersion": document.calculation_version,
            "calculatedAt": to_datetime(document.calculated_at),
        }
    )
