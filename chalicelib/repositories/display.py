"""Display documents: read with the state of their meter, replaced only by a newer version of it."""

from typing import Any

from pymongo import DeleteMany, ReplaceOne
from pymongo.client_session import ClientSession

from chalicelib.domain.ports import DataType, DisplayDocument, DisplayUpdate, MeterState
from chalicelib.domain.readings import EnergyType, to_datetime, to_ms
from chalicelib.repositories import series
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, meter_id, time_limit
from chalicelib.repositories.meters import published, state_of
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.transactions import in_transaction


class MongoDisplayDataRepository:
    """Implements ``DisplayDataRepository``."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._meters = database[Collections.METERS]  # making the handle anew would be a tenth of a read
        self._timeout = timeout_seconds

    def find(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
    ) -> tuple[DisplayDocument | None, MeterState]:
        """Meter and document in one command: two lookups by ``_id``, joined by ``$lookup``."""
        pipeline = _view_pipeline(user_id, energy_type, data_type, year)
        with time_limit(READ_SECONDS):
            meters = list(self._meters.aggregate(pipeline))
        if not meters:
            return None, MeterState()
        views = meters[0]["views"]
        return (view_of(views[0]) if views else None), state_of(meters[0])

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        """The versions of a meter."""
        meters = ScopedCollection(self._database[Collections.METERS], user_id)
        with time_limit(READ_SECONDS):
            return state_of(meters.find_one({"_id": meter_id(user_id, energy_type)}))

    def publish(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> bool:
        """Advance the meter where it lags behind the update, and only then touch its documents."""

        def work(session: ClientSession) -> bool:
            meters = ScopedCollection(self._database[Collections.METERS], user_id, session)
            behind = {
                "_id": meter_id(user_id, energy_type),
                "displayVersion": {"$lt": update.source_version},
            }
            kept = update.series if update.series and series.storable(update.series.parts.values()) else None
            count = None if kept is None else kept.count
            if not meters.update_one(behind, published(update.source_version, update.as_of, count)):
                return False
            self._replace(user_id, energy_type, update, session)
            stored = ScopedCollection(self._database[Collections.SERIES], user_id, session)
            series.replace(stored, user_id, energy_type, kept)
            return True

        return in_transaction(self._database, self._timeout, work)

    def _replace(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate, session: ClientSession) -> None:
        """One command for all documents: a backfill spends half its time on commands."""
        display = ScopedCollection(self._database[Collections.DISPLAY], user_id, session)
        stored = [_stored(user_id, energy_type, document) for document in update.documents]
        outside = {"type": energy_type.value, **_not_stored(update.stored_years)}
        replaced = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in stored]
        display.bulk_write([*replaced, DeleteMany(outside)])


def _view_pipeline(
    user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
) -> list[dict[str, Any]]:
    """Both ids begin with the user's: no other user's document can match, and a lookup by ``_id`` is the fastest."""
    view = {"$match": {"_id": _view_id(user_id, energy_type, data_type, year)}}
    return [
        {"$match": {"_id": meter_id(user_id, energy_type)}},
        {"$lookup": {"from": Collections.DISPLAY.value, "pipeline": [view], "as": "views"}},
    ]


def _not_stored(years: range) -> dict[str, Any]:
    """What matches the yearly documents outside the stored years: all of them when nothing is left."""
    if not years:
        return {"dataType": "monthly"}
    return {"dataType": "monthly", "$or": [{"year": {"$lt": years[0]}}, {"year": {"$gt": years[-1]}}]}


def _view_id(user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None) -> str:
    return f"{user_id}|{energy_type}|{data_type}|{'-' if year is None else year}"


def view_of(document: Document) -> DisplayDocument:
    """A stored view from its document."""
    return DisplayDocument(
        data_type=document["dataType"],
        year=document["year"],
        data=document["data"],
        source_version=document["sourceVersion"],
        calculation_version=document["calculationVersion"],
        calculated_at=to_ms(document["calculatedAt"]),
    )


def _stored(user_id: str, energy_type: EnergyType, document: DisplayDocument) -> Document:
    return {
        "_id": _view_id(user_id, energy_type, document.data_type, document.year),
        "type": energy_type.value,
        "dataType": document.data_type,
        "year": document.year,
        "data": document.data,
        "sourceVersion": document.source_version,
        "calculationVersion": document.calculation_version,
        "calculatedAt": to_datetime(document.calculated_at),
    }
