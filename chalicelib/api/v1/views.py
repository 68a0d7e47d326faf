"""Routes of figures, calculated on request: ``/v1/monthly``, ``/v1/histogram`` and ``/v1/summary``."""

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.timeline import timeline_of
from chalicelib.api.v1.retirement import V1Routes
from chalicelib.api.v1.shapes import SUMMARY, HistogramQuery, MonthlyQuery, SummaryQuery

routes = V1Routes(__name__)


@routes.operation("GET", "/v1/monthly")
def monthly(call: Call, query: MonthlyQuery) -> Response:
    """The twelve months of a year, as a bare array."""
    return json_answer(call.container.old.monthly(call.user_id, query.type, query.year).data["months"])


@routes.operation("GET", "/v1/histogram")
def histogram(call: Call, query: HistogramQuery) -> Response:
    """How many readings lie in each part of the timeline."""
    timeline = timeline_of(call, query.first, query.last, query.buckets)
    return json_answer(call.container.old.histogram(call.user_id, query.type, timeline).data)


@routes.operation("GET", "/v1/summary")
def summary(call: Call, query: SummaryQuery) -> Response:
    """The summary cards for the user's local day."""
    cards = call.container.old.summary(call.user_id, query.type).data
    return json_answer({name: cards[name] for name in SUMMARY})
