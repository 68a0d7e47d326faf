"""What every component route does: ask the router for a backend, record which one answered, name it in headers."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Unpack, cast

from chalice import Response

from chalicelib.api.answers import json_answer, not_modified, problem_answer
from chalicelib.api.components.bodies import ComponentQuery, ReadQuery
from chalicelib.api.endpoint import Call, refused
from chalicelib.api.operation import Operation, Promises
from chalicelib.api.preconditions import etag_matches
from chalicelib.api.routes import Declared, Routes, content_of
from chalicelib.auth import OPERATOR
from chalicelib.domain.rollout.decision import Component
from chalicelib.domain.rollout.usage import BackendUsage
from chalicelib.monitoring.trace import trace_id
from chalicelib.services.backends.backend_router import Route
from chalicelib.services.backends.component_reads import ComponentAnswer, ComponentRead
from chalicelib.services.backends.energy_backend import EnergyBackend


@dataclass(slots=True)
class ComponentRequest:
    """One request to a component, as its function sees it: the call, and the backend that answers it."""

    call: Call
    route: Route
    parameters: Mapping[str, Any] | None = None
    error: str | None = None

    @property
    def user_id(self) -> str:
        """Whose documents the request may touch."""
        return self.call.user_id

    @property
    def backend(self) -> EnergyBackend:
        """The backend that answers."""
        return self.route.backend

    def show(self, query: ReadQuery) -> ComponentAnswer:
        """Ask the backend what a query means."""
        return self.read(query.read(self.call))

    def read(self, read: ComponentRead) -> ComponentAnswer:
        """Ask the backend, and note the read, so that the comparer can ask it again."""
        self.parameters = read.parameters()
        return read.ask(self.backend, self.user_id)


class ComponentRoutes(Routes):
    """Routes below ``/components/<component>``. A function takes a ``ComponentRequest`` in place of the call."""

    query = ComponentQuery

    def operation(self, method: str, path: str, **promises: Unpack[Promises]) -> Callable[[Declared], Declared]:
        """Declare an operation, with the headers and the refusal that every component has."""
        promises["headers"] = (*promises.get("headers", ()), "X-Backend", "X-Flag-Reason")
        promises["refusals"] = (HTTPStatus.FORBIDDEN, *promises.get("refusals", ()))
        return super().operation(method, path, **promises)

    def respond(self, operation: Operation, call: Call, path: dict[str, str]) -> Response:
        """Let the router pick a backend, run the function on it and note what came of it."""
        query = cast(ComponentQuery, call.query(operation.query or ComponentQuery))
        if query.force_old:
            call.caller.require(OPERATOR)
        component = Component(operation.path.split("/")[2])
        route = call.container.router.route(call.user_id, component, force_old=query.force_old)
        request = ComponentRequest(call, route)
        asked = {} if operation.query is ComponentQuery else {"query": query}
        return _noted(
            request, component, lambda: operation.view(request, **asked, **content_of(operation, call), **path)
        )


def etagged(request: ComponentRequest, body: Any, versions: tuple[int, ...] = ()) -> Response:
    """The body with its ETag, or 304 where the caller has it.

    The ETag is a digest of the body, because another application that writes ``energies`` by itself counts no version:
    equal answers have equal ETags, whichever backend gave them. The versions that a view shows come before it.
    """
    response = json_answer(body)
    digest = sha256(str(response.body).encode()).hexdigest()[:16]
    etag = f'"{".".join(map(str, versions))}-{digest}"' if versions else f'"{digest}"'
    if etag_matches(request.call.request, etag):
        return not_modified(etag)
    response.headers["ETag"] = etag
    return response


def _noted(request: ComponentRequest, component: Component, work: Callable[[], Response]) -> Response:
    started = time.perf_counter()
    response = _answered(request, work)
    decision = request.route.decision
    request.call.container.usage.log_backend_usage(
        BackendUsage(
            component=component,
            user_id=request.user_id,
            decision=decision,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
            success=response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR,
            error=request.error,
            parameters=request.parameters,
            trace_id=trace_id(),
        )
    )
    response.headers.update({"X-Backend": decision.backend.value, "X-Flag-Reason": str(decision.reason)})
    return response


def _answered(request: ComponentRequest, work: Callable[[], Response]) -> Response:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 a failure too is recorded, and the answer says which backend failed
        request.error = type(error).__name__
        return refused(request.call.request, error, problem_answer)
