"""A small EventBridge: an event goes to the function that its rule names, a schedule calls its function."""

from typing import Any

from app import app
from chalicelib.bootstrap.container import Container, using
from tests.functional.handlers.deployed import EVENT_FUNCTIONS, model_of
from tests.functional.handlers.event_calls import Context

SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
HANDLERS: dict[str, Any] = {model_of(name).__name__: app.handler_map[name] for name in EVENT_FUNCTIONS}


def deliver(container: Container, envelope: dict[str, Any]) -> int:
    """Call the function whose event this is; returns how many meters it refreshed."""
    with using(container):
        return int(HANDLERS[envelope["detail-type"]](envelope, Context())["refreshed"])


def sweep(container: Container) -> dict[str, Any]:
    """Call the sweeper as its schedule does."""
    with using(container):
        return dict(app.handler_map["Sweeper"](SCHEDULE, Context()))
