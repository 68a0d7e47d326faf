"""Paths of version 1 that no route answers, in its own error shape."""

from chalicelib.api.fallback import answering
from chalicelib.api.routes import METHODS
from chalicelib.api.v1.retirement import V1Routes

routes = V1Routes(__name__)

routes.public("/v1/{proxy+}", METHODS)(answering("no route of version 1 has this path"))
