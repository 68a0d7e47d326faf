"""The scheduled function that adds up how the backends have answered, and reports the gauges of the rollout."""

from typing import Any

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.handlers.event_function import scheduled_function
from chalicelib.monitoring.metrics import count, percent
from chalicelib.monitoring.names import MetricName
from chalicelib.services.migration.figures.gauges import Gauge

# For everything: with the last rows that are added (20 s) less than the function's time (.chalice/config.json), and
# that is the schedule's period.
BUDGET_SECONDS = 38.0
PERCENTAGES = (MetricName.FLAG_PERCENT, MetricName.NEW_SHARE)

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="StatusReporter")
@scheduled_function
def status_reporter(container: Container) -> dict[str, Any]:
    """Report the gauges first: adding rows may fail, and of a long backlog it takes the time that there is."""
    began = container.clock()
    gauges = container.gauges.read()
    for gauge in gauges:
        _report(gauge)
    left = BUDGET_SECONDS - (container.clock() - began) / 1000
    return {"gauges": len(gauges), "folded": container.folding.fold(left)}


def _report(gauge: Gauge) -> None:
    dimensions = {} if gauge.component is None else {"component": gauge.component.value}
    if gauge.name in PERCENTAGES:
        percent(gauge.name, gauge.value, **dimensions)
    else:
        count(gauge.name, int(gauge.value), **dimensions)
