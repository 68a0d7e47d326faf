"""Looking at figures: ``GET /v2/display?type=power&year=2024&dataType=monthly``."""

from chalice import Blueprint, Response

from chalicelib.api.endpoint import ANY_CONTENT, Call, endpoint, refuse_other_methods
from chalicelib.api.preconditions import conditional_answer
from chalicelib.api.timeline import timeline_of
from chalicelib.api.v2.display_bodies import DisplayBody, DisplayQuery
from chalicelib.services.display.display import View

blueprint = Blueprint(__name__)


@blueprint.route("/v2/display", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def show_display(call: Call) -> Response:
    """One view and how it relates to its meter's source version, which is its ETag."""
    query = call.query(DisplayQuery)
    view = _view(call, query)
    return conditional_answer(call, view.etag, lambda: DisplayBody.of(query, view).as_json())


def _view(call: Call, query: DisplayQuery) -> View:
    display, consistent = call.container.display, query.consistent
    if query.data_type == "monthly":
        return display.monthly(call.user_id, query.type, query.required_year(), consistent=consistent)
    if query.data_type == "summary":
        return display.summary(call.user_id, query.type, consistent=consistent)
    timeline = timeline_of(call, query.first, query.last, query.buckets)
    return display.histogram(call.user_id, query.type, timeline, consistent=consistent)


refuse_other_methods(blueprint, {"/v2/display": ("GET",)})
