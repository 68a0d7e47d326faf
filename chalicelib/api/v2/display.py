"""The route of views: ``GET /v2/display?type=power&year=2024&dataType=monthly``."""

from chalice import Response

from chalicelib.api.endpoint import Call
from chalicelib.api.preconditions import conditional_answer
from chalicelib.api.routes import Routes
from chalicelib.api.timeline import timeline_of
from chalicelib.api.v2.display_bodies import DisplayQuery, HistogramDisplay, MonthlyDisplay, SummaryDisplay
from chalicelib.domain.json.text import JsonText, as_one_object, json_text, member
from chalicelib.domain.readings import to_datetime
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
    return conditional_answer(call, view.etag, lambda: _body(query, view))


def _body(query: DisplayQuery, view: View) -> JsonText:
    """What ``MonthlyDisplay`` and its like describe, without a model that would copy every figure."""
    state, calculated_at = view.state, view.calculated_at
    head = {
        "type": query.type,
        "dataType": query.data_type,
        "year": query.year if query.data_type == "monthly" else None,
    }
    meta = {
        "sourceVersion": state.source_version,
        "displayVersion": state.display_version,
        "stale": state.stale,
        "calculatedAt": None if calculated_at is None else to_datetime(calculated_at),
    }
    return as_one_object(json_text(head), member("data", view.data), json_text({"meta": meta}))


def _view(call: Call, query: DisplayQuery) -> View:
    display, consistent = call.container.display, query.consistent
    if query.data_type == "monthly":
        return display.monthly(call.user_id, query.type, query.required_year(), consistent=consistent)
    if query.data_type == "summary":
        return display.summary(call.user_id, query.type, consistent=consistent)
    timeline = timeline_of(call, query.first, query.last, query.buckets)
    return display.histogram(call.user_id, query.type, timeline, consistent=consistent)
