"""The function that works on ranges of meters, one for each message of the queue."""

from typing import Annotated, Any

from chalice import Blueprint
from pydantic import BaseModel, Field

from chalicelib.bootstrap.container import Container
from chalicelib.domain.meters.fan_out import RangeTask
from chalicelib.domain.meters.walks import Walk
from chalicelib.handlers.event_function import queue_function

# Half of the function's time (.chalice/config.json): the meters that are begun at the last moment have the rest. The
# claim holds for longer than the function lives, and ends before its message is seen again (infra/resources.yaml).
BUDGET_SECONDS = 60.0
CLAIM_SECONDS = 130.0

blueprint = Blueprint(__name__)


class RangeMessage(BaseModel):
    """What a message says: which range of which walk."""

    walk: Walk
    id: str
    number: Annotated[int, Field(ge=0)]

    def task(self) -> RangeTask:
        """Convert to the domain's value."""
        return RangeTask(self.walk, self.id, self.number)


@blueprint.lambda_function(name="RangeWorker")
@queue_function
def range_worker(container: Container, message: dict[str, Any]) -> dict[str, Any]:
    """Do one range, or part of it; doing it twice does nothing."""
    task = RangeMessage.model_validate(message).task()
    state = container.operations.fan_out.work(task, BUDGET_SECONDS, CLAIM_SECONDS)
    return {"walk": task.walk.value, "number": task.number, "state": state.value}
