"""``GET /health``: whether this deployment can do its work. It needs no token and says nothing else."""

from http import HTTPStatus

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.routes import Routes
from chalicelib.bootstrap.container import container

routes = Routes(__name__)


@routes.public("/health")
def health() -> Response:
    """200 when the database answers; otherwise the error mapping makes it 503."""
    container().ping()
    return json_answer({"status": "ok"}, HTTPStatus.OK)
