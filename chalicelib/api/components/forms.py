"""Component routes that write: the forms for single readings, and the import of files."""

from http import HTTPStatus
from typing import Any

from chalice import Response

from chalicelib.api.answers import json_answer, no_content
from chalicelib.api.components.answers import NewForm, RecordedForm, TableRow
from chalicelib.api.components.bodies import FileListQuery, FileQuery, NewFormQuery
from chalicelib.api.components.component import ComponentRoutes, etagged
from chalicelib.api.components.request import ComponentRequest
from chalicelib.api.preconditions import conditional_answer, if_match
from chalicelib.api.upload import UploadedFile
from chalicelib.api.v2.import_bodies import ImportListBody, ImportReportBody, UndoReportBody
from chalicelib.api.v2.imports import listed, undone
from chalicelib.api.v2.reading_bodies import CorrectionBody, ReadingBody
from chalicelib.services.components.component_reads import ShowForm, row_of
from chalicelib.services.recording.energy_crud import Recorded

FORM = "/components/energy_forms"
IMPORTS = "/components/csv_import"
FILLED = "/components/energy_forms/{reading_id}"

routes = ComponentRoutes(__name__)


@routes.operation(
    "POST",
    FORM,
    status=HTTPStatus.CREATED,
    answers=(RecordedForm,),
    headers=("ETag", "Location"),
    refusals=(HTTPStatus.CONFLICT,),
)
def add_energy_form(request: ComponentRequest, body: ReadingBody) -> Response:
    """Record one reading: 201 with the reading and the source version that its meter reached."""
    recorded = request.backend.create(request.user_id, body.draft())
    return _recorded(recorded, HTTPStatus.CREATED, {"Location": request.call.url(f"{FORM}/{recorded.reading.id}")})


@routes.operation("GET", FORM, answers=(NewForm,), conditional="If-None-Match", headers=("ETag",))
def show_new_form(request: ComponentRequest, query: NewFormQuery) -> Response:
    """What the form for a new reading shows: the meter's last reading."""
    found = request.show(query).body
    return etagged(request, {**found, "zone": request.call.zone.key})


@routes.operation(
    "GET",
    FILLED,
    answers=(TableRow,),
    conditional="If-None-Match",
    headers=("ETag",),
    refusals=(HTTPStatus.NOT_FOUND,),
)
def show_energy_form(request: ComponentRequest, reading_id: str) -> Response:
    """One reading, its revision as ETag."""
    row = request.read(ShowForm(reading_id=reading_id)).body
    return conditional_answer(request.call, f'"{row["revision"]}"', lambda: row)


@routes.operation(
    "PUT",
    FILLED,
    answers=(RecordedForm,),
    conditional="If-Match",
    headers=("ETag",),
    refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def change_energy_form(request: ComponentRequest, body: CorrectionBody, reading_id: str) -> Response:
    """Change date or amount; with If-Match only what the caller has seen."""
    correction = body.correction(content=if_match(request.call))
    return _recorded(request.backend.update(request.user_id, reading_id, correction), HTTPStatus.OK)


@routes.operation(
    "DELETE",
    FILLED,
    status=HTTPStatus.NO_CONTENT,
    conditional="If-Match",
    headers=("X-Source-Version",),
    refusals=(HTTPStatus.NOT_FOUND,),
)
def remove_energy_form(request: ComponentRequest, reading_id: str) -> Response:
    """Take a reading away; with If-Match only what the caller has seen."""
    version = request.backend.delete(request.user_id, reading_id, if_match(request.call))
    return no_content({"X-Source-Version": str(version)})


@routes.operation("POST", IMPORTS, json_too=True, answers=(ImportReportBody,))
def import_csv(request: ComponentRequest, query: FileQuery, file: UploadedFile) -> Response:
    """Import a file, or say what would happen: 200 with counts and the source version of each meter it changed."""
    report = request.backend.bulk_create(request.user_id, file.content, query.options(file))
    return json_answer(ImportReportBody.of(report, preview=query.preview).as_json())


@routes.operation("GET", IMPORTS, answers=(ImportListBody,))
def list_csv_imports(request: ComponentRequest, query: FileListQuery) -> Response:
    """One page of imports, the latest first."""
    return json_answer(listed(request.call, query))


@routes.operation(
    "DELETE", "/components/csv_import/{import_id}", answers=(UndoReportBody,), refusals=(HTTPStatus.NOT_FOUND,)
)
def undo_csv_import(request: ComponentRequest, import_id: str) -> Response:
    """Take an import back: what it wrote and nobody has changed since goes."""
    return json_answer(undone(request.call, import_id))


def _recorded(recorded: Recorded, status: HTTPStatus, headers: dict[str, str] | None = None) -> Response:
    body: dict[str, Any] = row_of(recorded.reading) | {"sourceVersion": recorded.source_version}
    return json_answer(body, status, {"ETag": f'"{recorded.reading.content}"', **(headers or {})})
