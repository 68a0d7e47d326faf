"""Reading single readings, lists and whole meters, on the side that a backend reads in the present sync mode."""

from pymongo.client_session import ClientSession

from chalicelib.domain.ports import MeterConfiguration, MeterSnapshot, PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType, Reading, to_datetime
from chalicelib.domain.sync import Side, SyncState
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import (
    READ_SECONDS,
    Collections,
    Document,
    MongoDatabase,
    instant_of,
    meter_id,
    time_limit,
)
from chalicelib.repositories.documents import COLLECTION, counted, found, id_of, point_of, reading_of
from chalicelib.repositories.meters import configuration_of, state_of
from chalicelib.repositories.readings import without_doubles
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.settings import MongoSettingsWriter

POINT = {"_id": 1, "date": 1, "amount": 1, "updatedAt": 1}
BATCH = 10_000


class MongoReadingQueries:
    """Implements ``ReadingQueries``."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    def sync(self) -> SyncState:
        """The sync mode now."""
        with time_limit(READ_SECONDS):
            return sync_state(self._database)

    def get(self, user_id: str, reading_id: str, backend: Side) -> StoredReading:
        """One reading of the user."""
        with time_limit(READ_SECONDS):
            side = sync_state(self._database).reads(backend)
            return reading_of(found(self._readings(user_id, side).find_one(counted(side, {"_id": id_of(reading_id)}))))

    def page(self, user_id: str, request: PageRequest, backend: Side) -> list[StoredReading]:
        """One page by date and id, by the index on both."""
        with time_limit(READ_SECONDS):
            side = sync_state(self._database).reads(backend)
            documents = self._readings(user_id, side).find(
                counted(side, _conditions(request)), sort=_order(request), limit=request.limit
            )
            kept = _without_doubles(list(documents)) if side is Side.OLD else documents
            return [reading_of(document) for document in kept]

    def configuration(self, user_id: str, energy_type: EnergyType) -> MeterConfiguration:
        """Register modulus and exchanges of a meter."""
        with time_limit(READ_SECONDS):
            return configuration_of(self._meter(user_id, energy_type, None) or {})

    def snapshot(self, user_id: str, energy_type: EnergyType, backend: Side) -> MeterSnapshot:
        """Everything a calculation needs, at one point in time, without holding up a writer."""
        with time_limit(self._timeout), self._database.client.start_session(snapshot=True) as session:
            sync = sync_state(self._database, session)
            meter = self._meter(user_id, energy_type, session)
            return MeterSnapshot(
                sync=sync,
                state=state_of(meter),
                dirty_from=instant_of((meter or {}).get("dirtyFrom")),
                dirty_to=instant_of((meter or {}).get("dirtyTo")),
                configuration=configuration_of(meter or {}),
                settings=MongoSettingsWriter(self._database, user_id, session).get(),
                readings=self._points(user_id, energy_type, sync.reads(backend), session),
            )

    def _points(self, user_id: str, energy_type: EnergyType, side: Side, session: ClientSession) -> list[Reading]:
        conditions = counted(side, {"type": energy_type.value})
        documents = self._readings(user_id, side, session).find(conditions, projection=POINT, sort=[("date", 1)])
        batches = documents.batch_size(BATCH)
        return [point_of(document) for document in (without_doubles(list(batches)) if side is Side.OLD else batches)]

    def _meter(self, user_id: str, energy_type: EnergyType, session: ClientSession | None) -> Document | None:
        meters = ScopedCollection(self._database[Collections.METERS], user_id, session)
        return meters.find_one({"_id": meter_id(user_id, energy_type)})

    def _readings(self, user_id: str, side: Side, session: ClientSession | None = None) -> ScopedCollection:
        return ScopedCollection(self._database[COLLECTION[side]], user_id, session)


def _order(request: PageRequest) -> list[tuple[str, int]]:
    """By date; the id decides only between the types, because within one a date is unique."""
    direction = -1 if request.descending else 1
    return [("date", direction)] if request.filter.type else [("date", direction), ("_id", direction)]


def _without_doubles(documents: list[Document]) -> list[Document]:
    """The same order without inherited doubles and without types that nobody knows."""
    by_type = {kind: [item for item in documents if item["type"] == kind.value] for kind in EnergyType}
    kept = {item["_id"] for items in by_type.values() for item in without_doubles(items)}
    return [item for item in documents if item["_id"] in kept]


def _conditions(request: PageRequest) -> Document:
    conditions = _filter(request.filter)
    if request.after is None:
        return conditions
    instant, reading_id = request.after
    beyond = "$lt" if request.descending else "$gt"
    date = to_datetime(instant)
    behind = {"$or": [{"date": {beyond: date}}, {"date": date, "_id": {beyond: id_of(reading_id)}}]}
    return {"$and": [conditions, {"date": {f"{beyond}e": date}}, behind]}


def _filter(wanted: ReadingFilter) -> Document:
    date: Document = {}
    if wanted.first is not None:
        date["$gte"] = to_datetime(wanted.first)
    if wanted.last is not None:
        date["$lte"] = to_datetime(wanted.last)
    conditions: Document = {} if wanted.type is None else {"type": wanted.type.value}
    return {**conditions, "date": date} if date else conditions
