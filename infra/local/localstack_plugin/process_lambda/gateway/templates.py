"""Filling API Gateway's responses: templates and headers with ``$context`` variables, nothing more.

See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

HEADER = "gatewayresponse.header."
DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]*[A-Za-z0-9_])")


def parse_definitions(specification: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the gateway responses that an OpenAPI document defines, by their type."""
    defined = specification.get("x-amazon-apigateway-gateway-responses") or {}
    return {kind: _definition(kind, response) for kind, response in defined.items()}


def body(response: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[str, str]:
    """Return the content type and the filled template; ``response`` is as the API describes it."""
    templates = response.get("responseTemplates") or {}
    content_type = next(iter(templates), "application/json")
    return content_type, _fill(templates.get(content_type, DEFAULT_TEMPLATE), context)


def headers(response: Mapping[str, Any], context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the headers that the response sets; only literals and ``context`` variables are known here."""
    for name, value in (response.get("responseParameters") or {}).items():
        literal = value[1:-1] if value.startswith("'") else _fill(f"${value}", context)
        yield name.removeprefix(HEADER), literal


def _definition(kind: str, response: Mapping[str, Any]) -> dict[str, Any]:
    status = response.get("statusCode")
    return {
        "responseType": kind,
        "statusCode": str(status) if status else None,
        "responseParameters": response.get("responseParameters") or {},
        "responseTemplates": response.get("responseTemplates") or {},
        "defaultResponse": False,
    }


def _fill(template: str, context: Mapping[str, Any]) -> str:
    return _VARIABLE.sub(lambda found: _value(found[1], context), template)


def _value(path: str, context: Mapping[str, Any]) -> str:
    value: Any = context
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if path == "error.messageString":
        return json.dumps(value or "")
    return "" if value is None else str(value)
