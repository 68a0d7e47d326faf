"""Where the page writes: the forms for single readings, and the import of files."""

from http import HTTPStatus
from typing import Any

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer, no_content
from chalicelib.api.components.bodies import ChangedFormBody, ComponentQuery, FileQuery, FormBody, imported
from chalicelib.api.components.component import Asked, component_endpoint
from chalicelib.api.endpoint import ANY_CONTENT, CSV_BODY_BYTES, refuse_other_methods
from chalicelib.api.preconditions import conditional_answer, if_match
from chalicelib.domain.rollout.decision import Component
from chalicelib.services.backends.component_reads import ShowForm, row_of
from chalicelib.services.recording.energy_crud import Recorded

FORM = "/components/energy_forms"
FILLED = "/components/energy_forms/{reading_id}"
FILE = "/components/csv_import"

blueprint = Blueprint(__name__)


@blueprint.route(FORM, methods=["POST"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.ENERGY_FORMS, ComponentQuery)
def add_energy_form(asked: Asked[ComponentQuery]) -> Response:
    """Record one reading: 201 with the reading and the source version that its meter reached."""
    recorded = asked.backend.create(asked.user_id, asked.call.json(FormBody).draft())
    return _recorded(recorded, HTTPStatus.CREATED, {"Location": asked.call.url(f"{FORM}/{recorded.reading.id}")})


@blueprint.route(FILLED, methods=["GET"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.ENERGY_FORMS, ComponentQuery)
def show_energy_form(asked: Asked[ComponentQuery], reading_id: str) -> Response:
    """One reading, its revision as ETag."""
    row = asked.read(ShowForm(reading_id=reading_id)).body
    return conditional_answer(asked.call, f'"{row["revision"]}"', lambda: row)


@blueprint.route(FILLED, methods=["PUT"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.ENERGY_FORMS, ComponentQuery)
def change_energy_form(asked: Asked[ComponentQuery], reading_id: str) -> Response:
    """Change date or amount; with If-Match only what the caller has seen."""
    correction = asked.call.json(ChangedFormBody).correction(if_match(asked.call))
    return _recorded(asked.backend.update(asked.user_id, reading_id, correction), HTTPStatus.OK)


@blueprint.route(FILLED, methods=["DELETE"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.ENERGY_FORMS, ComponentQuery)
def remove_energy_form(asked: Asked[ComponentQuery], reading_id: str) -> Response:
    """Take a reading away; with If-Match only what the caller has seen."""
    version = asked.backend.delete(asked.user_id, reading_id, if_match(asked.call))
    return no_content({"X-Source-Version": str(version)})


@blueprint.route(FILE, methods=["POST"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.CSV_IMPORT, FileQuery)
def import_csv(asked: Asked[FileQuery]) -> Response:
    """Import a CSV file: 200 with counts and the source version of each meter it changed."""
    content = asked.call.body("text/csv", CSV_BODY_BYTES)
    return json_answer(imported(asked.backend.bulk_create(asked.user_id, content, **asked.query.options())))


def _recorded(recorded: Recorded, status: HTTPStatus, headers: dict[str, str] | None = None) -> Response:
    body: dict[str, Any] = row_of(recorded.reading) | {"sourceVersion": recorded.source_version}
    return json_answer(body, status, {"ETag": f'"{recorded.reading.content}"', **(headers or {})})


refuse_other_methods(blueprint, {FORM: ("POST",), FILLED: ("GET", "PUT", "DELETE"), FILE: ("POST",)})
