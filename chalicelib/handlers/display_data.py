"""Event functions that keep display documents up to date. One per event, an EventBridge rule each."""

from chalice import Blueprint

from chalicelib.bootstrap import Container
from chalicelib.domain.events import EnergyEvent, EnergyReadingCreated, EnergyReadingsBulkImported, MeterChange
from chalicelib.handlers.event_function import event_function
from chalicelib.monitoring.metrics import count, milliseconds
from chalicelib.monitoring.names import MetricName

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="EnergyReadingCreatedHandler")
@event_function(EnergyReadingCreated)
def energy_reading_created_handler(event: EnergyReadingCreated, container: Container) -> int:
    """One reading was recorded: refresh its meter."""
    return _refresh(event, event.meter, container)


@blueprint.lambda_function(name="BulkImportHandler")
@event_function(EnergyReadingsBulkImported)
def bulk_import_handler(event: EnergyReadingsBulkImported, container: Container) -> int:
    """A file was imported: one refresh per meter."""
    return sum(_refresh(event, meter, container) for meter in event.meters)


def _refresh(event: EnergyEvent, meter: MeterChange, container: Container) -> int:
    refreshed = container.calculation.refresh(event.user_id, meter.type, meter.source_version)
    if refreshed:
        count(MetricName.DISPLAY_REFRESHED)
        milliseconds(MetricName.REFRESH_LAG, container.clock() - event.occurred_at.timestamp() * 1000)
    return int(refreshed)
