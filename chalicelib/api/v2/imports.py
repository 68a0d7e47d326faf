"""Routes of a user's imports: ``/v2/imports`` and ``/v2/imports/{import_id}``."""

from http import HTTPStatus
from typing import Any

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.cursor import cursor_of, position_of
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import Routes
from chalicelib.api.v2.import_bodies import ImportListBody, ImportListQuery, ImportRecordBody, UndoReportBody

routes = Routes(__name__)


@routes.operation("GET", "/v2/imports", answers=(ImportListBody,))
def list_imports(call: Call, query: ImportListQuery) -> Response:
    """One page of the caller's imports, the latest first."""
    return json_answer(listed(call, query))


@routes.operation("DELETE", "/v2/imports/{import_id}", answers=(UndoReportBody,), refusals=(HTTPStatus.NOT_FOUND,))
def undo_import(call: Call, import_id: str) -> Response:
    """Take an import back: what it wrote and nobody has changed since goes."""
    return json_answer(undone(call, import_id))


def listed(call: Call, query: ImportListQuery) -> dict[str, Any]:
    """One page of imports, and the cursor of the next."""
    after = None if query.cursor is None else position_of(query.cursor)
    found = call.container.import_history.page(call.user_id, query.limit + 1, after)
    shown = found[: query.limit]
    following = cursor_of(shown[-1].at, shown[-1].id) if len(found) > query.limit else None
    return ImportListBody(imports=[*map(ImportRecordBody.of, shown)], next_cursor=following).as_json()


def undone(call: Call, import_id: str) -> dict[str, Any]:
    """How an import was undone."""
    return UndoReportBody.of(call.container.import_history.undo(call.user_id, import_id)).as_json()
