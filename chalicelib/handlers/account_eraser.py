"""The scheduled function that brings erasures to their end, whatever has interrupted them."""

from typing import Any

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.handlers.event_function import scheduled_function
from chalicelib.monitoring.metrics import count
from chalicelib.monitoring.names import MetricName

# With a call of AWS that hangs and the record of the end, less than the function's time (.chalice/config.json), and
# that is the schedule's period.
BUDGET_SECONDS = 40.0

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="AccountEraser")
@scheduled_function
def account_eraser(container: Container) -> dict[str, Any]:
    """Remove what came late, and fences whose time is over; go on with accounts that are to be erased."""
    report = container.erasure.run(BUDGET_SECONDS)
    count(MetricName.ERASURES_WAITING, report.left)
    return report.as_document()
