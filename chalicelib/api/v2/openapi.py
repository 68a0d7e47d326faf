"""The OpenAPI document of version 2, and the route that serves it."""

from functools import cache

from chalice import Response

from chalicelib.api.openapi.document import document_of, served
from chalicelib.api.openapi.schemas import Members
from chalicelib.api.routes import Routes
from chalicelib.api.v2 import account, display, energy, exchanges, export, imports, settings

PARTS = (energy, imports, export, display, exchanges, settings, account)
OPERATIONS = tuple(operation for part in PARTS for operation in part.routes.operations)

routes = Routes(__name__)


@routes.public("/v2/openapi.json")
def show_openapi() -> Response:
    """This document."""
    return served(document(), routes.current_request)


@cache
def document() -> Members:
    """The document, without its servers; built when first asked for."""
    return document_of(OPERATIONS, "2", "Meter readings and what they add up to.")
