"""The readings of meters piece by piece; how far a comparison has come is a field of the meter, ``compared``."""

from collections.abc import Mapping

from typing_extensions import override

from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.meters.invariants import is_version
from chalicelib.domain.meters.pieces import Compared, ReadingPieces
from chalicelib.domain.readings import LAST_INSTANT, MeterKey
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, meter_id, time_limit
from chalicelib.repositories.history import points_between
from chalicelib.repositories.scoped import ScopedCollection

_FIELDS = ("version", "upTo", "began")


class MongoReadingPieces(ReadingPieces):
    """``ReadingPieces`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    @override
    def piece(self, meter: MeterKey, first: int, readings: int) -> CompactReadings:
        user_id, energy_type = meter
        stored = ScopedCollection(self._database[Collections.READINGS], user_id)
        with time_limit(self._timeout):
            return points_between(stored, energy_type, (first, LAST_INSTANT), readings)

    @override
    def compared(self, meter: MeterKey) -> Compared | None:
        with time_limit(READ_SECONDS):
            found = self._meters(meter).find_one(_id_of(meter), projection={"compared": 1}) or {}
        said = found.get("compared")
        numbers = [said.get(field) for field in _FIELDS] if isinstance(said, Mapping) else []
        known = [number for number in numbers if isinstance(number, int)]
        return Compared(*known) if len(known) == len(_FIELDS) and is_version(known[0]) else None

    @override
    def keep(self, meter: MeterKey, compared: Compared) -> None:
        values = (compared.version, compared.up_to, compared.began)
        with time_limit(READ_SECONDS):
            self._meters(meter).update_one(
                _id_of(meter), {"$set": {"compared": dict(zip(_FIELDS, values, strict=True))}}
            )

    def _meters(self, meter: MeterKey) -> ScopedCollection:
        return ScopedCollection(self._database[Collections.METERS], meter[0])


def _id_of(meter: MeterKey) -> Document:
    return {"_id": meter_id(*meter)}
