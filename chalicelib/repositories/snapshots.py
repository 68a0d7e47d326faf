"""A snapshot of a meter from what was read for it."""

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.meters.invariants import is_sound
from chalicelib.domain.ports.values import MeterSnapshot, MeterState, UserSettings
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories.database import Document, instant_of
from chalicelib.repositories.meters import configuration_of, state_of


def snapshot_of(
    sync: SyncState, meter: Document, energy_type: EnergyType, settings: UserSettings, readings: CompactReadings
) -> MeterSnapshot:
    """Make a snapshot with all readings; ``meter``: empty where there is none."""
    lost = not meter and len(readings) > 0 and sync.reads(Backend.NEW) is Side.NEW
    damaged = lost or not (is_sound(meter) if meter else True)
    return MeterSnapshot(
        sync=sync,
        state=MeterState(damaged=True) if damaged else state_of(meter),
        dirty_from=FIRST_INSTANT if damaged else instant_of(meter.get("dirtyFrom")),
        dirty_to=LAST_INSTANT if damaged else instant_of(meter.get("dirtyTo")),
        configuration=configuration_of(meter, energy_type),
        settings=settings,
        readings=readings,
    )
