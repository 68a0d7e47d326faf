"""The retirement in version 1's answers: headers on every answer, and 410 in a brown-out and after the end.

Bodies do not change. ``Deprecation`` is RFC 9745, ``Sunset`` RFC 8594, the links are RFC 8288; a brown-out and the
end are 410 with a problem (RFC 9457) of its own type, whatever version 1's errors look like.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from email.utils import format_datetime
from http import HTTPStatus
from math import ceil
from typing import Any, TypeVar, Unpack

from chalice import Response
from chalice.app import Request

from chalicelib.api.answers import PROBLEM_JSON, json_answer
from chalicelib.api.endpoint import Call, stage_prefix
from chalicelib.api.errors import PATH_LENGTH, PROBLEM_TYPE, shortened, title_of
from chalicelib.api.guards import keep_private
from chalicelib.api.operation import Function, Operation, Promises
from chalicelib.api.routes import Routes
from chalicelib.api.v1.errors import error_answer
from chalicelib.bootstrap.container import container
from chalicelib.domain.migration.retirement.callers import client_of
from chalicelib.domain.migration.retirement.errors import BrownOutError, SunsetError
from chalicelib.domain.readings import moment, to_datetime
from chalicelib.services.migration.retirement.watch import RetirementWatch

Declared = TypeVar("Declared", bound=Function)
DESCRIBED = "/v1/openapi.json"
SUCCESSORS = {  # what version 2 has in the place of each path of version 1
    "/v1/energy": "/v2/energy",
    "/v1/energy/{reading_id}": "/v2/energy/{reading_id}",
    "/v1/energy/import": "/v2/energy/import",
    "/v1/monthly": "/v2/display?dataType=monthly",
    "/v1/histogram": "/v2/display?dataType=histogram",
    "/v1/summary": "/v2/display?dataType=summary",
}
ANY_SUCCESSOR = "/v2/openapi.json"
READING_ID = re.compile("[0-9a-fA-F]{24}")


class V1Routes(Routes):
    """The routes of version 1: each answer says what is announced, each call is noted, and let in or not."""

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name, self._refused)

    def operation(self, method: str, path: str, **promises: Unpack[Promises]) -> Callable[[Declared], Declared]:
        """Declare an operation that may be away."""
        promises["refusals"] = (*promises.get("refusals", ()), HTTPStatus.GONE)
        return super().operation(method, path, **promises)

    def respond(self, operation: Operation, call: Call, path: dict[str, str]) -> Response:
        """Let the caller in first. Version 1 has always taken members that repeat a name."""
        route = f"{operation.method} {operation.path}"
        call.container.retirement.admit(call.user_id, _client(call), route)
        return super().respond(operation, replace(call, takes_repeats=True), path)

    def _declare(
        self, path: str, methods: tuple[str, ...], function: Function, work: Function, *, authenticated: bool
    ) -> None:
        stays = authenticated or (path == DESCRIBED and "GET" in methods)  # who is let in is asked by ``admit``

        def announced(**parameters: str) -> Response:
            if not stays and (ended := container().retirement.sunset()) is not None:
                raise ended
            return self._announcing(container().retirement, work(**parameters))

        super()._declare(path, methods, function, announced, authenticated=authenticated)

    def _refused(self, error: Exception, path: str) -> Response:
        """The answer to an error. After the end it is the same for everybody."""
        try:
            watch = container().retirement
        except Exception:  # noqa: BLE001 it is the error that is answered already
            return error_answer(error, path)
        return self._announcing(watch, _answer(watch.sunset() or error, path, self.current_request))

    def _announcing(self, watch: RetirementWatch, response: Response) -> Response:
        """The answer with what is announced."""
        if (calendar := watch.calendar()) is not None:
            request = self.current_request
            response.headers["Deprecation"] = f"@{calendar.deprecated_at // 1000}"
            response.headers["Sunset"] = format_datetime(to_datetime(calendar.sunset_at), usegmt=True)
            response.headers["Link"] = (
                f'<{successor(request)}>; rel="successor-version", '
                f'<{stage_prefix(request)}{DESCRIBED}>; rel="deprecation"; type="application/json"'
            )
        return response


def successor(request: Request) -> str:
    """The address of version 2 that takes the place of what was called; of a reading by an id as version 1 makes it."""
    path = SUCCESSORS.get(str(request.context.get("resourcePath")), ANY_SUCCESSOR)
    for name, value in (request.uri_params or {}).items():
        path = path.replace(f"{{{name}}}", value) if READING_ID.fullmatch(value) else ANY_SUCCESSOR
    return stage_prefix(request) + path


def _client(call: Call) -> str:
    headers = call.request.headers
    agent, site = headers.get("user-agent", ""), headers.get("sec-fetch-site", "")
    return client_of(agent, site, call.caller.client, call.user_id)


def _answer(error: Exception, path: str, request: Request) -> Response:
    if isinstance(error, SunsetError):
        text = f"version 1 has ended at {moment(error.sunset_at)}: use {successor(request)}"
        return _gone("v1-sunset", text, path, {"sunsetAt": moment(error.sunset_at)}, {})
    if isinstance(error, BrownOutError):
        return _browned_out(error, path, request)
    return error_answer(error, path)


def _browned_out(error: BrownOutError, path: str, request: Request) -> Response:
    ends, following = error.present.end, error.following
    text = f"version 1 is away until {moment(ends)}, and ends at {moment(error.sunset_at)}: use {successor(request)}"
    members = {
        "endsAt": moment(ends),
        "nextBrownOut": following and {"from": moment(following.start), "until": moment(following.end)},
        "sunsetAt": moment(error.sunset_at),
    }
    comes_back = ends < error.sunset_at and (following is None or following.start > ends)
    seconds = max(1, ceil((ends - container().clock()) / 1000))
    return _gone("v1-brown-out", text, path, members, {"Retry-After": str(seconds)} if comes_back else {})


def _gone(name: str, detail: str, path: str, members: dict[str, Any], headers: dict[str, str]) -> Response:
    status = HTTPStatus.GONE
    body = {
        "type": PROBLEM_TYPE + name,
        "title": title_of(status),
        "status": status.value,
        "detail": detail,
        "instance": shortened(path, PATH_LENGTH),
        **members,
    }
    return keep_private(json_answer(body, status, {"Content-Type": PROBLEM_JSON, **headers}))
