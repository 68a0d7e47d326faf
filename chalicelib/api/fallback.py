"""Answers for paths without a route, in the application's error shape instead of API Gateway's."""

from typing import NoReturn

from chalicelib.api.errors import UnknownRouteError
from chalicelib.api.operation import Function
from chalicelib.api.routes import METHODS, Routes

routes = Routes(__name__)


def answering(message: str) -> Function:
    """A function that refuses every path with this message."""

    def unknown_route() -> NoReturn:
        """404 in the error shape of the interface."""
        raise UnknownRouteError(message)

    return unknown_route


routes.public("/v2/{proxy+}", METHODS)(answering("no route of version 2 has this path"))
routes.public("/components/{proxy+}", METHODS)(answering("no component has this path"))
