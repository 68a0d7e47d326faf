"""The one mapping from errors to HTTP: RFC 9457 problem details.

RequestError and its children are what can be wrong with a request beside any use case.

RequestError (400)
├── MalformedBodyError        400  not JSON, or not the characters that were promised
├── BodyTooLargeError         413
├── AnswerTooLargeError       413  there is more than can be sent at once
├── UnsupportedMediaError     415
├── UnknownRouteError         404
└── MethodNotAllowedError     405
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

from chalicelib.domain.errors import (
    AccountErasedError,
    AuthenticationError,
    ConflictError,
    Count,
    Doubt,
    EnergyMonitorError,
    FieldError,
    ForbiddenError,
    ImplausibleReadingError,
    ImportRowsError,
    InvalidInputError,
    NotFoundError,
    RevisionError,
    SyncModeError,
    TooLargeError,
    TooManyError,
    UnavailableError,
)
from chalicelib.domain.readings import to_datetime

UNEXPECTED = "an unexpected error occurred; it has been recorded"
ACCOUNT_ERASED = "ACCOUNT_ERASED"
PROBLEM_TYPE = "urn:energy-monitor:problem:"
SHOWN_ERRORS = 100
# What an answer repeats of a request is shortened, so that no answer grows with what comes in.
DETAIL_LENGTH = 1000
REASON_LENGTH = 500
PLACE_LENGTH = 60
PATH_LENGTH = 300


class RequestError(EnergyMonitorError):
    """Raised when a request cannot be understood."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST


class MalformedBodyError(RequestError):
    """Raised when a body is not what its content type promises."""


class BodyTooLargeError(RequestError):
    """Raised when a body exceeds the route's limit, before it is parsed."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class AnswerTooLargeError(RequestError):
    """Raised when an answer has more bytes than Lambda hands on."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"the answer has {size} bytes, and {limit} can be sent: read it in pages, "
            "GET /v2/energy?limit=500 and then each nextCursor as cursor; or accept gzip"
        )


class UnsupportedMediaError(RequestError):
    """Raised when a body has another content type than the route takes."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class UnknownRouteError(RequestError):
    """Raised for a path that no route answers."""

    status = HTTPStatus.NOT_FOUND


class MethodNotAllowedError(RequestError):
    """Raised for a known path with a method it does not take; ``allowed`` names those it does."""

    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"this path takes {', '.join(allowed)}")
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem answer: status, headers and the members of its body."""

    status: HTTPStatus
    headers: dict[str, str]
    body: dict[str, Any]


# The first class that matches wins: children come before their parents.
_STATUS: tuple[tuple[type[EnergyMonitorError], HTTPStatus], ...] = (
    (AuthenticationError, HTTPStatus.UNAUTHORIZED),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (RevisionError, HTTPStatus.PRECONDITION_FAILED),
    (ConflictError, HTTPStatus.CONFLICT),
    (SyncModeError, HTTPStatus.CONFLICT),
    (InvalidInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)
# Python 3.13 has other words for these; callers and generated documents see the same ones from every Python.
_TITLES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Request Entity Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Entity",
}


def status_of(error: Exception) -> HTTPStatus:
    """The status of an error; 500 for everything that nobody expected."""
    if isinstance(error, RequestError):
        return error.status
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def shortened(text: str, length: int) -> str:
    """A text, or its beginning where it is longer."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def title_of(status: HTTPStatus) -> str:
    """A status in words."""
    return _TITLES.get(status, status.phrase)


def problem_of(error: Exception, path: str) -> Problem:
    """The problem answer for an error. An unexpected one says nothing about itself."""
    status = status_of(error)
    expected = status is not HTTPStatus.INTERNAL_SERVER_ERROR
    body: dict[str, Any] = {
        "type": PROBLEM_TYPE + (_slug(error) if expected else "internal"),
        "title": title_of(status),
        "status": status.value,
        "detail": shortened(str(error), DETAIL_LENGTH) if expected else UNEXPECTED,
        "instance": shortened(path, PATH_LENGTH),
    }
    return Problem(status, _headers(error, status), body | _members(error))


def _slug(error: Exception) -> str:
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


def _members(error: Exception) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if isinstance(error, ImplausibleReadingError):
        members |= {"code": error.doubt.code, "details": _details(error.doubt)}
    if isinstance(error, AccountErasedError):
        members |= {"code": ACCOUNT_ERASED, "opensAt": to_datetime(error.opens_at)}
    if isinstance(error, ImportRowsError) and error.warnings:
        members["warnings"] = [each._asdict() for each in error.warnings[:SHOWN_ERRORS]]
        members["warningCount"] = len(error.warnings)
    if isinstance(error, InvalidInputError) and error.errors:
        members["errors"] = [_field(field) for field in error.errors[:SHOWN_ERRORS]]
        members["errorCount"] = len(error.errors)
    return members


def _details(doubt: Doubt) -> dict[str, Any]:
    """What is asked back, for programs: the counts that do not fit, what is usual, what was probably meant."""
    typo = doubt.suggestion
    return {
        "given": _count(doubt.given),
        "previous": doubt.previous and _count(doubt.previous),
        "next": doubt.following and _count(doubt.following),
        "usualPerDay": doubt.usual_per_day,
        "suggestion": typo and {"amount": typo.amount, "digit": typo.digit, "added": typo.added},
        "exchangeWithoutTime": None if doubt.exchange is None else to_datetime(doubt.exchange),
    }


def _count(count: Count) -> dict[str, Any]:
    instant, amount = count
    return {"amount": amount, "date": to_datetime(instant)}


def _field(error: FieldError) -> dict[str, str]:
    return {"where": shortened(error.where, PLACE_LENGTH), "reason": shortened(error.reason, REASON_LENGTH)}


def _headers(error: Exception, status: HTTPStatus) -> dict[str, str]:
    if isinstance(error, MethodNotAllowedError):
        return {"Allow": ", ".join(error.allowed)}
    if isinstance(error, TooManyError):
        return {"Retry-After": str(error.retry_seconds)}
    if status is HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="energy-monitor"'}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": "2"}
    return {}
