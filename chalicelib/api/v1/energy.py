"""Readings: ``/v1/energy``, ``/v1/energy/{reading_id}`` and ``/v1/energy/import``."""

from http import HTTPStatus

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import ANY_CONTENT, CSV_BODY_BYTES, Call, endpoint, refuse_other_methods
from chalicelib.api.v1.errors import error_answer
from chalicelib.api.v1.shapes import (
    ChangedEnergyBody,
    EnergyBody,
    EnergyListQuery,
    ImportQuery,
    ImportResultBody,
    NewEnergyBody,
)
from chalicelib.domain.ports import StoredReading

blueprint = Blueprint(__name__)


@blueprint.route("/v1/energy", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint, error_answer)
def list_energies(call: Call) -> Response:
    """All readings of the caller, or of one type, by date: a bare array without pages."""
    found = call.container.old.readings(call.user_id, call.query(EnergyListQuery).type)
    return json_answer([EnergyBody.of(call.user_id, reading).as_json() for reading in found])


@blueprint.route("/v1/energy", methods=["POST"], content_types=ANY_CONTENT)
@endpoint(blueprint, error_answer)
def add_energy(call: Call) -> Response:
    """Record one reading: 201 with the bare reading."""
    recorded = call.container.energy.create(call.user_id, call.json(NewEnergyBody).draft())
    return _bare(call, recorded.reading, HTTPStatus.CREATED)


@blueprint.route("/v1/energy/{reading_id}", methods=["PUT"], content_types=ANY_CONTENT)
@endpoint(blueprint, error_answer)
def change_energy(call: Call, reading_id: str) -> Response:
    """Change date or amount: 200 with the bare reading."""
    body = call.json(ChangedEnergyBody)
    call.container.old.check_type(call.user_id, reading_id, body.type)
    recorded = call.container.energy.update(call.user_id, reading_id, body.correction())
    return _bare(call, recorded.reading, HTTPStatus.OK)


@blueprint.route("/v1/energy/{reading_id}", methods=["DELETE"], content_types=ANY_CONTENT)
@endpoint(blueprint, error_answer)
def remove_energy(call: Call, reading_id: str) -> Response:
    """Take a reading away."""
    call.container.energy.delete(call.user_id, reading_id)
    return json_answer({"success": True})


@blueprint.route("/v1/energy/import", methods=["POST"], content_types=ANY_CONTENT)
@endpoint(blueprint, error_answer)
def import_energies(call: Call) -> Response:
    """Import a CSV file: 200 with counts."""
    options = call.query(ImportQuery).model_dump()
    content = call.body("text/csv", CSV_BODY_BYTES)
    report = call.container.imports.bulk_create(call.user_id, content, **options)
    return json_answer(ImportResultBody.of(report).as_json())


def _bare(call: Call, reading: StoredReading, status: HTTPStatus) -> Response:
    return json_answer(EnergyBody.of(call.user_id, reading).as_json(), status)


refuse_other_methods(
    blueprint,
    {
        "/v1/energy": ("GET", "POST"),
        "/v1/energy/{reading_id}": ("PUT", "DELETE"),
        "/v1/energy/import": ("POST",),
    },
    error_answer,
)
