"""The OpenAPI document of version 2, and the route that serves it."""

from functools import cache

from chalice import Blueprint, Response

from chalicelib.api.endpoint import ANY_CONTENT, public_endpoint, refuse_other_methods
from chalicelib.api.openapi import document_of, served
from chalicelib.api.schemas import Members
from chalicelib.api.v2.operations import OPERATIONS

blueprint = Blueprint(__name__)


@blueprint.route("/v2/openapi.json", methods=["GET"], content_types=ANY_CONTENT)
@public_endpoint(blueprint)
def show_openapi() -> Response:
    """This document."""
    return served(document(), blueprint.current_request)


@cache
def document() -> Members:
    """The document, without its servers; built when first asked for."""
    return document_of(OPERATIONS, "2", "Meter readings and what they add up to.")


refuse_other_methods(blueprint, {"/v2/openapi.json": ("GET",)})
