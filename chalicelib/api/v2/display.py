"""Looking at figures: ``GET /v2/display?type=power&year=2024&dataType=monthly``."""

from chalice import Response

from chalicelib.api.endpoint import Call
from chalicelib.api.preconditions import conditional_answer
from chalicelib.api.routes import Routes
from chalicelib.api.timeline import timeline_of
from chalicelib.api.v2.display_bodies import DisplayBody, DisplayQuery, HistogramDisplay, MonthlyDisplay, SummaryDisplay
from chalicelib.services.display.display import View

routes = Routes(__name__)


@routes.operation(
    "GET",
    "/v2/display",
    answers=(MonthlyDisplay, HistogramDisplay, SummaryDisplay),
    conditional="If-None-Match",
    headers=("ETag",),
)
def show_display(call: Call, query: DisplayQuery) -> Response:
    """One view and how it relates to its meter's source version, which is its ETag."""
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
