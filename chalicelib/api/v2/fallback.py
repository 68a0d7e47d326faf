"""Paths under /v2 that no route answers: API Gateway alone would answer them, in a shape of its own."""

from typing import NoReturn

from chalice import Blueprint

from chalicelib.api.endpoint import ANY_CONTENT, METHODS, public_endpoint
from chalicelib.api.errors import UnknownRouteError

blueprint = Blueprint(__name__)


@blueprint.route("/v2/{proxy+}", methods=list(METHODS), content_types=ANY_CONTENT)
@public_endpoint(blueprint)
def unknown_route() -> NoReturn:
    """404 in the error shape of every v2 path."""
    raise UnknownRouteError("no route of version 2 has this path")
