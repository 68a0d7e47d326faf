"""Routing a component's request to its backend, recording the answer, and adding its headers."""

import time
from collections.abc import Callable
from http import HTTPStatus

from chalice import Response

from chalicelib.api.answers import problem_answer
from chalicelib.api.components.bodies import ComponentQuery
from chalicelib.api.components.request import ComponentRequest
from chalicelib.api.endpoint import Call, refused
from chalicelib.api.operation import Operation
from chalicelib.auth import OPERATOR
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.monitoring.trace import trace_id

HEADERS = ("X-Backend", "X-Flag-Reason")
REFUSALS = (HTTPStatus.FORBIDDEN,)


def routed(
    call: Call, operation: Operation, query: ComponentQuery, work: Callable[[ComponentRequest], Response]
) -> Response:
    """Let the router pick a backend, do the work on it and note what came of it."""
    if query.force_old:
        call.caller.require(OPERATOR)
    component = Component(operation.path.split("/")[2])
    route = call.container.router.route(call.user_id, component, force_old=query.force_old)
    request = ComponentRequest(call, route.backend)
    return _noted(request, component, route.decision, lambda: work(request))


def _noted(
    request: ComponentRequest, component: Component, decision: Decision, work: Callable[[], Response]
) -> Response:
    started = time.perf_counter()
    error: str | None = None
    try:
        response = work()
    except Exception as failure:  # noqa: BLE001 a failure too is recorded, and the answer says which backend failed
        error = type(failure).__name__
        response = refused(request.call.request, failure, problem_answer)
    request.call.container.usage.log_backend_usage(
        BackendUsage(
            component=component,
            user_id=request.user_id,
            decision=decision,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
            success=response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR,
            error=error,
            parameters=request.parameters,
            trace_id=trace_id(),
        )
    )
    response.headers.update({"X-Backend": decision.backend.value, "X-Flag-Reason": str(decision.reason)})
    return response
