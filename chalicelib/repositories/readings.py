"""Source readings of one user in ``source_energy_readings``: unique by (userId, type, date)."""

from collections.abc import Sequence

from bson import ObjectId

from chalicelib.domain.ports import NewReading, StoredReading
from chalicelib.domain.readings import EnergyType, Reading, to_datetime, to_ms
from chalicelib.repositories.database import Document
from chalicelib.repositories.scoped import ScopedCollection

POINT = {"_id": 0, "date": 1, "amount": 1}


class MongoEnergyRepository:
    """Implements ``EnergyRepository`` on a scoped collection."""

    def __init__(self, readings: ScopedCollection) -> None:
        self._readings = readings

    def add(self, reading: NewReading, now: int) -> StoredReading:
        """Insert one reading. The unique index refuses the same instant again."""
        document = _document(reading, now)
        self._readings.insert_one(document)
        return StoredReading(
            str(document["_id"]), reading.type, reading.instant, reading.amount, reading.source, 1, now, now
        )

    def add_many(self, readings: Sequence[NewReading], now: int) -> None:
        """Insert readings in one command."""
        self._readings.insert_many([_document(reading, now) for reading in readings])

    def neighbours(self, energy_type: EnergyType, instant: int) -> tuple[Reading | None, Reading | None]:
        """The reading before and the reading after an instant, both by the unique index."""
        return self._nearest(energy_type, "$lt", instant, -1), self._nearest(energy_type, "$gt", instant, 1)

    def instants_between(self, energy_type: EnergyType, first: int, last: int) -> set[int]:
        """Instants that carry a reading, read from the index alone."""
        found = self._readings.find(
            {"type": energy_type, "date": {"$gte": to_datetime(first), "$lte": to_datetime(last)}},
            projection={"_id": 0, "date": 1},
        )
        return {to_ms(document["date"]) for document in found}

    def _nearest(self, energy_type: EnergyType, operator: str, instant: int, direction: int) -> Reading | None:
        found = self._readings.find_one(
            {"type": energy_type, "date": {operator: to_datetime(instant)}},
            projection=POINT,
            sort=[("date", direction)],
        )
        return None if found is None else point_of(found)


def point_of(document: Document) -> Reading:
    """A point of the register from a document with ``date`` and ``amount``."""
    return Reading(to_ms(document["date"]), document["amount"])


def _document(reading: NewReading, now: int) -> Document:
    return {
        "_id": ObjectId(),
        "type": reading.type.value,
        "date": to_datetime(reading.instant),
        "amount": reading.amount,
        "source": reading.source,
        "importBatchId": reading.import_batch_id,
        "revision": 1,
        "createdAt": to_datetime(now),
        "updatedAt": to_datetime(now),
    }
