"""The OpenAPI document of the operators' routes, and the route that serves it."""

from functools import cache

from chalice import Response

from chalicelib.api.openapi.document import document_of, served
from chalicelib.api.openapi.schemas import Members
from chalicelib.api.ops import actions, alarms, dead_letters, staleness
from chalicelib.api.ops.migration import components, flags, gate, retirement, rollouts, status, sync_mode, verify
from chalicelib.api.routes import Routes

PARTS = (
    status,
    components,
    gate,
    flags,
    rollouts,
    dead_letters,
    staleness,
    sync_mode,
    verify,
    alarms,
    actions,
    retirement,
)
OPERATIONS = tuple(operation for part in PARTS for operation in part.routes.operations)

routes = Routes(__name__)


@routes.public("/ops/openapi.json")
def show_ops_openapi() -> Response:
    """This document."""
    return served(document(), routes.current_request)


@cache
def document() -> Members:
    """The document, without its servers; built when first asked for."""
    return document_of(OPERATIONS, "ops", "What operators look at and change; viewers may look.")
