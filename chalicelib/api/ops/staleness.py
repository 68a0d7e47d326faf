"""Meters whose display lags, for operators: ``/ops/staleness``, as ``python -m infra sweep``."""

from dataclasses import asdict
from typing import Any

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.ops.bodies import ReasonedBody, StalenessReport, Swept
from chalicelib.api.ops.names import meter_name
from chalicelib.api.routes import OperatorRoutes
from chalicelib.domain.meters.lagging import FailingMeter
from chalicelib.domain.operating import Action, Done
from chalicelib.domain.readings import to_datetime

SHOWN = 50
# A refresh that begins at the last moment takes its own time; API Gateway gives up after 29 s.
SWEEP_SECONDS = 10.0
routes = OperatorRoutes(__name__)


@routes.operation("GET", "/ops/staleness", answers=(StalenessReport,))
def show_staleness(call: Call) -> Response:
    """How many meters lag for too long, since when, and the first of those that cannot be refreshed."""
    found = call.container.operations.sweeper.staleness(SHOWN)
    return json_answer(
        {
            "lagging": found.lagging,
            "failing": found.failing,
            "oldestSeconds": round(found.oldest_seconds, 1),
            "meters": [_meter(meter, found.read_at) for meter in found.meters],
            "command": "python -m infra sweep --list",
        }
    )


@routes.operation("POST", "/ops/staleness/sweep", answers=(Swept,))
def sweep(call: Call, body: ReasonedBody) -> Response:
    """Refresh now what lags or is of an older calculation version, for some seconds."""
    call.container.operators.actions.keep(Done(Action.SWEEP, call.user_id, body.reason))
    report = call.container.operations.sweeper.run_at_once(SWEEP_SECONDS)
    return json_answer(Swept(**asdict(report)).as_json())


def _meter(failing: FailingMeter, now: int) -> dict[str, Any]:
    since = failing.dirty_since
    return {
        "meter": meter_name(failing.meter.id),
        "sinceSeconds": None if since is None else max(0.0, round((now - since) / 1000, 1)),
        "attempts": failing.meter.attempts,
        "error": failing.meter.error,
        "nextAttempt": to_datetime(failing.next_attempt),
    }
