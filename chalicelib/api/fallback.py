"""Paths that no route answers: API Gateway alone would answer them, in a shape of its own."""

from typing import NoReturn

from chalicelib.api.errors import UnknownRouteError
from chalicelib.api.operation import Function
from chalicelib.api.routes import METHODS, Routes
from chalicelib.api.v1.retirement import V1Routes

v1_routes = V1Routes(__name__)
routes = Routes(__name__)


def _answering(message: str) -> Function:
    def unknown_route() -> NoReturn:
        """404 in the error shape of the interface."""
        raise UnknownRouteError(message)

    return unknown_route


v1_routes.public("/v1/{proxy+}", METHODS)(_answering("no route of version 1 has this path"))
routes.public("/v2/{proxy+}", METHODS)(_answering("no route of version 2 has this path"))
routes.public("/components/{proxy+}", METHODS)(_answering("no component has this path"))
