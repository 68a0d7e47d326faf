"""The size of answers: large ones are compressed for callers that take gzip, those above Lambda's limit are refused."""

import gzip
import json
import re
from collections.abc import Iterable

from chalice import Response
from chalice.app import Request

from chalicelib.api.answers import Answer
from chalicelib.api.errors import AnswerTooLargeError

LARGE = 64 * 1024  # below this, compressing costs more than it saves
# What the operators' page asks for each quarter of a minute; it has no ETag, which compressing would weaken.
OFTEN = ("/ops/status", "/ops/alarms", "/ops/components/")
LARGE_OFTEN = 2 * 1024
LAMBDA_BYTES = 6 * 1024 * 1024  # of an answer as JSON: text with its quotation marks escaped, or base64
COMPRESSIBLE = re.compile(r"text/|application/([\w.-]+\+)?json|application/javascript|image/svg\+xml")
WEIGHT = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def as_sent(request: Request, response: Response) -> Response:
    """The answer in the form that Lambda gets. Raises AnswerTooLargeError."""
    if len(response.body) < (LARGE_OFTEN if request.path.startswith(OFTEN) else LARGE):
        return response
    if compressible := bool(COMPRESSIBLE.match(str(response.headers.get("Content-Type")))):
        response.headers["Vary"] = "Accept-Encoding"
    if compressible and "Content-Encoding" not in response.headers and takes_gzip(request):
        response = _compressed(response)
    sent = len(json.dumps(response.to_dict()))
    if sent > LAMBDA_BYTES:
        raise AnswerTooLargeError(sent, LAMBDA_BYTES)
    return response


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether this ``Accept-Encoding`` allows gzip (RFC 9110, 12.5.3)."""
    weights = {}
    for item in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        weights[coding] = _weight(parameters)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def takes_gzip(request: Request) -> bool:
    """API Gateway hands bytes on as bytes only where an ``Accept`` header matches a binary type of the API."""
    return "accept" in request.headers and accepts_gzip(request.headers.get("accept-encoding", ""))


def _weight(parameters: Iterable[str]) -> float:
    """1 where there is none, 0 where nobody can read it."""
    for parameter in parameters:
        match = WEIGHT.fullmatch(parameter)
        return float(match[1]) if match else 0.0
    return 1.0


def _compressed(response: Response) -> Response:
    body = response.body if isinstance(response.body, bytes) else response.body.encode()
    headers = {**response.headers, "Content-Encoding": "gzip"}
    if str(headers.get("ETag", "W/"))[:2] != "W/":  # other bytes than a strong ETag promises
        headers["ETag"] = f"W/{headers['ETag']}"
    return Answer(gzip.compress(body, mtime=0), headers, response.status_code)
