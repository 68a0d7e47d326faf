"""The OpenAPI document of the components, and the route that serves it."""

from functools import cache

from chalice import Response

from chalicelib.api.components import (
    export,
    forms,
    views,
    witness,
)
from chalicelib.api.openapi.document import document_of, served
from chalicelib.api.openapi.schemas import Members
from chalicelib.api.routes import Routes

OPERATIONS = (
    *views.routes.operations,
    *forms.routes.operations,
    *export.routes.operations,
    *witness.routes.operations,
)

routes = Routes(__name__)


@routes.public("/components/openapi.json")
def show_components_openapi() -> Response:
    """This document."""
    return served(document(), routes.current_request)


@cache
def document() -> Members:
    """The document, without its servers; built when first asked for."""
    return document_of(OPERATIONS, "components", "What the page calls, whichever backend answers.")
