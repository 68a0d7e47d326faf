"""Event functions that keep display documents up to date. One per event, an EventBridge rule each."""

from collections.abc import Iterable

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.domain.events.contracts import (
    EnergyEvent,
    EnergyReadingCreated,
    EnergyReadingDeleted,
    EnergyReadingsBulkImported,
    EnergyReadingsImportUndone,
    EnergyReadingsSynced,
    EnergyReadingUpdated,
    MeterExchanged,
    MeterRefreshRequested,
    MeterVersion,
    UserSettingsChanged,
)
from chalicelib.handlers.event_function import event_function
from chalicelib.monitoring.metrics import count, milliseconds
from chalicelib.monitoring.names import MetricName

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="EnergyReadingCreatedHandler")
@event_function(EnergyReadingCreated)
def energy_reading_created_handler(event: EnergyReadingCreated, container: Container) -> int:
    """One reading was recorded: refresh its meter."""
    return _refresh(event, event.meters, container)


@blueprint.lambda_function(name="EnergyReadingUpdatedHandler")
@event_function(EnergyReadingUpdated)
def energy_reading_updated_handler(event: EnergyReadingUpdated, container: Container) -> int:
    """One reading was corrected: refresh its meter."""
    return _refresh(event, event.meters, container)


@blueprint.lambda_function(name="EnergyReadingDeletedHandler")
@event_function(EnergyReadingDeleted)
def energy_reading_deleted_handler(event: EnergyReadingDeleted, container: Container) -> int:
    """One reading was taken away: refresh its meter."""
    return _refresh(event, event.meters, container)


@blueprint.lambda_function(name="EnergyReadingsSyncedHandler")
@event_function(EnergyReadingsSynced)
def energy_readings_synced_handler(event: EnergyReadingsSynced, container: Container) -> int:
    """What another application wrote was carried over: refresh the meter."""
    return _refresh(event, event.meters, container)


@blueprint.lambda_function(name="BulkImportHandler")
@event_function(EnergyReadingsBulkImported)
def bulk_import_handler(event: EnergyReadingsBulkImported, container: Container) -> int:
    """A file was imported: one refresh per meter."""
    return _refresh(event, event.meters, container)


@blueprint.lambda_function(name="ImportUndoneHandler")
@event_function(EnergyReadingsImportUndone)
def import_undone_handler(event: EnergyReadingsImportUndone, container: Container) -> int:
    """An import was taken back: one refresh per meter."""
    return _refresh(event, event.meters, container)


@blueprint.lambda_function(name="MeterExchangedHandler")
@event_function(MeterExchanged)
def meter_exchanged_handler(event: MeterExchanged, container: Container) -> int:
    """A meter was exchanged: refresh it."""
    return _refresh(event, event.meters, container)


@blueprint.lambda_function(name="UserSettingsChangedHandler")
@event_function(UserSettingsChanged)
def user_settings_changed_handler(event: UserSettingsChanged, container: Container) -> int:
    """Zone or registers changed: refresh each meter that it touched."""
    return _refresh(event, event.meters, container)


@blueprint.lambda_function(name="MeterRefreshRequestedHandler")
@event_function(MeterRefreshRequested)
def meter_refresh_requested_handler(event: MeterRefreshRequested, container: Container) -> int:
    """A replay, or a refresh that needs another step, asks for this meter: refresh it where its display lags."""
    return _refresh(event, [event.meter], container)


def _refresh(event: EnergyEvent, meters: Iterable[MeterVersion], container: Container) -> int:
    refreshed = 0
    for meter in meters:
        if container.calculation.refresh(event.user_id, meter.type, meter.source_version):
            refreshed += 1
            count(MetricName.DISPLAY_REFRESHED)
            milliseconds(MetricName.REFRESH_LAG, container.clock() - event.occurred_at.timestamp() * 1000)
    return refreshed
