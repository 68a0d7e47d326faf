"""HTTP answers in the form that API Gateway takes. ``domain.json.text`` says how a value looks as JSON."""

import base64
from http import HTTPStatus
from typing import Any

from chalice import Response
from typing_extensions import override

from chalicelib.api.errors import problem_of
from chalicelib.api.upload import JSON
from chalicelib.domain.json.text import json_text

PROBLEM_JSON = "application/problem+json"


class Answer(Response):
    """An answer whose body may be bytes of any content type: they travel to API Gateway as base64."""

    @override
    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        """What API Gateway takes; ``binary_types`` are Chalice's own way."""
        members: dict[str, Any] = super().to_dict()
        if isinstance(self.body, bytes):
            members |= {"body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}
        return members


def json_answer(body: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    return _response(body, status, JSON, headers or {})


def no_content(headers: dict[str, str]) -> Response:
    """An answer that says all in its status and headers."""
    return Response("", {**headers}, HTTPStatus.NO_CONTENT.value)


def accepted() -> Response:
    """The answer to what is taken and may still get lost."""
    return Response("", {}, HTTPStatus.ACCEPTED.value)


def not_modified(etag: str) -> Response:
    """The answer to a caller who knows this state already."""
    return Response("", {"ETag": etag}, HTTPStatus.NOT_MODIFIED.value)


def problem_answer(error: Exception, path: str) -> Response:
    """The problem+json answer for an error."""
    problem = problem_of(error, path)
    return _response(problem.body, problem.status, PROBLEM_JSON, problem.headers)


def _response(body: Any, status: HTTPStatus, content_type: str, headers: dict[str, str]) -> Response:
    text = str(json_text(body))
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()  # half a surrogate pair that a caller sent and an error quotes
    return Answer(text, {"Content-Type": content_type, **headers}, status.value)
