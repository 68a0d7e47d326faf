"""Readings: ``/v2/energy``, ``/v2/energy/{reading_id}`` and ``/v2/energy/import``."""

from http import HTTPStatus

from chalice import Response

from chalicelib.api.answers import json_answer, no_content
from chalicelib.api.endpoint import Call
from chalicelib.api.preconditions import conditional_answer, seen_revision
from chalicelib.api.routes import Routes
from chalicelib.api.upload import UploadedFile
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
from chalicelib.domain.backends.backend import Backend
from chalicelib.services.recording.energy_crud import Recorded

READING = "/v2/energy/{reading_id}"

routes = Routes(__name__)


@routes.operation("GET", "/v2/energy", answers=(ReadingListBody,))
def list_readings(call: Call, query: ReadingListQuery) -> Response:
    """One page of the caller's readings by date."""
    wanted = page_request(query, call.zone)
    found = call.container.queries.page(call.user_id, wanted, Backend.NEW)
    readings = [StoredReadingBody.of(reading) for reading in found[: query.limit]]
    return json_answer(ReadingListBody(readings=readings, next_cursor=position_after(found, query.limit)).as_json())


@routes.operation(
    "POST",
    "/v2/energy",
    status=HTTPStatus.CREATED,
    answers=(RecordedBody,),
    headers=("ETag", "Location"),
    refusals=(HTTPStatus.CONFLICT,),
)
def create_reading(call: Call, body: ReadingBody) -> Response:
    """Record one reading: 201 with the reading and the source version that the display will reach."""
    recorded = call.container.energy.create(call.user_id, body.draft())
    location = {"Location": call.url(f"/v2/energy/{recorded.reading.id}")}
    return _recorded(recorded, HTTPStatus.CREATED, location)


@routes.operation(
    "GET",
    READING,
    answers=(StoredReadingBody,),
    conditional="If-None-Match",
    headers=("ETag",),
    refusals=(HTTPStatus.NOT_FOUND,),
)
def show_reading(call: Call, reading_id: str) -> Response:
    """One reading, its revision as ETag."""
    reading = call.container.queries.get(call.user_id, reading_id, Backend.NEW)
    return conditional_answer(call, f'"{reading.revision}"', lambda: StoredReadingBody.of(reading).as_json())


@routes.operation(
    "PUT",
    READING,
    answers=(RecordedBody,),
    conditional="If-Match",
    headers=("ETag",),
    refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def update_reading(call: Call, body: CorrectionBody, reading_id: str) -> Response:
    """Change date or amount; with If-Match only the revision that the caller has seen."""
    correction = body.correction(seen_revision(call))
    return _recorded(call.container.energy.update(call.user_id, reading_id, correction), HTTPStatus.OK, {})


@routes.operation(
    "DELETE",
    READING,
    status=HTTPStatus.NO_CONTENT,
    conditional="If-Match",
    headers=("X-Source-Version",),
    refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def delete_reading(call: Call, reading_id: str) -> Response:
    """Take a reading away; with If-Match only the revision that the caller has seen."""
    version = call.container.energy.delete(call.user_id, reading_id, seen_revision(call))
    return no_content({"X-Source-Version": str(version)})


@routes.operation("POST", "/v2/energy/import", json_too=True, answers=(ImportReportBody,))
def import_readings(call: Call, query: ImportQuery, file: UploadedFile) -> Response:
    """Import a file, or say what would happen: 200 with counts and the source version of each meter it changed."""
    report = call.container.imports.bulk_create(call.user_id, file.content, query.options(file))
    return json_answer(ImportReportBody.of(report, preview=query.preview).as_json())


def _recorded(recorded: Recorded, status: HTTPStatus, headers: dict[str, str]) -> Response:
    body = RecordedBody.after(recorded)
    return json_answer(body.as_json(), status, {"ETag": f'"{body.revision}"', **headers})
