"""Looking at figures: ``GET /v2/display?type=power&year=2024&dataType=monthly``."""

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import ANY_CONTENT, Call, endpoint, refuse_other_methods
from chalicelib.api.v2.models import DisplayBody, DisplayQuery

blueprint = Blueprint(__name__)


@blueprint.route("/v2/display", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def show_display(call: Call) -> Response:
    """One stored view and how it relates to its meter's source version."""
    query = call.query(DisplayQuery)
    view = call.container.display.view(call.user_id, query.type, query.data_type, query.year)
    return json_answer(DisplayBody.of(query, view).shown())


refuse_other_methods(blueprint, {"/v2/display": ("GET",)})
