"""The list of deployed functions, beside the routes."""

from typing import Any

from app import app
from chalicelib.domain.events.contracts import EnergyEvent
from chalicelib.handlers.event_function import MODEL

FUNCTIONS = {function.name: function.handler_string for function in app.pure_lambda_functions}
SCHEDULES = {
    "SyncJob": "rate(5 minutes)",
    "Sweeper": "rate(1 minute)",
    "BackendComparer": "rate(5 minutes)",
    "CensusTaker": "rate(3 minutes)",
    "AccountEraser": "rate(1 minute)",
    "StatusReporter": "rate(1 minute)",
    "RolloutCarrier": "rate(1 minute)",
}
WORKERS = {"RangeWorker": "WorkQueue"}
EVENT_FUNCTIONS = [name for name in FUNCTIONS if name not in SCHEDULES and name not in WORKERS]


def model_of(name: str) -> type[EnergyEvent]:
    """The event that a function is made for; Chalice has wrapped it twice."""
    deployed: Any = app.handler_map[name]
    model: type[EnergyEvent] = getattr(deployed.func._original_func, MODEL)
    return model
