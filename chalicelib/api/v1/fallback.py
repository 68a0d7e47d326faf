"""Paths under /v1 that no route answers: API Gateway alone would answer them, in a shape of its own."""

from typing import NoReturn

from chalice import Blueprint

from chalicelib.api.endpoint import ANY_CONTENT, METHODS, public_endpoint
from chalicelib.api.errors import UnknownRouteError
from chalicelib.api.v1.errors import error_answer

blueprint = Blueprint(__name__)


@blueprint.route("/v1/{proxy+}", methods=list(METHODS), content_types=ANY_CONTENT)
@public_endpoint(blueprint, error_answer)
def unknown_route() -> NoReturn:
    """404 in the error shape of every v1 path."""
    raise UnknownRouteError("no route of version 1 has this path")
