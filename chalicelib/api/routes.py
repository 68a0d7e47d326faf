"""Routes, each declared once, at its function.

The declaration registers the route with Chalice, authenticates the caller, reads the inputs, maps errors, answers 405
for the path's other methods, and feeds the OpenAPI document.
"""

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, NoReturn, TypeVar, Unpack

from chalice import Blueprint, Chalice, Response
from pydantic import BaseModel

from chalicelib.api.answers import problem_answer
from chalicelib.api.endpoint import Call, Refusal, answered
from chalicelib.api.errors import MethodNotAllowedError, UnknownRouteError
from chalicelib.api.guards import keep_private
from chalicelib.api.operation import Function, Operation, Promises, inputs_of
from chalicelib.auth import OPERATOR, VIEWER
from chalicelib.bootstrap.container import container
from chalicelib.domain.readings import is_whole
from chalicelib.monitoring.people import concerning
from chalicelib.monitoring.trace import keep_out_of_trace

Declared = TypeVar("Declared", bound=Function)

# Chalice would answer a wrong content type by itself, in a shape of its own: the routes check it instead.
ANY_CONTENT = ["*/*"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
AUTHENTICATED = "__authenticated__"  # what a registered view carries


class Routes(Blueprint):
    """The routes of one module; ``operations`` keeps the order of their declaration.

    An operation's function takes the ``Call``, the path's parameters, and of these what it names: ``query`` and
    ``body``, checked by the models of their annotations, and ``file``, an ``UploadedFile``.
    """

    query: ClassVar[type[BaseModel] | None] = None  # of operations whose function names none

    def __init__(self, import_name: str, refusal: Refusal = problem_answer) -> None:
        super().__init__(import_name)
        self._refusal = refusal
        self.operations: list[Operation] = []
        self._methods: dict[str, tuple[str, ...]] = {}

    def operation(self, method: str, path: str, **promises: Unpack[Promises]) -> Callable[[Declared], Declared]:
        """Declare an operation that asks for a token."""

        def decorate(function: Declared) -> Declared:
            operation = Operation(method, path, function, **inputs_of(function, self.query), **promises)
            self.operations.append(operation)
            self._declare(path, (method,), function, functools.partial(self._called, operation), authenticated=True)
            return function

        return decorate

    def public(self, path: str, methods: tuple[str, ...] = ("GET",)) -> Callable[[Declared], Declared]:
        """Declare a path that needs no token; its function takes the path's parameters alone."""

        def decorate(function: Declared) -> Declared:
            self._declare(path, methods, function, function, authenticated=False)
            return function

        return decorate

    def register(self, app: Chalice, options: dict[str, Any]) -> None:
        """Register everything that was declared, and 405 for the other methods of each path.

        API Gateway would answer these with 403, in a shape of its own.
        """
        for path, allowed in [*self._methods.items()]:
            if others := tuple(method for method in METHODS if method not in allowed):
                self.public(path, others)(_refusing(allowed))
        super().register(app, options)

    def respond(self, operation: Operation, call: Call, path: dict[str, str]) -> Response:
        """Read the inputs of an operation and run its function."""
        query = {"query": call.query(operation.query)} if operation.query else {}
        return operation.view(call, **query, **content_of(operation, call), **path)

    def _called(self, operation: Operation, **path: str) -> Response:
        request, own = self.current_request, container()
        caller = own.verifier.verify(request.headers.get("authorization"))
        concerning(caller.user_id)
        keep_out_of_trace(caller.user_id)
        if not all(map(is_whole, path.values())):
            raise UnknownRouteError("nothing has this path")
        with own.in_time():
            return self.respond(operation, Call(request, caller, own), path)

    def _declare(
        self, path: str, methods: tuple[str, ...], function: Function, work: Function, *, authenticated: bool
    ) -> None:
        @functools.wraps(function)
        def view(**parameters: str) -> Response:
            response = answered(self.current_request, lambda: work(**parameters), self._refusal)
            return keep_private(response) if authenticated else response

        setattr(view, AUTHENTICATED, authenticated)
        self._methods[path] = (*self._methods.get(path, ()), *methods)
        self.route(path, methods=[*methods], content_types=ANY_CONTENT)(view)


class OperatorRoutes(Routes):
    """Routes for operators, and for viewers where they only look: 403 for everybody else, before anything is read."""

    def operation(self, method: str, path: str, **promises: Unpack[Promises]) -> Callable[[Declared], Declared]:
        """Declare an operation that asks for a role too."""
        promises["refusals"] = (*promises.get("refusals", ()), HTTPStatus.FORBIDDEN)
        return super().operation(method, path, **promises)

    def respond(self, operation: Operation, call: Call, path: dict[str, str]) -> Response:
        """Ask for the role first: a token is not enough."""
        call.caller.require(*((VIEWER, OPERATOR) if operation.method == "GET" else (OPERATOR,)))
        return super().respond(operation, call, path)


def content_of(operation: Operation, call: Call) -> dict[str, Any]:
    """What a request carries, by the name that the operation's function gives it.

    Raises:
        UnsupportedMediaError, BodyTooLargeError, MalformedBodyError, InvalidInputError
    """
    if operation.body:
        return {"body": call.json(operation.body)}
    return {"file": call.file(operation.file_types)} if operation.file else {}


def _refusing(allowed: tuple[str, ...]) -> Function:
    def method_not_allowed(**_: str) -> NoReturn:
        raise MethodNotAllowedError(allowed)

    return method_not_allowed
