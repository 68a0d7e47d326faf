"""OpenAPI 3.1 documents from operations and their models, and the functions that serve them.

Copies lie in ``tests/functional/openapi`` for people to read; ``make openapi`` writes them again.
"""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from operator import itemgetter

from chalice import Response
from chalice.app import Request

from chalicelib.api.answers import PROBLEM_JSON, json_answer
from chalicelib.api.endpoint import stage_prefix
from chalicelib.api.errors import title_of
from chalicelib.api.openapi.schemas import PROBLEM, Members, reference, schemas_of
from chalicelib.api.operation import Operation
from chalicelib.api.upload import FORM, JSON, TEXT_CSV

ALWAYS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
WITH_BODY = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
FILE: Members = {"type": "string", "description": "the bytes of the file, up to 4 MB"}
EXPORT: Members = {"type": "object", "description": "what an export as JSON gave, up to 4 MB"}
FILE_IN_FORM: Members = {
    "type": "object",
    "additionalProperties": False,
    "required": ["file"],
    "properties": {"file": {**FILE, "format": "binary"}},
}
HEADERS = {
    "Retry-After": "Seconds to wait before asking again",
    "WWW-Authenticate": "How to say who is asking",
    "ETag": "What If-None-Match, and for a reading If-Match, may name",
    "Location": "The address of the new resource",
    "X-Source-Version": "The source version that the meter reached",
    "X-Backend": "Which backend answered: old or new",
    "X-Flag-Reason": "Why it was this one",
    "Content-Disposition": "The name to keep the file by",
    "Link": "The next page, with rel=next; missing on the last",
}
NOT_ALWAYS = {"Link"}
OF_STATUS = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
}


def served(document: Members, request: Request) -> Response:
    """A document as its caller gets it: its server is where they have reached it."""
    return json_answer({**document, "servers": [{"url": stage_prefix(request) or "/"}]})


def document_of(operations: Sequence[Operation], version: str, description: str) -> Members:
    """The document of these operations, without its servers."""
    schemas = schemas_of(operations)
    paths: dict[str, Members] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    queries = {operation.query.__name__ for operation in operations if operation.query}
    shown = {name: schema for name, schema in schemas.items() if name not in queries}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Energy Monitor", "version": version, "description": description},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": {
                _component(status): _problem(status) for status in sorted(set().union(*map(_refusals, operations)))
            },
            "schemas": {**dict(sorted(shown.items())), "Problem": PROBLEM},
        },
    }


def _operation(operation: Operation, schemas: Mapping[str, Members]) -> Members:
    members: Members = {
        "operationId": operation.view.__name__,
        "summary": inspect.getdoc(operation.view),
        "parameters": [*_parameters(operation, schemas)],
        "responses": {str(status.value): answer for status, answer in sorted(_answers(operation), key=itemgetter(0))},
    }
    if operation.body or operation.file:
        members["requestBody"] = {"required": True, "content": _content(operation)}
    return members


def _content(operation: Operation) -> Members:
    if operation.body:
        return {JSON: {"schema": reference(operation.body.__name__)}}
    files = {media: {"schema": EXPORT if media == JSON else FILE} for media in operation.file_types}
    return {**files, FORM: {"schema": FILE_IN_FORM}}


def _parameters(operation: Operation, schemas: Mapping[str, Members]) -> Iterator[Members]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if operation.query:
        query = schemas[operation.query.__name__]
        for name, schema in query["properties"].items():
            required = name in query.get("required", ())
            yield {"name": name, "in": "query", "required": required, "schema": _without_null(schema)}
    if operation.conditional:
        yield {"name": operation.conditional, "in": "header", "required": False, "schema": {"type": "string"}}


def _answers(operation: Operation) -> Iterator[tuple[HTTPStatus, Members]]:
    shown = [reference(model.__name__) for model in operation.answers]
    answer = _answer(operation.status, operation.headers, JSON, shown)
    if operation.csv:
        answer["content"][TEXT_CSV] = {"schema": {"type": "string"}}
    yield operation.status, answer
    if operation.goes_on:
        yield HTTPStatus.ACCEPTED, answer | {"description": title_of(HTTPStatus.ACCEPTED)}
    if operation.conditional == "If-None-Match":
        yield HTTPStatus.NOT_MODIFIED, _answer(HTTPStatus.NOT_MODIFIED, operation.headers, JSON, [])
    for status in _refusals(operation):
        yield status, {"$ref": f"#/components/responses/{_component(status)}"}


def _problem(status: HTTPStatus) -> Members:
    headers = [OF_STATUS[status]] if status in OF_STATUS else []
    return _answer(status, headers, PROBLEM_JSON, [reference("Problem")])


def _component(status: HTTPStatus) -> str:
    return title_of(status).replace(" ", "")


def _refusals(operation: Operation) -> set[HTTPStatus]:
    """The problems of an operation: what it names, and what its inputs bring with them."""
    refusals = {*ALWAYS, *operation.refusals}
    if operation.query:
        refusals.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    if operation.method != "GET":  # for an account that was erased not long ago
        refusals.add(HTTPStatus.CONFLICT)
    if operation.body or operation.file:
        refusals.update(WITH_BODY)
    if operation.conditional == "If-Match":
        refusals.add(HTTPStatus.PRECONDITION_FAILED)
    return refusals


def _answer(status: HTTPStatus, headers: Sequence[str], media: str, schemas: Sequence[Members]) -> Members:
    answer: Members = {"description": title_of(status)}
    if headers:
        answer["headers"] = {
            name: {"description": HEADERS[name], "required": name not in NOT_ALWAYS, "schema": {"type": "string"}}
            for name in headers
        }
    if schemas:
        answer["content"] = {media: {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": list(schemas)}}}
    return answer


def _without_null(schema: Members) -> Members:
    """A query string has no null: what is optional is left out."""
    kept = {name: value for name, value in schema.items() if name not in {"anyOf", "title"} and value is not None}
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return {**(choices[0] if choices else {}), **kept}
