"""The decorators of functions that EventBridge calls: logging, metrics and, for events, parsing of the envelope.

Chalice's middleware does not run for functions on a blueprint in Lambda, so each function wears one of these instead.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from aws_lambda_powertools.utilities.parser import parse
from aws_lambda_powertools.utilities.parser.envelopes import EventBridgeEnvelope

from chalicelib.bootstrap.container import Container, container
from chalicelib.domain.events import EnergyEvent
from chalicelib.domain.unknown_events import is_of_unknown_version, named_meters
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.metrics import count, flush
from chalicelib.monitoring.names import MetricName

Event = TypeVar("Event", bound=EnergyEvent)
LambdaFunction = Callable[[Any, Any], dict[str, Any]]
MODEL = "__event_model__"  # what a decorated event function carries
SCHEDULED = "__scheduled__"  # what a decorated function of a schedule carries


def event_function(model: type[Event]) -> Callable[[Callable[[Event, Container], int]], LambdaFunction]:
    """Make a Lambda function of one that takes an event and returns how many meters it refreshed.

    An exception is logged and raised again: Lambda then retries, and the meter stays dirty until somebody succeeds.
    An event of a version that this code does not know is logged, and its meters are calculated again.
    """

    def decorate(function: Callable[[Event, Container], int]) -> LambdaFunction:
        @functools.wraps(function)
        def handler(event: Any, context: Any) -> dict[str, Any]:
            logger().set_correlation_id(event.get("id") if isinstance(event, dict) else None)
            logger().append_keys(function_request_id=getattr(context, "aws_request_id", None))
            try:
                if (detail := _of_unknown_version(event)) is not None:
                    return {"refreshed": _recalculate(detail, model)}
                parsed = cast(Event, parse(event=event, model=model, envelope=EventBridgeEnvelope))
                refreshed = function(parsed, container())
                logger().info("event handled", extra={"event_id": str(parsed.event_id), "refreshed": refreshed})
                return {"refreshed": refreshed}
            except Exception:
                logger().exception("event failed", extra={"event_type": model.__name__})
                raise
            finally:
                flush()

        setattr(handler, MODEL, model)
        return handler

    return decorate


def _of_unknown_version(event: Any) -> dict[str, Any] | None:
    """The detail of an event that says another version than ours, or none."""
    detail = event.get("detail") if isinstance(event, dict) else None
    return detail if is_of_unknown_version(detail) else None


def _recalculate(detail: dict[str, Any], model: type[EnergyEvent]) -> int:
    """The safe way for an event of an unknown version: it may mean anything, afterwards its meters are right."""
    count(MetricName.EVENTS_OF_UNKNOWN_VERSION)
    said = {"event_type": model.__name__, "event_version": repr(detail.get("version"))[:50]}
    logger().warning("event of an unknown version, its meters are calculated again in full", extra=said)
    named = named_meters(detail)
    refreshed = container().recalculation.recalculate(named.user_id, named.types)
    logger().info("event handled", extra={**said, "refreshed": refreshed})
    return refreshed


def scheduled_function(function: Callable[[Container], dict[str, Any]]) -> LambdaFunction:
    """Make a Lambda function, called by a schedule, of one that returns what it has done.

    An exception is logged and raised again; the next run goes on where this one stopped.
    """

    @functools.wraps(function)
    def handler(event: Any, context: Any) -> dict[str, Any]:
        logger().set_correlation_id(event.get("id") if isinstance(event, dict) else None)
        logger().append_keys(function_request_id=getattr(context, "aws_request_id", None))
        try:
            done = function(container())
            logger().info("schedule done", extra={"function": function.__name__, "done": done})
            return done
        except Exception:
            logger().exception("schedule failed", extra={"function": function.__name__})
            raise
        finally:
            flush()

    setattr(handler, SCHEDULED, True)
    return handler
