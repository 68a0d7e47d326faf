"""``GET /health``: whether this deployment can do its work. Needs no token and tells nothing but that."""

from http import HTTPStatus

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import ANY_CONTENT, public_endpoint
from chalicelib.bootstrap import container

blueprint = Blueprint(__name__)


@blueprint.route("/health", methods=["GET"], content_types=ANY_CONTENT)
@public_endpoint(blueprint)
def health() -> Response:
    """200 when the database answers; otherwise the error mapping makes it 503."""
    container().ping()
    return json_answer({"status": "ok"}, HTTPStatus.OK)
