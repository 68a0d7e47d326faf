"""The class of the components' routes, and the steps that all of them share."""

from collections.abc import Callable
from hashlib import sha256
from typing import (
    Any,
    Unpack,
    cast,
)

from chalice import Response

from chalicelib.api.answers import json_answer, not_modified
from chalicelib.api.components.bodies import ComponentQuery
from chalicelib.api.components.request import ComponentRequest
from chalicelib.api.components.routed import HEADERS, REFUSALS, routed
from chalicelib.api.endpoint import Call
from chalicelib.api.operation import (
    Operation,
    Promises,
)
from chalicelib.api.preconditions import etag_matches
from chalicelib.api.routes import (
    Declared,
    Routes,
    content_of,
)


class ComponentRoutes(Routes):
    """Routes below ``/components/<component>``. A function takes a ``ComponentRequest`` in place of the call."""

    query = ComponentQuery

    def operation(self, method: str, path: str, **promises: Unpack[Promises]) -> Callable[[Declared], Declared]:
        """Declare an operation, with the headers and the refusal that every component has."""
        promises["headers"] = (*promises.get("headers", ()), *HEADERS)
        promises["refusals"] = (*REFUSALS, *promises.get("refusals", ()))
        return super().operation(method, path, **promises)

    def respond(self, operation: Operation, call: Call, path: dict[str, str]) -> Response:
        """Read the inputs of an operation and run its function on a backend."""
        query = cast(ComponentQuery, call.query(operation.query or ComponentQuery))
        asked = {} if operation.query is ComponentQuery else {"query": query}

        def work(request: ComponentRequest) -> Response:
            return operation.view(request, **asked, **content_of(operation, call), **path)

        return routed(call, operation, query, work)


def etagged(request: ComponentRequest, body: Any, versions: tuple[int, ...] = ()) -> Response:
    """The body with its ETag, or 304 where the caller has it.

    The ETag is a digest of the body, because another application that writes by itself counts no version: equal answers
    have equal ETags, from either backend. The versions that a view shows come before it.
    """
    response = json_answer(body)
    digest = sha256(str(response.body).encode()).hexdigest()[:16]
    etag = f'"{".".join(map(str, versions))}-{digest}"' if versions else f'"{digest}"'
    if etag_matches(request.call.request, etag):
        return not_modified(etag)
    response.headers["ETag"] = etag
    return response
