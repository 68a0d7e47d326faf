"""The scheduled function that takes the census: it asks both backends for everybody's views."""

from typing import Any

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.domain.errors import ComparisonError
from chalicelib.handlers.event_function import scheduled_function

# With the 80 s that the last comparison may take (four looks, two backends, 10 s each) less than the function's time
# (.chalice/config.json), which is the schedule's period. When a run is surely over, the next one may go on.
BUDGET_SECONDS = 90.0
CLAIM_SECONDS = 180.0

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="CensusTaker")
@scheduled_function
def census_taker(container: Container) -> dict[str, Any]:
    """Go on with the census, or begin one where it is time. A mode that forbids it is no failure."""
    try:
        taken = container.census.run(BUDGET_SECONDS, CLAIM_SECONDS)
    except ComparisonError as error:
        return {"state": "refused", "reason": str(error)}
    return {"state": taken.state.value, "users": taken.users}
