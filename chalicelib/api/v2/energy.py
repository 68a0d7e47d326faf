"""Readings: ``/v2/energy``, ``/v2/energy/{reading_id}`` and ``/v2/energy/import``."""

from http import HTTPStatus

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer, no_content
from chalicelib.api.endpoint import ANY_CONTENT, CSV_BODY_BYTES, Call, endpoint, refuse_other_methods
from chalicelib.api.preconditions import conditional_answer, seen_revision
from chalicelib.api.v2.cursor import page_request, position_after
from chalicelib.api.v2.import_bodies import ImportQuery, ImportReportBody
from chalicelib.api.v2.reading_bodies import (
    CorrectionBody,
    ReadingBody,
    ReadingListBody,
    ReadingListQuery,
    RecordedBody,
    StoredReadingBody,
)
from chalicelib.domain.rollout.decision import Backend
from chalicelib.services.recording.energy_crud import Recorded

blueprint = Blueprint(__name__)


@blueprint.route("/v2/energy", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def list_readings(call: Call) -> Response:
    """One page of the caller's readings by date."""
    query = call.query(ReadingListQuery)
    zone = call.container.configuration.settings(call.user_id).zone
    wanted = page_request(query, zone)
    found = call.container.queries.page(call.user_id, wanted, Backend.NEW)
    readings = [StoredReadingBody.of(reading) for reading in found[: query.limit]]
    return json_answer(ReadingListBody(readings=readings, next_cursor=position_after(found, query.limit)).as_json())


@blueprint.route("/v2/energy", methods=["POST"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def create_reading(call: Call) -> Response:
    """Record one reading: 201 with the reading and the source version that the display will reach."""
    recorded = call.container.energy.create(call.user_id, call.json(ReadingBody).draft())
    location = {"Location": call.url(f"/v2/energy/{recorded.reading.id}")}
    return _recorded(recorded, HTTPStatus.CREATED, location)


@blueprint.route("/v2/energy/{reading_id}", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def show_reading(call: Call, reading_id: str) -> Response:
    """One reading, its revision as ETag."""
    reading = call.container.queries.get(call.user_id, reading_id, Backend.NEW)
    return conditional_answer(call, f'"{reading.revision}"', lambda: StoredReadingBody.of(reading).as_json())


@blueprint.route("/v2/energy/{reading_id}", methods=["PUT"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def update_reading(call: Call, reading_id: str) -> Response:
    """Change date or amount; with If-Match only the revision that the caller has seen."""
    correction = call.json(CorrectionBody).correction(seen_revision(call))
    return _recorded(call.container.energy.update(call.user_id, reading_id, correction), HTTPStatus.OK, {})


@blueprint.route("/v2/energy/{reading_id}", methods=["DELETE"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def delete_reading(call: Call, reading_id: str) -> Response:
    """Take a reading away; with If-Match only the revision that the caller has seen."""
    version = call.container.energy.delete(call.user_id, reading_id, seen_revision(call))
    return no_content({"X-Source-Version": str(version)})


@blueprint.route("/v2/energy/import", methods=["POST"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def import_readings(call: Call) -> Response:
    """Import a CSV file: 200 with counts and the source version of each meter it changed."""
    query = call.query(ImportQuery)
    content = call.body("text/csv", CSV_BODY_BYTES)
    report = call.container.imports.bulk_create(call.user_id, content, **query.options())
    return json_answer(ImportReportBody.of(report).as_json())


def _recorded(recorded: Recorded, status: HTTPStatus, headers: dict[str, str]) -> Response:
    body = RecordedBody.after(recorded)
    return json_answer(body.as_json(), status, {"ETag": f'"{body.revision}"', **headers})


refuse_other_methods(
    blueprint,
    {
        "/v2/energy": ("GET", "POST"),
        "/v2/energy/{reading_id}": ("GET", "PUT", "DELETE"),
        "/v2/energy/import": ("POST",),
    },
)
