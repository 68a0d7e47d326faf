"""The decorator of operators' routes: a token is not enough, it must carry the role."""

import functools
from collections.abc import Callable

from chalice import Blueprint, Response

from chalicelib.api.endpoint import Call, View, endpoint
from chalicelib.auth import OPERATOR


def operator_endpoint(blueprint: Blueprint) -> Callable[[Callable[..., Response]], View]:
    """Like ``endpoint``, for operators only: 403 for everybody else, before anything is read or done."""

    def decorate(function: Callable[..., Response]) -> View:
        @functools.wraps(function)
        def allowed(call: Call, **path: str) -> Response:
            call.caller.require(OPERATOR)
            return function(call, **path)

        return endpoint(blueprint)(allowed)

    return decorate
