"""Many readings of a meter as packed columns: from the documents themselves, or from the compact series."""

from dataclasses import dataclass

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.meters.invariants import is_sound
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, to_datetime, to_ms
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories import point_batches, series
from chalicelib.repositories.database import Document
from chalicelib.repositories.documents import counted, point_of
from chalicelib.repositories.doubles import without_doubles
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.scoped import ScopedCollection

POINT = ("date", "amount", "updatedAt")
BATCH = 10_000


def points_of(readings: ScopedCollection, side: Side, conditions: Document, limit: int = 0) -> CompactReadings:
    """The readable readings of a side that meet the conditions, without doubles; of the new side the first ``limit``.

    0: all of them.
    """
    wanted, order = counted(conditions), [("date", 1)]
    if side is Side.NEW:  # which has no doubles: one index is unique by date
        batches = readings.find_raw_batches(
            wanted, projection=point_batches.POINT, sort=order, batch_size=BATCH, limit=limit
        )
        return CompactReadings.joined(map(point_batches.points_in, batches))
    documents = readings.find(wanted, projection=POINT, sort=order, batch_size=BATCH)
    return CompactReadings.of(map(point_of, without_doubles(list(documents))))


def points_between(
    readings: ScopedCollection, energy_type: EnergyType, ranged: tuple[int, int], limit: int = 0
) -> CompactReadings:
    """The readings of the new side from one instant to another, both included, or the first of them."""
    first, last = map(to_datetime, ranged)
    date = {"$gte": first, "$lte": last}
    return points_of(readings, Side.NEW, {"type": energy_type.value, "date": date}, limit)


@dataclass(frozen=True, slots=True)
class Kept:
    """The displayed readings, and the range of instants in which something else may be stored by now.

    The first of these lies behind the last where nothing else is stored.
    """

    readings: CompactReadings
    dirty_from: int
    dirty_to: int


class KeptReadings:
    """The compact series as a write finds it; what the write has changed, the meter's dirty range must hold."""

    def __init__(self, series: ScopedCollection, meters: MongoMeterRepository, sync: SyncState) -> None:
        self._series = series
        self._meters = meters
        self._shown = sync.reads(Backend.NEW) is Side.NEW

    def between(self, energy_type: EnergyType, first: int, last: int) -> Kept | None:
        """The kept readings from one instant to another; None where no series is, or it cannot be believed."""
        meter = self._meters.document(energy_type) if self._shown else None
        if not meter or not is_sound(meter) or not series.is_kept(meter) or "packing" in meter:
            return None
        readings = series.between(self._series, meter, first, last)
        if readings is None:
            return None
        if "dirtyFrom" not in meter:
            return Kept(readings, LAST_INSTANT, FIRST_INSTANT)
        return Kept(readings, to_ms(meter["dirtyFrom"]), to_ms(meter["dirtyTo"]))
