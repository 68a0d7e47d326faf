"""The wrapper around every view: the request as the view sees it, errors mapped to answers, one line logged.

This is done inside the view, because an ordinary exception never reaches Chalice's middleware. Each version has a form
of its own for errors: ``refusal``.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

from chalice import Response
from chalice.app import Request
from pydantic import BaseModel, ValidationError

from chalicelib.api.bodies import check_texts
from chalicelib.api.compression import as_sent
from chalicelib.api.errors import (
    PLACE_LENGTH,
    BodyTooLargeError,
    MalformedBodyError,
    UnsupportedMediaError,
    shortened,
)
from chalicelib.api.guards import guard
from chalicelib.api.upload import FILE_BYTES, FORM, FORM_BYTES, JSON, UploadedFile, file_of, media_type_of
from chalicelib.auth import Caller
from chalicelib.bootstrap.container import Container
from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.monitoring.errors import what_of
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.memory import memory
from chalicelib.monitoring.metrics import count, flush_request
from chalicelib.monitoring.names import MetricName
from chalicelib.monitoring.people import begin_call
from chalicelib.monitoring.trace import begin_trace, trace_id

Model = TypeVar("Model", bound=BaseModel)
Refusal = Callable[[Exception, str], Response]  # the answer to an error on a path
Members = Callable[[list[tuple[str, Any]]], dict[str, Any]]  # an object of a body, from its members as they were sent

TRACE_ID = "Trace-Id"  # of every answer: by it a person can name what they saw
NAMED_FIELDS = 10  # of all that are wrong, in one sentence
JSON_BODY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Call:
    """One authenticated request, as a view sees it."""

    request: Request
    caller: Caller
    container: Container
    takes_repeats: bool = False  # of a member that an object of the body has twice, the last one counts

    @property
    def user_id(self) -> str:
        """Whose documents the request may touch."""
        return self.caller.user_id

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of the user's days; read when it is first needed. Raises UnavailableError."""
        return self.container.configuration.settings(self.user_id).zone

    def json(self, model: type[Model]) -> Model:
        """The JSON body as a model; numbers with a fraction stay exact.

        Raises:
            UnsupportedMediaError, BodyTooLargeError, MalformedBodyError, InvalidInputError
        """
        members = dict if self.takes_repeats else _members
        return validated(model, _parsed(self.body({JSON: JSON_BODY_BYTES}), members))

    def query(self, model: type[Model]) -> Model:
        """The query string as a model. Raises InvalidInputError."""
        given = self.request.query_params
        if given is None:
            return validated(model, {})
        repeated = tuple(FieldError(name, "given more than once") for name in given if len(given.getlist(name)) > 1)
        if repeated:
            raise InvalidInputError(f"{repeated[0].where}: {repeated[0].reason}", repeated)
        return validated(model, dict(given))

    def url(self, path: str) -> str:
        """A path of this API as the caller reaches it: behind the stage's prefix."""
        return stage_prefix(self.request) + path

    def file(self, accepted: Collection[str]) -> UploadedFile:
        """The uploaded file, of one of these types; a form may bring it.

        Raises:
            UnsupportedMediaError, BodyTooLargeError, MalformedBodyError, InvalidInputError
        """
        content = self.body({**dict.fromkeys(accepted, FILE_BYTES), FORM: FORM_BYTES})
        return file_of(content, self.request.headers["content-type"], accepted)

    def body(self, limits: Mapping[str, int]) -> bytes:
        """The raw body, of one of these content types and no longer than each may be.

        Raises:
            UnsupportedMediaError, BodyTooLargeError
        """
        given = media_type_of(self.request.headers.get("content-type", ""))
        if given not in limits:
            raise UnsupportedMediaError(
                f"send Content-Type: {' or '.join(limits)}, not {shortened(given, PLACE_LENGTH) or 'none'}"
            )
        raw = self.request.raw_body or b""
        content = raw if isinstance(raw, bytes) else raw.encode()
        if len(content) > limits[given]:
            raise BodyTooLargeError(f"the body has {len(content)} bytes, this path takes up to {limits[given]}")
        return content


def stage_prefix(request: Request) -> str:
    """The part of the called path before the application's own: the stage, such as ``/api``, or nothing."""
    called = request.context.get("path", request.path)
    if request.path == "/":  # API Gateway takes the stage without a slash too
        return str(called).rstrip("/")
    return called.removesuffix(request.path) if called.endswith(request.path) else ""


def answered(request: Request, work: Callable[[], Response], refusal: Refusal) -> Response:
    """Run the work of one request; an error becomes an answer too, and one log line reports it."""
    started = time.perf_counter()
    begin_call()
    begin_trace(request.headers.get("traceparent"))
    logger().set_correlation_id(request.context.get("requestId") or str(uuid4()))
    try:
        response = as_sent(request, work())
    except Exception as error:  # noqa: BLE001 the one place where everything becomes an answer
        response = refused(request, error, refusal)
    guard(request, response)
    response.headers[TRACE_ID] = str(trace_id())
    logger().info(
        "request",
        extra={
            "method": request.method,
            "route": request.context.get("resourcePath"),
            "status": response.status_code,
            "elapsed_ms": round((time.perf_counter() - started) * 1000, 1),
        },
    )
    _counted(response.status_code)
    return response


def _counted(status: int) -> None:
    """Print the metrics of the request."""
    count(MetricName.REQUESTS)
    count(MetricName.SERVER_ERRORS, int(status >= HTTPStatus.INTERNAL_SERVER_ERROR))
    memory.measure(memory.api_function)
    flush_request()


def validated(model: type[Model], value: Any, *place: str) -> Model:
    """A value as a model; every wrong field is named, below its place in the body. Raises InvalidInputError."""
    check_texts(value)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = tuple(
            FieldError(".".join(map(str, (*place, *item["loc"]))) or "body", item["msg"]) for item in error.errors()
        )
        raise InvalidInputError(_in_words(fields), fields) from error


def refused(request: Request, error: Exception, refusal: Refusal) -> Response:
    """The answer to an error, and its log line: only what nobody expected carries a traceback at error level."""
    response = refusal(error, request.context.get("path", request.path))
    if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        count(MetricName.UNEXPECTED_ERRORS)
        logger().exception("unexpected error")
    elif response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        logger().warning("unavailable", exc_info=error)
    else:
        logger().info("refused", extra={"reason": what_of(error)})
    return response


def _in_words(fields: Sequence[FieldError]) -> str:
    """The first ten fields, each short enough that the next one is seen too, and how many there are beyond."""
    shown = [f"{shortened(field.where, PLACE_LENGTH)}: {field.reason}" for field in fields[:NAMED_FIELDS]]
    beyond = len(fields) - len(shown)
    return "; ".join([*shown, f"and {beyond} more"] if beyond else shown)


def _parsed(content: bytes, members: Members) -> Any:
    try:
        return json.loads(content.decode(), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=members)
    except (ValueError, ArithmeticError, RecursionError) as error:  # arithmetic: an exponent that no number can have
        raise MalformedBodyError(f"the body is not JSON in UTF-8: {error}") from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        repeated = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise MalformedBodyError(f"{shortened(repeated, PLACE_LENGTH)}: given more than once")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
