"""The scheduled function that follows an old application's own writes."""

from typing import Any

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.domain.errors import SyncModeError, SyncStoppedError
from chalicelib.handlers.event_function import scheduled_function
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.metrics import count, milliseconds
from chalicelib.monitoring.names import MetricName
from chalicelib.services.migration.sync.sync_job import SyncReport

# Less than the function's time (.chalice/config.json), which is the schedule's period: runs follow each other.
BUDGET_SECONDS = 240.0

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="SyncJob")
@scheduled_function
def sync_job(container: Container) -> dict[str, Any]:
    """Carry over what was written to the old readings since the last run. A mode that forbids it is no failure."""
    try:
        report = container.operations.sync.run(BUDGET_SECONDS, _log)
    except SyncStoppedError as error:
        logger().error("the sync job is stopped until a person answers", extra={"reason": str(error)})
        count(MetricName.SYNC_STOPPED, 1)
        return {"state": "stopped", "reason": str(error)}
    except SyncModeError as error:
        count(MetricName.SYNC_STOPPED, 0)
        return {"state": "refused", "reason": str(error)}
    count(MetricName.SYNC_STOPPED, 0)
    milliseconds(MetricName.SYNC_LAG, report.lag_seconds * 1000)
    return report.as_document()


def _log(report: SyncReport) -> None:
    logger().info("sync job goes on", extra={"progress": report.as_document()})
