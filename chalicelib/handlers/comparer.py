"""The scheduled function that compares the backends' answers."""

from typing import Any

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.migration.records.comparison_log import Outcome
from chalicelib.handlers.event_function import scheduled_function
from chalicelib.monitoring.metrics import count
from chalicelib.monitoring.names import MetricName

# With the 80 s that the last comparison may take (four looks, two backends, 10 s each) less than the function's time
# (.chalice/config.json), which is less than the schedule's period.
BUDGET_SECONDS = 90.0
METRICS = {
    Outcome.EQUAL: MetricName.COMPARISONS_EQUAL,
    Outcome.DIFFERENT: MetricName.COMPARISONS_DIFFERENT,
    Outcome.IGNORED: MetricName.COMPARISONS_IGNORED,
    Outcome.LAG: MetricName.COMPARISONS_LAG,
    Outcome.OTHER_CALCULATION: MetricName.COMPARISONS_OTHER_CALCULATION,
    Outcome.FAILED: MetricName.COMPARISONS_FAILED,
}

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="BackendComparer")
@scheduled_function
def backend_comparer(container: Container) -> dict[str, Any]:
    """Compare a sample of what was read since the last run. A mode that forbids it is no failure."""
    try:
        outcomes = container.comparer.run(BUDGET_SECONDS)
    except ComparisonError as error:
        return {"state": "refused", "reason": str(error)}
    for outcome, metric in METRICS.items():
        count(metric, outcomes[outcome])  # 0 too: an alarm ends with the first run that finds nothing
    return {"state": "compared", **{outcome.value: compared for outcome, compared in outcomes.items()}}
