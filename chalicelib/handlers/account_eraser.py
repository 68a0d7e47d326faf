"""The scheduled function that brings erasures to their end, whatever has interrupted them."""

from typing import Any

from chalice import Blueprint

from chalicelib.bootstrap.container import Container
from chalicelib.handlers.event_function import scheduled_function

# With a step and the tidying up behind it, less than the function's time (.chalice/config.json), which is the
# schedule's period.
BUDGET_SECONDS = 30.0

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="AccountEraser")
@scheduled_function
def account_eraser(container: Container) -> dict[str, Any]:
    """Go on with accounts that are to be erased; remove what came late, and fences whose time is over."""
    return container.erasure.run(BUDGET_SECONDS).as_document()
