"""Paths of version 1 that no route answers, in its own error shape."""

from chalicelib.api.fallback import answering
from chalicelib.api.routes import METHODS, Routes
from chalicelib.api.v1.errors import error_answer

routes = Routes(__name__, error_answer)

routes.public("/v1/{proxy+}", METHODS)(answering("no route of version 1 has this path"))
