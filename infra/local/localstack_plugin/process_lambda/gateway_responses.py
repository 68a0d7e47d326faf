"""Makes LocalStack's API Gateway honour gateway responses, binary types and the size limits of a request, as AWS does.

LocalStack keeps gateway responses, but does not read them from an OpenAPI document and does not use their templates.
It knows no ``*/*`` among an API's binary types, and passes a body as text wherever it is text.
"""

import base64
import json
from typing import Any

from localstack.http import Response
from localstack.runtime import hooks
from localstack.services.apigateway.legacy import provider
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.apigateway.next_gen.execute_api import handlers
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    RequestTooLargeError,
    get_gateway_response_or_default,
)
from localstack.services.apigateway.next_gen.execute_api.handlers.gateway_exception import GatewayExceptionHandler
from localstack.services.apigateway.next_gen.execute_api.integrations import aws
from localstack.services.apigateway.next_gen.execute_api.integrations.aws import RestApiAwsProxyIntegration

from .gateway import binary_types, templates

BODY_LIMIT_BYTES = 10 * 1024 * 1024
EVENT_LIMIT_BYTES = 6 * 1024 * 1024  # Lambda's; the event holds the body, as base64 where it is not text
_import_api = provider.import_api_from_openapi_spec
_create_event = RestApiAwsProxyIntegration.create_lambda_input_event


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack is not installed where mypy runs
def honour_gateway_responses() -> None:
    """Replace LocalStack's import, its rendering of errors and its binary types; refuse what is too large."""
    aws.mime_type_matches_binary_media_types = binary_types.matches
    provider.import_api_from_openapi_spec = _import_with_gateway_responses
    GatewayExceptionHandler.create_exception_response = _render
    handlers.preprocess_request.append(_refuse_large_bodies)
    RestApiAwsProxyIntegration.create_lambda_input_event = _create_event_that_lambda_takes


def _import_with_gateway_responses(rest_api: Any, context: Any, open_api_spec: dict[str, Any], mode: Any) -> Any:
    responses = apigateway_stores[context.account_id][context.region].rest_apis[rest_api.id].gateway_responses
    responses.update(templates.parse_definitions(open_api_spec))
    return _import_api(rest_api, context, open_api_spec, mode)


def _render(_handler: Any, exception: Any, context: Any) -> Any:
    response = get_gateway_response_or_default(exception.type, context.deployment.rest_api.gateway_responses)
    variables = context.context_variables
    content_type, content = templates.body(response, variables)
    status = response.get("statusCode") or exception.status_code or 500
    answer = Response(content, status=int(status), headers={"Content-Type": content_type})
    answer.headers["x-amzn-ErrorType"] = exception.code
    for name, value in templates.headers(response, variables):
        answer.headers[name] = value
    return answer


def _refuse_large_bodies(_chain: Any, context: Any, _response: Any) -> None:
    if len(context.invocation_request["body"]) > BODY_LIMIT_BYTES:
        raise RequestTooLargeError(f"HTTP content length exceeded {BODY_LIMIT_BYTES} bytes")


def _create_event_that_lambda_takes(integration: Any, context: Any) -> Any:
    event = _create_event(integration, context)
    known = context.deployment.rest_api.rest_api.get("binaryMediaTypes") or []
    if event["body"] and not event["isBase64Encoded"] and binary_types.matches(_content_type(context), known):
        event |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
    if len(json.dumps(event)) > EVENT_LIMIT_BYTES:
        raise RequestTooLargeError("Request Too Long")
    return event


def _content_type(context: Any) -> str | None:
    content_type: str | None = context.invocation_request["headers"].get("Content-Type")
    return content_type
