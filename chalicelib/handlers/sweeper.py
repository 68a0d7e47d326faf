"""The scheduled function that refreshes what no event has brought up to date, and then continues ``verify``.

It sends lost messages of fan-out walks again.
"""

from typing import Any

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.domain.errors import (
    SyncModeError,
    UnavailableError,
)
from chalicelib.handlers.event_function import scheduled_function
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.metrics import count, milliseconds
from chalicelib.monitoring.names import MetricName

# Less than the function's time (.chalice/config.json), which is the schedule's period: a refresh that begins at the
# last moment has 25 s more. One that takes longer is cut off, which counts as an attempt.
BUDGET_SECONDS = 35.0
VERIFY_SECONDS = 15.0

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="Sweeper")
@scheduled_function
def sweeper(container: Container) -> dict[str, Any]:
    """Refresh meters that lag behind for too long, then outdated ones; say how many there are, and how long.

    Where that is done, go on comparing all meters: so nobody has to run ``verify`` for differences to be noticed.
    """
    began = container.clock()
    report = container.operations.sweeper.run(BUDGET_SECONDS)
    if report.state != "resting":
        milliseconds(MetricName.DISPLAY_STALENESS, report.staleness_seconds * 1000)
        count(MetricName.METERS_LAGGING, report.lagging)
        count(MetricName.METERS_SWEPT, report.refreshed)
        count(MetricName.METERS_FAILING, report.failing)
        count(MetricName.METERS_OUTDATED, report.outdated)
    container.operations.fan_out.send_lost()
    left = BUDGET_SECONDS - (container.clock() - began) / 1000
    if report.state == "swept" and left > 0:
        _compare(container, min(VERIFY_SECONDS, left))
    return report.as_document()


def _compare(container: Container, seconds: float) -> None:
    try:
        container.operations.consistency.verify_by_schedule(seconds)
    except (SyncModeError, UnavailableError) as error:
        logger().warning("the comparison of all meters goes on with the next run", extra={"reason": str(error)})
