"""The OpenAPI document of version 1, and the route that serves it: every operation is deprecated."""

from functools import cache
from typing import Any

from chalice import Response

from chalicelib.api.answers import PROBLEM_JSON
from chalicelib.api.openapi.document import document_of, served
from chalicelib.api.openapi.schemas import Members, reference
from chalicelib.api.upload import JSON
from chalicelib.api.v1 import energy, views
from chalicelib.api.v1.retirement import DESCRIBED, SUCCESSORS, V1Routes

OPERATIONS = (*energy.routes.operations, *views.routes.operations)
DESCRIPTION = "The interface of the old backend, frozen and deprecated. Each operation names what takes its place."
TEXT: Members = {"type": "string"}
INSTANT: Members = {"type": "string", "format": "date-time"}
SPAN: Members = {"type": "object", "required": ["from", "until"], "properties": {"from": INSTANT, "until": INSTANT}}
ERROR: Members = {
    "description": "What went wrong; code and errors where the error has them.",
    "type": "object",
    "additionalProperties": False,
    "required": ["error"],
    "properties": {"error": TEXT, "code": TEXT, "errors": {"type": "array", "maxItems": 100}},
}
GONE: Members = {
    "description": "A brown-out (v1-brown-out, with endsAt and the next one), or the end (v1-sunset); RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "sunsetAt"],
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "instance"), TEXT),
        "status": {"const": 410},
        "sunsetAt": INSTANT,
        "endsAt": INSTANT,
        "nextBrownOut": {"anyOf": [SPAN, {"type": "null"}]},
    },
}

routes = V1Routes(__name__)


@routes.public(DESCRIBED)
def show_v1_openapi() -> Response:
    """This document."""
    return served(document(), routes.current_request)


@cache
def document() -> Members:
    """The document, without its servers; built when first asked for."""
    made = document_of(OPERATIONS, "1", DESCRIPTION)
    for path, operations in made["paths"].items():
        for operation in operations.values():
            operation |= {"deprecated": True, "description": f"In its place: {SUCCESSORS[path]}"}
    components = made["components"]
    components["responses"] = {name: _refusal(name, answer) for name, answer in components["responses"].items()}
    del components["schemas"]["Problem"]
    components["schemas"] |= {"Error": ERROR, "Gone": GONE}
    return made


def _refusal(name: str, answer: Members) -> dict[str, Any]:
    """In version 1's own shape, except 410."""
    media, schema = (PROBLEM_JSON, "Gone") if name == "Gone" else (JSON, "Error")
    return {**answer, "content": {media: {"schema": reference(schema)}}}
