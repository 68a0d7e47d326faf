"""Figures, calculated on request: ``/v1/monthly``, ``/v1/histogram`` and ``/v1/summary``."""

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import ANY_CONTENT, Call, endpoint, refuse_other_methods
from chalicelib.api.timeline import timeline_of
from chalicelib.api.v1.errors import error_answer
from chalicelib.api.v1.shapes import HistogramQuery, MonthlyQuery, SummaryQuery

blueprint = Blueprint(__name__)


@blueprint.route("/v1/monthly", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint, error_answer)
def monthly(call: Call) -> Response:
    """The twelve months of a year, as a bare array."""
    query = call.query(MonthlyQuery)
    return json_answer(call.container.old.monthly(call.user_id, query.type, query.year).data["months"])


@blueprint.route("/v1/histogram", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint, error_answer)
def histogram(call: Call) -> Response:
    """How many readings lie in each part of the timeline."""
    query = call.query(HistogramQuery)
    timeline = timeline_of(call, query.first, query.last, query.buckets)
    return json_answer(call.container.old.histogram(call.user_id, query.type, timeline).data)


@blueprint.route("/v1/summary", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint, error_answer)
def summary(call: Call) -> Response:
    """The summary cards for the user's local day."""
    return json_answer(call.container.old.summary(call.user_id, call.query(SummaryQuery).type).data)


refuse_other_methods(blueprint, dict.fromkeys(("/v1/monthly", "/v1/histogram", "/v1/summary"), ("GET",)), error_answer)
