"""The operations of the components as their OpenAPI document lists them, and the route that serves it."""

from functools import cache
from http import HTTPStatus
from typing import Any

from chalice import Blueprint, Response
from pydantic import BaseModel

from chalicelib.api.components import forms, views
from chalicelib.api.components.answers import (
    Dashboard,
    EnergyTable,
    ImportedFile,
    MonthEnds,
    MonthlyCharts,
    RecordedForm,
    TableRow,
    TimelineSlider,
)
from chalicelib.api.components.bodies import (
    ChangedFormBody,
    ComponentQuery,
    FileQuery,
    FormBody,
    MonthsQuery,
    TableQuery,
    TimelineQuery,
    ViewQuery,
)
from chalicelib.api.endpoint import ANY_CONTENT, public_endpoint, refuse_other_methods
from chalicelib.api.openapi import document_of, served
from chalicelib.api.operation import Operation
from chalicelib.api.schemas import Members

blueprint = Blueprint(__name__)


ROUTED = ("X-Backend", "X-Flag-Reason")
FORBIDDEN, NOT_FOUND, CONFLICT = HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT


def _shows(name: str, view: Any, query: type[BaseModel], *answers: type[BaseModel]) -> Operation:
    return Operation(
        "GET",
        f"/components/{name}",
        view,
        answers=answers,
        query=query,
        conditional="If-None-Match",
        headers=("ETag", *ROUTED),
        refusals=(FORBIDDEN,),
    )


OPERATIONS = (
    _shows("dashboard", views.show_dashboard, ViewQuery, Dashboard),
    _shows("energy_table", views.show_energy_table, TableQuery, EnergyTable),
    _shows("timeline_slider", views.show_timeline_slider, TimelineQuery, TimelineSlider),
    _shows("monthly_charts", views.show_monthly_charts, MonthsQuery, MonthlyCharts, MonthEnds),
    Operation(
        "POST",
        forms.FORM,
        forms.add_energy_form,
        HTTPStatus.CREATED,
        (RecordedForm,),
        ComponentQuery,
        FormBody,
        headers=("ETag", "Location", *ROUTED),
        refusals=(FORBIDDEN, CONFLICT),
    ),
    Operation(
        "GET",
        forms.FILLED,
        forms.show_energy_form,
        answers=(TableRow,),
        query=ComponentQuery,
        conditional="If-None-Match",
        headers=("ETag", *ROUTED),
        refusals=(FORBIDDEN, NOT_FOUND),
    ),
    Operation(
        "PUT",
        forms.FILLED,
        forms.change_energy_form,
        answers=(RecordedForm,),
        query=ComponentQuery,
        body=ChangedFormBody,
        conditional="If-Match",
        headers=("ETag", *ROUTED),
        refusals=(FORBIDDEN, NOT_FOUND, CONFLICT),
    ),
    Operation(
        "DELETE",
        forms.FILLED,
        forms.remove_energy_form,
        HTTPStatus.NO_CONTENT,
        query=ComponentQuery,
        conditional="If-Match",
        headers=("X-Source-Version", *ROUTED),
        refusals=(FORBIDDEN, NOT_FOUND),
    ),
    Operation(
        "POST",
        forms.FILE,
        forms.import_csv,
        answers=(ImportedFile,),
        query=FileQuery,
        file=True,
        headers=ROUTED,
        refusals=(FORBIDDEN,),
    ),
)


@blueprint.route("/components/openapi.json", methods=["GET"], content_types=ANY_CONTENT)
@public_endpoint(blueprint)
def show_components_openapi() -> Response:
    """This document."""
    return served(document(), blueprint.current_request)


@cache
def document() -> Members:
    """The document, without its servers; built when first asked for."""
    return document_of(OPERATIONS, "components", "What the page calls, whichever backend answers.")


refuse_other_methods(blueprint, {"/components/openapi.json": ("GET",)})
