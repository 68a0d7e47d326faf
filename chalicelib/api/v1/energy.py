"""Readings: ``/v1/energy``, ``/v1/energy/{reading_id}`` and ``/v1/energy/import``."""

from http import HTTPStatus

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.upload import UploadedFile
from chalicelib.api.v1.retirement import V1Routes
from chalicelib.api.v1.shapes import (
    ChangedEnergyBody,
    DeletedBody,
    EnergiesBody,
    EnergyBody,
    EnergyListQuery,
    ImportQuery,
    ImportResultBody,
    NewEnergyBody,
)
from chalicelib.domain.ports.values import StoredReading

routes = V1Routes(__name__)


@routes.operation("GET", "/v1/energy", answers=(EnergiesBody,))
def list_energies(call: Call, query: EnergyListQuery) -> Response:
    """All readings of the caller, or of one type, by date: a bare array without pages."""
    found = call.container.old.readings(call.user_id, query.type)
    return json_answer([EnergyBody.of(call.user_id, reading).as_json() for reading in found])


@routes.operation("POST", "/v1/energy", status=HTTPStatus.CREATED, answers=(EnergyBody,))
def add_energy(call: Call, body: NewEnergyBody) -> Response:
    """Record one reading: 201 with the bare reading."""
    recorded = call.container.energy.create(call.user_id, body.draft())
    return _bare(call, recorded.reading, HTTPStatus.CREATED)


@routes.operation("PUT", "/v1/energy/{reading_id}", answers=(EnergyBody,), refusals=(HTTPStatus.NOT_FOUND,))
def change_energy(call: Call, body: ChangedEnergyBody, reading_id: str) -> Response:
    """Change date or amount: 200 with the bare reading."""
    call.container.old.check_type(call.user_id, reading_id, body.type)
    recorded = call.container.energy.update(call.user_id, reading_id, body.correction())
    return _bare(call, recorded.reading, HTTPStatus.OK)


@routes.operation("DELETE", "/v1/energy/{reading_id}", answers=(DeletedBody,), refusals=(HTTPStatus.NOT_FOUND,))
def remove_energy(call: Call, reading_id: str) -> Response:
    """Take a reading away."""
    call.container.energy.delete(call.user_id, reading_id)
    return json_answer({"success": True})


@routes.operation("POST", "/v1/energy/import", answers=(ImportResultBody,))
def import_energies(call: Call, query: ImportQuery, file: UploadedFile) -> Response:
    """Import a CSV file: 200 with counts."""
    options = query.options(file)
    report = call.container.imports.bulk_create(call.user_id, file.content, options)
    return json_answer(ImportResultBody.of(report, options).as_json())


def _bare(call: Call, reading: StoredReading, status: HTTPStatus) -> Response:
    return json_answer(EnergyBody.of(call.user_id, reading).as_json(), status)
