"""Recording readings: ``POST /v2/energy`` and ``POST /v2/energy/import``."""

from http import HTTPStatus

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import ANY_CONTENT, CSV_BODY_BYTES, Call, endpoint, refuse_other_methods
from chalicelib.api.v2.models import ImportQuery, ImportReportBody, ReadingBody, RecordedBody

blueprint = Blueprint(__name__)


@blueprint.route("/v2/energy", methods=["POST"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def create_reading(call: Call) -> Response:
    """Record one reading: 201 with the reading and the source version that the display will reach."""
    recorded = call.container.energy.create(call.user_id, call.json(ReadingBody).draft())
    return json_answer(RecordedBody.of(recorded).shown(), HTTPStatus.CREATED)


@blueprint.route("/v2/energy/import", methods=["POST"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def import_readings(call: Call) -> Response:
    """Import a CSV file: 200 with counts and the source version of each meter it changed."""
    query = call.query(ImportQuery)
    content = call.body("text/csv", CSV_BODY_BYTES)
    report = call.container.energy.bulk_create(call.user_id, content, **query.options())
    return json_answer(ImportReportBody.of(report).shown())


refuse_other_methods(blueprint, {"/v2/energy": ("POST",), "/v2/energy/import": ("POST",)})
