"""Conditional requests: comparing the caller's ETag with the present one (RFC 9110, 13.1)."""

import re
from collections.abc import Callable
from typing import Any

from chalice import Response
from chalice.app import Request

from chalicelib.api.answers import json_answer, not_modified
from chalicelib.api.endpoint import Call
from chalicelib.domain.errors import FieldError, InvalidInputError

REVISION = re.compile("[0-9]{1,18}")
ETAG = re.compile(r'(W/)?"([^"]*)"')
NO_REVISION = -1  # what nothing has


def seen_revision(call: Call) -> int | None:
    """The revision that ``If-Match`` names, None: any; an ETag that is no revision matches none.

    Raises:
        InvalidInputError: it is not one ETag.
    """
    tag = if_match(call)
    if tag is None:
        return None
    return int(tag) if REVISION.fullmatch(tag) else NO_REVISION


def if_match(call: Call) -> str | None:
    """The text between the quotation marks of ``If-Match``, None: any; a weak ETag matches nothing, itself included.

    Raises:
        InvalidInputError: it is not one ETag.
    """
    given = call.request.headers.get("if-match", "*").strip()
    if given == "*":
        return None
    if match := ETAG.fullmatch(given):
        return "" if match[1] else match[2]
    raise InvalidInputError("If-Match: send the ETag of what you have read", (FieldError("If-Match", "not one ETag"),))


def conditional_answer(call: Call, etag: str, body: Callable[[], Any]) -> Response:
    """The body with its ETag, or 304 where ``If-None-Match`` says that the caller has it."""
    return not_modified(etag) if etag_matches(call.request, etag) else json_answer(body(), headers={"ETag": etag})


def etag_matches(request: Request, etag: str) -> bool:
    """Whether ``If-None-Match`` names this state."""
    known = {item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")}
    return bool(known & {etag, "*"})
