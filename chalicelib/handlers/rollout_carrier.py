"""The scheduled function that carries rollouts on: the next step, or the way back."""

from typing import Any

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.handlers.event_function import scheduled_function
from chalicelib.monitoring.metrics import count
from chalicelib.monitoring.names import MetricName

# Less than the function's time (.chalice/config.json), which is the schedule's period and the lease of an intent: a
# look at AppConfig that begins at the last moment takes some seconds more.
BUDGET_SECONDS = 40.0

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="RolloutCarrier")
@scheduled_function
def rollout_carrier(container: Container) -> dict[str, Any]:
    """One action for each rollout; how many have stopped by themselves rings an alarm."""
    done = container.flags.carrier.run(BUDGET_SECONDS)
    count(MetricName.ROLLOUTS_STOPPED, container.flags.carrier.stopped())
    return done
