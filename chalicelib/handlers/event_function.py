"""The decorators of functions that EventBridge calls: logging, metrics and, for events, parsing of the envelope.

Chalice's middleware does not run for functions on a blueprint in Lambda, so each function wears one of these instead.
"""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from chalicelib.bootstrap.container import Container, container
from chalicelib.domain.events.contracts import EnergyEvent
from chalicelib.domain.events.unknown_versions import is_of_unknown_version, named_meters
from chalicelib.handlers.envelope import detail_of
from chalicelib.monitoring.errors import presentable
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.memory import memory
from chalicelib.monitoring.metrics import count, flush, timed
from chalicelib.monitoring.names import MetricName
from chalicelib.monitoring.people import begin_call, concerning
from chalicelib.monitoring.trace import begin_trace

Event = TypeVar("Event", bound=EnergyEvent)
LambdaFunction = Callable[[Any, Any], dict[str, Any]]
MODEL = "__event_model__"  # what a decorated event function carries
SCHEDULED = "__scheduled__"  # what a decorated function of a schedule carries
QUEUED = "__queued__"  # what a decorated function of a queue carries


def event_function(model: type[Event]) -> Callable[[Callable[[Event, Container], int]], LambdaFunction]:
    """Make a Lambda function of one that takes an event and returns how many meters it refreshed.

    An exception is logged and raised again: Lambda then retries, and the meter stays dirty until somebody succeeds.
    An event of a version that this code does not know is logged, and its meters are calculated again.
    """

    def decorate(function: Callable[[Event, Container], int]) -> LambdaFunction:
        @functools.wraps(function)
        def handler(event: Any, context: Any) -> dict[str, Any]:
            with _call(event, context, "event failed", event_type=model.__name__), _counted(name_of(function)):
                concerning(*_people_of(event))
                if (detail := _of_unknown_version(event)) is not None:
                    return {"refreshed": _recalculate(detail, model)}
                parsed = detail_of(event, model)
                refreshed = function(parsed, container())
                logger().info("event handled", extra={"event_id": str(parsed.event_id), "refreshed": refreshed})
                return {"refreshed": refreshed}

        setattr(handler, MODEL, model)
        return handler

    return decorate


@contextmanager
def _call(event: Any, context: Any, failure: str, **said: str) -> Iterator[None]:
    """One call of a function: what its log lines carry, its metrics, and the end of an exception.

    Lambda prints what a function raises, and keeps it in the dead-letter queue: so that names nobody either.
    """
    begin_call()
    begin_trace(_detail_of(event).get("traceparent"))
    logger().set_correlation_id(event.get("id") if isinstance(event, dict) else None)
    logger().append_keys(function_request_id=getattr(context, "aws_request_id", None))
    try:
        yield
    except Exception as error:
        logger().exception(failure, extra=said)
        if (raised := presentable(error)) is error:
            raise
        raise raised from None
    finally:
        flush()


@contextmanager
def _counted(function: str) -> Iterator[None]:
    """One event of all that are handled, and of those that fail where it does."""
    failed = 1
    try:
        with timed(MetricName.EVENT_DURATION):
            yield
        failed = 0
    finally:
        count(MetricName.EVENTS_HANDLED)
        count(MetricName.EVENTS_FAILED, failed)
        memory.measure(function)


def name_of(function: Callable[..., Any]) -> str:
    """What the template calls a function: an alarm goes by it."""
    return "".join(part.capitalize() for part in function.__name__.split("_"))


def _people_of(event: Any) -> list[str]:
    """Who an event says it is about, whatever else is wrong with it."""
    user_id = _detail_of(event).get("userId")
    return [user_id] if isinstance(user_id, str) else []


def _detail_of(event: Any) -> dict[str, Any]:
    """What an event says, nothing where it says nothing that can be read: a schedule begins a trace of its own."""
    detail = event.get("detail") if isinstance(event, dict) else None
    return detail if isinstance(detail, dict) else {}


def _of_unknown_version(event: Any) -> dict[str, Any] | None:
    """The detail of an event that says another version than ours, or none."""
    detail = event.get("detail") if isinstance(event, dict) else None
    return detail if is_of_unknown_version(detail) else None


def _recalculate(detail: dict[str, Any], model: type[EnergyEvent]) -> int:
    """The safe way for an event of an unknown version: it may mean anything, afterwards its meters are right."""
    count(MetricName.EVENTS_OF_UNKNOWN_VERSION)
    said = {"event_type": model.__name__, "event_version": _version_of(detail)}
    logger().warning("event of an unknown version, its meters are calculated again in full", extra=said)
    named = named_meters(detail)
    refreshed = container().recalculation.recalculate(named.user_id, named.types)
    logger().info("event handled", extra={**said, "refreshed": refreshed})
    return refreshed


def _version_of(detail: dict[str, Any]) -> int | str:
    """A number, or the name of its type: the field may hold anything."""
    version = detail.get("version")
    return version if isinstance(version, int) else type(version).__name__


def queue_function(function: Callable[[Container, dict[str, Any]], dict[str, Any]]) -> LambdaFunction:
    """Make a Lambda function, called with messages of a queue, of one that takes what one of them says.

    An exception is logged and raised again: the message is seen again after a while, and after some attempts it is a
    dead letter.
    """

    @functools.wraps(function)
    def handler(event: Any, context: Any) -> dict[str, Any]:
        done: dict[str, Any] = {}
        for record in event["Records"]:
            message = json.loads(record["body"])
            with _call({"detail": message}, context, "message failed", function=function.__name__):
                done = function(container(), message)
                logger().info("message done", extra={"function": function.__name__, "done": done})
                memory.measure(name_of(function))
        return done

    setattr(handler, QUEUED, True)
    return handler


def scheduled_function(function: Callable[[Container], dict[str, Any]]) -> LambdaFunction:
    """Make a Lambda function, called by a schedule, of one that returns what it has done.

    An exception is logged and raised again; the next run goes on where this one stopped.
    """

    @functools.wraps(function)
    def handler(event: Any, context: Any) -> dict[str, Any]:
        with _call(event, context, "schedule failed", function=function.__name__):
            done = function(container())
            logger().info("schedule done", extra={"function": function.__name__, "done": done})
            count(MetricName.SCHEDULE_RUNS, function=name_of(function))
            memory.measure(name_of(function))
            return done

    setattr(handler, SCHEDULED, True)
    return handler
