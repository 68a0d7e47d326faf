"""Components that there are not: API Gateway alone would answer their paths, in a shape of its own."""

from typing import NoReturn

from chalice import Blueprint

from chalicelib.api.endpoint import ANY_CONTENT, METHODS, public_endpoint
from chalicelib.api.errors import UnknownRouteError

blueprint = Blueprint(__name__)


@blueprint.route("/components/{proxy+}", methods=list(METHODS), content_types=ANY_CONTENT)
@public_endpoint(blueprint)
def unknown_route() -> NoReturn:
    """404 in the error shape of every component path."""
    raise UnknownRouteError("no component has this path")
