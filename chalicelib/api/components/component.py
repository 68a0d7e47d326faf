"""What every component route wears: the query, the router, a note of who answered, and headers that say it."""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer, not_modified, problem_answer
from chalicelib.api.components.bodies import ComponentQuery
from chalicelib.api.endpoint import Call, View, endpoint, refused
from chalicelib.api.preconditions import etag_matches
from chalicelib.auth import OPERATOR
from chalicelib.domain.rollout.decision import Component
from chalicelib.domain.rollout.usage import BackendUsage
from chalicelib.services.backends.backend_router import Route
from chalicelib.services.backends.component_reads import ComponentAnswer, ComponentRead
from chalicelib.services.backends.energy_backend import EnergyBackend

Query = TypeVar("Query", bound=ComponentQuery)


@dataclass(slots=True)
class Asked(Generic[Query]):
    """One request to a component, as its view sees it: the query, and the backend that is to answer."""

    call: Call
    query: Query
    route: Route
    parameters: Mapping[str, Any] | None = None
    error: str | None = None

    @property
    def user_id(self) -> str:
        """Whose documents the request may touch."""
        return self.call.user_id

    @property
    def backend(self) -> EnergyBackend:
        """Who answers."""
        return self.route.backend

    def read(self, read: ComponentRead) -> ComponentAnswer:
        """Ask the backend; what was asked is noted, so that it can be asked again."""
        self.parameters = read.parameters()
        return read.ask(self.backend, self.user_id)


def component_endpoint(
    blueprint: Blueprint, component: Component, query: type[Query]
) -> Callable[[Callable[..., Response]], View]:
    """Make a view of a function that takes ``Asked`` (and path parameters) and returns a response."""

    def decorate(function: Callable[..., Response]) -> View:
        @endpoint(blueprint)
        @functools.wraps(function)
        def view(call: Call, **path: str) -> Response:
            asked = _asked(call, component, query)
            return _served(asked, component, functools.partial(function, **path))

        return view

    return decorate


def etagged(asked: Asked[Any], body: Any, versions: tuple[int, ...] = ()) -> Response:
    """The body with its ETag, or 304 where the caller has it.

    The ETag is a digest of the body, because another application that writes ``energies`` by itself counts no version:
    equal answers have equal ETags, whichever backend gave them. Before it stand the source versions that a view shows.
    """
    response = json_answer(body)
    digest = sha256(str(response.body).encode()).hexdigest()[:16]
    etag = f'"{".".join(map(str, versions))}-{digest}"' if versions else f'"{digest}"'
    if etag_matches(asked.call, etag):
        return not_modified(etag)
    response.headers["ETag"] = etag
    return response


def _asked(call: Call, component: Component, query: type[Query]) -> Asked[Query]:
    given = call.query(query)
    if given.force_old:
        call.caller.require(OPERATOR)
    return Asked(call, given, call.container.router.route(call.user_id, component, force_old=given.force_old))


def _served(asked: Asked[Any], component: Component, work: Callable[[Asked[Any]], Response]) -> Response:
    started = time.perf_counter()
    response = _answered(asked, work)
    decision = asked.route.decision
    asked.call.container.usage.log_backend_usage(
        BackendUsage(
            component=component,
            user_id=asked.user_id,
            decision=decision,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
            success=response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR,
            error=asked.error,
            parameters=asked.parameters,
        )
    )
    response.headers.update({"X-Backend": decision.backend.value, "X-Flag-Reason": str(decision.reason)})
    return response


def _answered(asked: Asked[Any], work: Callable[[Asked[Any]], Response]) -> Response:
    try:
        return work(asked)
    except Exception as error:  # noqa: BLE001 whatever went wrong: who was asked is noted, and said in the answer
        asked.error = type(error).__name__
        return refused(asked.call.request, error, problem_answer)
